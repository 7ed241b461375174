// Where what belongs to a program is, installed or built, and where it keeps what it saves.
#pragma once
#include <filesystem>
#include <string>

namespace flm {

/// Folder of the boards' images, BOARD.elf, .hex and .eep: share/openflm/firmware beside the bin that this
/// program is in, or, in a build, firmware beside it.
std::filesystem::path image_folder();

/// A board's avrdude configuration: below share/openflm/boards, or the one that the build was made from.
std::filesystem::path programmer_configuration(const std::string& board);

/// Where a user's saved settings and records are kept: $XDG_STATE_HOME/openflm, or ~/.local/state/openflm
/// (XDG base directory specification).
std::filesystem::path state_folder();

}  // namespace flm

// Where what belongs to a program is, installed or built.
#pragma once
#include <filesystem>
#include <string>

namespace flm {

/// Folder of the boards' images, BOARD.elf, .hex and .eep: share/openflm/firmware beside the bin that this program is in, or, in a build,
/// firmware beside it.
std::filesystem::path image_folder();

/// A board's avrdude configuration: below share/openflm/boards, or the one that the build was made from.
std::filesystem::path programmer_configuration(const std::string& board);

}  // namespace flm

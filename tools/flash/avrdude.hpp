// avrdude's command lines for a board, and running them.
#pragma once
#include <filesystem>
#include <string>
#include <vector>

namespace flm::flash {

using Command = std::vector<std::string>;

/// Files and programmer that a board is flashed with.
struct FlashFiles {
  std::string board;  ///< a known board's name, flm02a or flm02b, and that of avrdude's programmer
  std::filesystem::path configuration, program, eeprom;
};

/// The boards' names.
std::vector<std::string> known_boards();

/// In `folder` (BOARD.hex, BOARD.eep and avrdude.conf there), or, when it is empty, where this program is
/// installed or was built. Throws InputError for an unknown board, and naming each file that is missing.
FlashFiles find_files(const std::string& board, const std::filesystem::path& folder);

/// Reads flash and EEPROM into files; avrdude checks the controller's signature first.
Command read_command(const FlashFiles&, const std::filesystem::path& flash,
                     const std::filesystem::path& eeprom);
/// Erases the controller, writes fuses, flash and EEPROM, and reads each back. `eeprom`: what is written
/// there.
Command write_command(const FlashFiles&, const std::filesystem::path& eeprom);

/// The command as text for a shell.
std::string as_typed(const Command&);

/// Runs it with this program's output, and gives its exit status; 128 and more: a signal's number more. A
/// ctrl-C meanwhile is the program's own, not ours. Throws InputError when there is no such program.
int run(const Command&);

}  // namespace flm::flash

// Flashing a board from beginning to end: save, read out, write, start, restore, compare.
#pragma once
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "tools/flash/avrdude.hpp"
#include "tools/flash/snapshot.hpp"

namespace flm::flash {

/// The board is not as it should be, or not as it was: a sentence for a person, with the way on.
class FlashError : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct FlashOptions {
  std::filesystem::path folder;  ///< where what is saved goes; made when it is not there
  std::filesystem::path
      saved;  ///< settings of an earlier attempt, BOARD-TIME.settings: nothing is asked of the board before
  bool save = true;  ///< without: the board starts with nothing enabled
  std::function<void(const std::string&)> say;
  std::function<int(const Command&)> run = flash::run;
};

/// The commands that flash_board() runs, for a person who wants to see them first. `openflm`: what is on the
/// board now is OpenFLM, whose EEPROM is put back; the stock firmware's is replaced, and its settings are
/// sent afterwards.
std::vector<Command> commands(const FlashFiles&, const FlashOptions&, bool openflm);

/// Saves settings and counters, reads flash and EEPROM out, writes the new firmware and starts it. Where
/// OpenFLM was before, its EEPROM is put back as it was; elsewhere the settings are sent. Then the board is
/// compared with what was saved. Throws FlashError naming the saved file; the same call with it as `saved`
/// repeats what was interrupted.
void flash_board(Board&, const FlashFiles&, const FlashOptions&);

}  // namespace flm::flash

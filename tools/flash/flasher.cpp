#include "tools/flash/flasher.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <chrono>

#include "tools/common/files.hpp"
#include "tools/common/input_error.hpp"
#include "tools/common/system/utc.hpp"

namespace flm::flash {
namespace {

/// What belongs to one attempt, by its settings' file.
struct SavedFiles {
  std::filesystem::path settings, flash, eeprom;
};

SavedFiles saved_files(const std::filesystem::path& settings) {
  SavedFiles files{settings, settings, settings};
  files.flash.replace_extension(".flash.hex");
  files.eeprom.replace_extension(".eeprom.hex");
  return files;
}

SavedFiles files_of(const FlashFiles& files, const FlashOptions& options) {
  if (!options.saved.empty()) return saved_files(options.saved);
  return saved_files(options.folder / fmt::format("{}-{}.settings", files.board, utc_now("%Y%m%dT%H%M%SZ")));
}

/// So that the board's EEPROM holds all that it has.
void store(Board& board) {
  try {
    board.commit();
  } catch (const mainboard::NotStored&) {
    throw FlashError(
        "the board could not store its settings and counters (a worn EEPROM cell, or an EEPROM written by a "
        "newer firmware, which it leaves "
        "alone): nothing has been written, and the board is as it was. --no-save flashes it without them");
  }
}

/// The board after its reset: asks until it answers.
void wait_for(Board& board) {
  constexpr int attempts = 10;
  for (int attempt = 1;; ++attempt) {
    board.wait(std::chrono::milliseconds(500));
    try {
      static_cast<void>(board.identify());
      return;
    } catch (const std::exception&) {
      if (attempt == attempts) throw;
    }
  }
}

}  // namespace

std::vector<Command> commands(const FlashFiles& files, const FlashOptions& options, bool openflm) {
  const SavedFiles saved = files_of(files, options);
  std::vector<Command> list;
  if (options.save && options.saved.empty()) list.push_back(read_command(files, saved.flash, saved.eeprom));
  const bool keep = !options.saved.empty()
                        ? read_snapshot(saved.settings).openflm && std::filesystem::exists(saved.eeprom)
                        : options.save && openflm;
  list.push_back(write_command(files, keep ? saved.eeprom : files.eeprom));
  return list;
}

void flash_board(Board& board, const FlashFiles& files, const FlashOptions& options) {
  const SavedFiles saved = files_of(files, options);
  Snapshot before;
  if (!options.saved.empty()) {
    before = read_snapshot(saved.settings);
    options.say(fmt::format("settings and counters: those in {}", saved.settings.string()));
  } else if (options.save) {
    std::error_code error;
    std::filesystem::create_directories(options.folder, error);
    if (error)
      throw InputError(fmt::format("{}: cannot be made, and settings and counters would be saved there: {}",
                                   options.folder.string(), reason(error.value())));
    before = take_snapshot(board);
    if (before.openflm) store(board);
    write_snapshot(saved.settings, before, files.board);
    options.say(fmt::format("settings and counters: saved in {}", saved.settings.string()));
    const Command read = read_command(files, saved.flash, saved.eeprom);
    options.say(as_typed(read));
    if (const int status = options.run(read); status != 0)
      throw FlashError(
          fmt::format("avrdude could not read the controller (status {}): nothing has been written, and the "
                      "board is as it "
                      "was. Is this the "
                      "board's main board, and are its GPIO lines 0 to 3 free?",
                      status));
  }

  const bool keep = before.openflm && std::filesystem::exists(saved.eeprom);
  const Command write = write_command(files, keep ? saved.eeprom : files.eeprom);
  options.say(as_typed(write));
  const bool has_saved = options.save || !options.saved.empty();
  if (const int status = options.run(write); status != 0)
    throw FlashError(
        fmt::format("avrdude failed (status {}): the board may have no whole firmware now. Repeat it with: "
                    "flmctl flash {}{}",
                    status, files.board, has_saved ? " --saved " + saved.settings.string() : " --no-save"));
  try {
    wait_for(board);
  } catch (const std::exception& error) {
    throw FlashError(fmt::format("the new firmware does not answer ({}). What was there before: {}",
                                 error.what(), has_saved ? saved.flash.string() : "not saved"));
  }
  if (!has_saved) return options.say("flashed; nothing is enabled");

  std::vector<std::string> different = differences(before, take_snapshot(board));
  if (!different.empty()) {
    std::vector<std::string> refused;
    try {
      refused = restore(board, before);
    } catch (const mainboard::NotStored&) {
      throw FlashError(fmt::format("flashed, and everything was set as it was, but {}. Saved: {}",
                                   mainboard::NotStored::sentence, saved.settings.string()));
    }
    different = differences(before, take_snapshot(board));
    if (!refused.empty())
      options.say(fmt::format("the new firmware does not take: {}", fmt::join(refused, ", ")));
  }
  if (!different.empty())
    throw FlashError(fmt::format("flashed, but not everything is as it was: {}. Saved: {}",
                                 fmt::join(different, "; "), saved.settings.string()));
  options.say("flashed; settings and counters are as they were");
}

}  // namespace flm::flash

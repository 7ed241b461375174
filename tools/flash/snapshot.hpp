// A board's settings and counters as the commands that bring them back.
#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "tools/mainboard/board/board.hpp"

namespace flm::flash {

using mainboard::Board;

/// Command lines: disable all, counters, then settings in the order of protocol::PropertyTable, which enables
/// at the end.
struct Snapshot {
  std::vector<std::string> lines;
  bool openflm = false;  ///< the board answers `gv`: it keeps its EEPROM as this firmware does
};

/// Everything that can be got and set (protocol/commands.hpp), of a stock board too, which knows less. Not in
/// it: the versions that the board was given, the radio's group, which cannot be read, and thousandths of
/// counters, which cannot be set.
Snapshot take_snapshot(Board&);

/// Sends it. A command that the board does not know, or refuses, is left out and named in the result.
std::vector<std::string> restore(Board&, const Snapshot&);

/// Differences, a line each: "gm 0: 5163 was saved, the board has 5000". A counter may have gone on.
std::vector<std::string> differences(const Snapshot& saved, const Snapshot& now);

/// Text, a command a line, with a heading that says what it is. Both throw InputError.
void write_snapshot(const std::filesystem::path&, const Snapshot&, const std::string& board);
Snapshot read_snapshot(const std::filesystem::path&);

}  // namespace flm::flash

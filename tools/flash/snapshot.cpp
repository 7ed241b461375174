#include "tools/flash/snapshot.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <fstream>
#include <stdexcept>

#include "protocol/commands.hpp"
#include "tools/common/atomic_file.hpp"
#include "tools/common/files.hpp"
#include "tools/common/input_error.hpp"
#include "tools/mainboard/board/transaction.hpp"
#include "tools/mainboard/link/link_text.hpp"
#include "tools/mainboard/link/meanings.hpp"

namespace flm::flash {
namespace {

using mainboard::find_property;
using protocol::Role;

constexpr const char* heading = "# Settings and counters of a sensor board";
constexpr const char* heading_openflm = ", OpenFLM's firmware";

/// The command without its last number, which is what it sets: "sm 0" of "sm 0 5163"; of the board's own, its
/// letters.
std::string subject(const std::string& line) {
  const protocol::Property* row = find_property(line[1]);
  const bool indexed = row != nullptr && row->index != protocol::Index::none;
  return indexed ? line.substr(0, line.find(' ', 3)) : line.substr(0, 2);
}

}  // namespace

Snapshot take_snapshot(Board& board) {
  Snapshot snapshot;
  snapshot.openflm = board.try_get('v').has_value();
  for (int sensor = 0; sensor < 6; ++sensor) snapshot.lines.push_back(fmt::format("se {} 0", sensor));
  for (const protocol::Property& property : protocol::PropertyTable::properties) {
    if (property.role == Role::identity || property.access != protocol::Access::get_set ||
        (property.since == protocol::Since::openflm && !snapshot.openflm))
      continue;
    const bool indexed = property.index != protocol::Index::none;
    for (int i = 0; i < (indexed ? protocol::index_count(property.index) : 1); ++i) {
      const std::optional<int> index = indexed ? std::optional(i) : std::nullopt;
      const auto values = board.try_get(property.letter, index);
      if (!values || (property.role == Role::enable && values->back() == 0)) continue;
      snapshot.lines.push_back(text_of(set_message(property.letter, index, *values)));
    }
  }
  return snapshot;
}

std::vector<std::string> restore(Board& board, const Snapshot& snapshot) {
  std::vector<std::string> refused;
  mainboard::Transaction transaction(board);
  for (const std::string& line : snapshot.lines)
    if (!transaction.try_set(message_of(line))) refused.push_back(line);
  transaction.commit();
  return refused;
}

std::vector<std::string> differences(const Snapshot& saved, const Snapshot& now) {
  std::vector<std::string> list;
  for (auto line = saved.lines.rbegin(); line != saved.lines.rend();
       ++line) {  // of two for the same thing, the last counts
    const std::string what = subject(*line);
    bool known_already = false;
    for (auto later = saved.lines.rbegin(); later != line; ++later)
      known_already = known_already || subject(*later) == what;
    if (known_already) continue;
    std::string value;
    for (const std::string& other : now.lines)
      if (subject(other) == what) value = other;
    if (value == *line) continue;
    const auto number = [&](const std::string& of) {
      return of.empty() ? "nothing" : of.substr(std::min(of.size(), what.size() + 1));
    };
    const protocol::Property* row = find_property(what[1]);
    if (row != nullptr && row->role == Role::counter && !value.empty()) {
      // It may have counted meanwhile.
      const auto gone_on =
          std::strtoll(number(value).c_str(), nullptr, 10) - std::strtoll(number(*line).c_str(), nullptr, 10);
      if (gone_on >= 0 && gone_on < 1000) continue;
    }
    list.push_back(
        fmt::format("g{}: {} was saved, the board has {}", what.substr(1), number(*line), number(value)));
  }
  return {list.rbegin(), list.rend()};
}

void write_snapshot(const std::filesystem::path& path, const Snapshot& snapshot, const std::string& board) {
  AtomicFile file(path);
  file.write(fmt::format("{}{}: {}. Each line is a command that brings one back.\n", heading,
                         snapshot.openflm ? heading_openflm : "", board));
  for (const std::string& line : snapshot.lines) file.write(line + "\n");
  file.commit();
}

Snapshot read_snapshot(const std::filesystem::path& path) {
  std::ifstream in(path);
  std::string line;
  check_text(path, "one that 'flash' saved");
  if (!in)
    throw InputError(fmt::format("{}: cannot be read; allowed: one that 'flash' saved", path.string()));
  if (!std::getline(in, line) || !line.starts_with(heading))
    throw InputError(fmt::format("{}:1: no saved board; allowed: a file that 'flash' saved", path.string()));
  Snapshot snapshot;
  snapshot.openflm = line.find(heading_openflm) != line.npos;
  for (int number = 2; std::getline(in, line); ++number) {
    if (line.ends_with('\r')) line.pop_back();  // It has been through an editor.
    try {
      if (!line.starts_with('s'))
        throw std::invalid_argument(fmt::format("'{}' sets nothing; allowed: \"sm 0 5163\"", visible(line)));
      static_cast<void>(encode_message(line));
    } catch (const std::invalid_argument& error) {
      throw InputError(fmt::format("{}:{}: {}", path.string(), number, error.what()));
    }
    snapshot.lines.push_back(line);
  }
  return snapshot;
}

}  // namespace flm::flash

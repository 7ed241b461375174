// A board's settings as its link knows them: the value of each property, read, compared, described and set.
#pragma once
#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "protocol/commands.hpp"
#include "tools/mainboard/board/board.hpp"

namespace flm::mainboard {

/// A property (protocol/commands.hpp) of the board, or of one sensor, clamp or port.
struct Setting {
  char letter = 0;
  int index = -1;  ///< from 0, as on the link; -1: of the board
  auto operator<=>(const Setting&) const =
      default;  // NOLINT(modernize-use-nullptr): clang-tidy 14 takes its zero for a pointer
  /// The property's row; throws std::invalid_argument for a letter that has none.
  [[nodiscard]] const protocol::Property& row() const;
  /// As a message has it: nothing for one of the board.
  [[nodiscard]] std::optional<int> link_index() const {
    return index < 0 ? std::nullopt : std::optional(index);
  }
  /// The message that sets it.
  [[nodiscard]] Message set_to(const std::vector<std::uint32_t>& value) const;
};

using Settings = std::map<Setting, std::vector<std::uint32_t>>;

/// The properties that make a configuration, of every sensor, clamp and port; not counters and versions.
std::vector<Setting> all_settings(const BoardFacts&);

/// Reads settings; those that the board does not know are not in the result.
Settings read_settings(Board&, const std::vector<Setting>&);

/// Name of a setting for the user, and its value: "sensor 1 meter constant", "5163".
std::string describe(const Setting&);
std::string describe(const Setting&, const std::vector<std::uint32_t>& value);

/// A setting that differs.
struct Difference {
  Setting setting;
  std::vector<std::uint32_t> before, after;  ///< `before` is empty where the board does not report it
};
/// In the order of PropertyTable: that in which they are set.
std::vector<Difference> differences(const Settings& before, const Settings& after);

}  // namespace flm::mainboard

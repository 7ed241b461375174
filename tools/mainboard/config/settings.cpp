#include "tools/mainboard/config/settings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "firmware/metering/settings.hpp"
#include "protocol/commands.hpp"
#include "tools/mainboard/link/meanings.hpp"

namespace flm::ctl {
namespace {

/// Properties that are no configuration: what was counted, what happened, and who the board is.
constexpr std::string_view kNoConfiguration = "hscwb";

/// In which a person reads them.
constexpr std::string_view kReadingOrder = "kpqemftonjgyi";

std::int32_t signed16(std::uint32_t value) { return static_cast<std::int16_t>(value); }

/// The sensors that ports 1 to 6 feed.
std::string map_text(const std::vector<std::uint32_t>& map) {
  std::string text;
  for (const std::uint32_t sensor : map)
    text += fmt::format("{}{}", text.empty() ? "" : " ",
                        sensor < metering::sensor_count ? fmt::format("{}", sensor + 1) : "-");
  return text;
}

std::string port_6_text(std::uint32_t bits) {
  namespace port_6 = metering::port_6;
  if ((bits & port_6::p1) == 0) return "no smart meter";
  return fmt::format("smart meter, {}{}", (bits & port_6::slow) != 0 ? "9600 baud" : "115200 baud",
                     (bits & port_6::without_crc) != 0 ? ", also without a CRC" : "");
}

}  // namespace

std::string Setting::get_line() const {
  return index < 0 ? fmt::format("g{}", letter) : fmt::format("g{} {}", letter, index);
}

std::string Setting::set_line(const std::vector<std::uint32_t>& value) const {
  return index < 0 ? fmt::format("s{} {}", letter, fmt::join(value, " "))
                   : fmt::format("s{} {} {}", letter, index, fmt::join(value, " "));
}

std::vector<Setting> all_settings(const BoardFacts& board) {
  std::vector<Setting> all;
  for (const protocol::Property& row : protocol::PropertyTable::properties) {
    if (kNoConfiguration.find(row.letter) != kNoConfiguration.npos) continue;
    if (row.port_configuration && !board.has_port_configuration) continue;
    if (row.index == protocol::Index::none) {
      all.push_back({row.letter, -1});
    } else if (row.index == protocol::Index::port) {
      for (const int port : board.pulse_ports) all.push_back({row.letter, port - 1});
    } else {
      for (int i = 0; i < protocol::index_count(row.index); ++i) all.push_back({row.letter, i});
    }
  }
  return all;
}

Settings read_settings(Board& board, const std::vector<Setting>& wanted) {
  Settings settings;
  for (const Setting& setting : wanted) {
    if (settings.contains(setting)) continue;
    const auto reply =
        board.try_get(setting.letter, setting.index < 0 ? std::nullopt : std::optional<int>(setting.index));
    if (reply) settings[setting] = *reply;
  }
  return settings;
}

std::string describe(const Setting& s) {
  const auto place = protocol::PropertyTable::find(s.letter);
  std::string meaning = meaning_of_property(s.letter);
  if (s.index < 0 || place == protocol::PropertyTable::count) return meaning;
  switch (protocol::PropertyTable::properties[place].index) {
    case protocol::Index::sensor: return fmt::format("sensor {} {}", s.index + 1, meaning);
    case protocol::Index::clamp: return fmt::format("clamp {} {}", s.index + 1, meaning);
    default: return fmt::format("port {} {}", s.index + 1, meaning);
  }
}

std::string describe(const Setting& s, const std::vector<std::uint32_t>& value) {
  if (value.empty()) return "not told";
  switch (s.letter) {
    case 'e': return value[0] != 0 ? "yes" : "no";
    case 'p': return map_text(value);
    case 'k':
      if (value.size() < 3) break;
      return fmt::format("ports 2 and 3 {}{}{}", value[0] != 0 ? "clamps" : "pulse inputs",
                         value[1] != 0 ? ", RX inverted" : "", value[2] != 0 ? ", TX inverted" : "");
    case 'i': return value[0] == metering::heartbeat ? "heartbeat" : fmt::format("port {}", value[0] + 1);
    case 'y': return value[0] != 0 ? "49.2 kbit/s" : "19.2 kbit/s";
    case 'q': return port_6_text(value[0]);
    case 't': return fmt::format("{} us", value[0]);
    case 'n': return fmt::format("{:.3f} codes RMS", std::sqrt(value[0] / 1024.0));
    case 'o': return fmt::format("{:+.3f} codes", signed16(value[0]) / 256.0);
    case 'j':
      return value[0] < 10000 ? fmt::format("{:.1f} ms", value[0] / 10.0)
                              : fmt::format("{} s", value[0] / 1e4);
    case 'f':
      return value[0] > metering::thousandths ? fmt::format("constant / {}", value[0])
                                              : fmt::format("{}", value[0]);
    default: break;
  }
  return fmt::format("{}", fmt::join(value, " "));
}

std::vector<Difference> differences(const Settings& before, const Settings& after) {
  std::vector<Difference> list;
  for (const auto& [setting, value] : after) {
    const auto old = before.find(setting);
    if (old == before.end())
      list.push_back({setting, {}, value});
    else if (old->second != value)
      list.push_back({setting, old->second, value});
  }
  const auto place = [](const Difference& d) {
    return std::pair(kReadingOrder.find(d.setting.letter), d.setting.index);
  };
  std::sort(list.begin(), list.end(),
            [&](const Difference& a, const Difference& b) { return place(a) < place(b); });
  return list;
}

}  // namespace flm::ctl

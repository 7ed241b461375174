#include "tools/mainboard/config/settings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "firmware/metering/settings.hpp"
#include "protocol/commands.hpp"
#include "tools/mainboard/link/meanings.hpp"

namespace flm::mainboard {
namespace {

using Value = std::vector<std::uint32_t>;

std::int32_t signed16(std::uint32_t value) { return static_cast<std::int16_t>(value); }

/// The sensors that ports 1 to 6 feed.
std::string map_text(const Value& map) {
  std::string text;
  for (const std::uint32_t sensor : map)
    text += fmt::format("{}{}", text.empty() ? "" : " ",
                        sensor < metering::sensor_count ? fmt::format("{}", sensor + 1) : "-");
  return text;
}

std::string port_6_text(const Value& value) {
  const std::uint32_t bits = value.at(0);
  namespace port_6 = metering::port_6;
  if ((bits & port_6::p1) == 0) return "no smart meter";
  return fmt::format("smart meter, {}{}", (bits & port_6::slow) != 0 ? "9600 baud" : "115200 baud",
                     (bits & port_6::without_crc) != 0 ? ", also without a CRC" : "");
}

std::string number_text(const Value& value) { return fmt::format("{}", fmt::join(value, " ")); }

/// A property's value as users read it, with its unit.
struct ValueText {
  char letter;
  std::size_t fields;  ///< how many `of` looks at
  std::string (*of)(const Value&);
};
constexpr ValueText value_texts[] = {
    {'k', 3,
     [](const Value& v) {
       return fmt::format("ports 2 and 3 {}{}{}", v[0] != 0 ? "clamps" : "pulse inputs",
                          v[1] != 0 ? ", RX inverted" : "", v[2] != 0 ? ", TX inverted" : "");
     }},
    {'q', 1, port_6_text},
    {'p', 0, map_text},
    {'m', 1, number_text},
    {'f', 1,
     [](const Value& v) {
       return v[0] > protocol::range::fraction.hole ? fmt::format("constant / {}", v[0]) : number_text(v);
     }},
    {'t', 1, [](const Value& v) { return fmt::format("{} us", v[0]); }},
    {'n', 1, [](const Value& v) { return fmt::format("{:.3f} codes RMS", std::sqrt(v[0] / 1024.0)); }},
    {'o', 1, [](const Value& v) { return fmt::format("{:+.3f} codes", signed16(v[0]) / 256.0); }},
    {'j', 1,
     [](const Value& v) {
       return v[0] < 10000 ? fmt::format("{:.1f} ms", v[0] / 10.0) : fmt::format("{} s", v[0] / 1e4);
     }},
    {'g', 1, number_text},
    {'y', 1, [](const Value& v) { return std::string(v[0] != 0 ? "49.2 kbit/s" : "19.2 kbit/s"); }},
    {'i', 1,
     [](const Value& v) {
       return v[0] == metering::heartbeat ? std::string("heartbeat") : fmt::format("port {}", v[0] + 1);
     }},
    {'e', 1, [](const Value& v) { return std::string(v[0] != 0 ? "yes" : "no"); }}};

constexpr bool each_has_a_text() {
  for (const protocol::Property& row : protocol::PropertyTable::properties)
    if (row.configures() && std::none_of(std::begin(value_texts), std::end(value_texts),
                                         [&](const ValueText& text) { return text.letter == row.letter; }))
      return false;
  return true;
}
static_assert(each_has_a_text(), "a property that configures has no line in value_texts");

}  // namespace

const protocol::Property& Setting::row() const {
  const protocol::Property* row = find_property(letter);
  if (row == nullptr) throw std::invalid_argument(fmt::format("'{}' is not a property", letter));
  return *row;
}

Message Setting::set_to(const std::vector<std::uint32_t>& value) const {
  return set_message(letter, link_index(), value);
}

std::vector<Setting> all_settings(const BoardFacts& board) {
  std::vector<Setting> all;
  for (const protocol::Property& row : protocol::PropertyTable::properties) {
    if (!row.configures() || !row.known_with(board.features)) continue;
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
    const auto reply = board.try_get(setting.letter, setting.link_index());
    if (reply) settings[setting] = *reply;
  }
  return settings;
}

std::string describe(const Setting& s) { return subject_of(get_message(s.letter, s.link_index())); }

std::string describe(const Setting& s, const std::vector<std::uint32_t>& value) {
  if (value.empty()) return "not reported";
  for (const ValueText& text : value_texts)
    if (text.letter == s.letter && value.size() >= text.fields) return text.of(value);
  return number_text(value);
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
    return std::pair(protocol::PropertyTable::find(d.setting.letter), d.setting.index);
  };
  std::sort(list.begin(), list.end(),
            [&](const Difference& a, const Difference& b) { return place(a) < place(b); });
  return list;
}

}  // namespace flm::mainboard

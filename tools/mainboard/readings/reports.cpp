#include "tools/mainboard/readings/reports.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <iterator>
#include <string_view>
#include <utility>

#include "protocol/commands.hpp"  // state

namespace flm::mainboard {

std::vector<Reading> readings_of(const Message& gd, double t, const KindOf& kind_of) {
  std::vector<Reading> readings;
  if (!gd.is('g', 'd')) return readings;
  const std::vector<std::uint32_t>& n = gd.values;
  for (std::size_t i = 0; i + 4 <= n.size(); i += 4) {
    const int sensor = static_cast<int>(n[i]) + 1;
    readings.push_back(
        {t, sensor, n[i + 1], static_cast<std::uint16_t>(n[i + 2]), kind_of(sensor), n[i + 3], false, {}});
  }
  return readings;
}

std::optional<MeterReport> meter_report_of(const Message& gz, double t) {
  if (!gz.is('g', 'z') || gz.values.size() < MeterReport::count) return std::nullopt;
  return MeterReport{t, gz.values};
}

std::optional<Health> health_of(const Message& gr) {
  constexpr std::uint32_t unknown_stack = 0xFFFF;
  const std::vector<std::uint32_t>& n = gr.values;
  if (!gr.is('g', 'r') || n.size() < 2) return std::nullopt;
  Health health{n[0], n[1], {}};
  if (n.size() < 5) return health;
  Health::Now now;
  now.supply_low = (n[2] & protocol::state::supply_low) != 0;
  now.worn = (n[2] & protocol::state::worn) != 0;
  for (int clamp = 0; clamp < 3; ++clamp)
    now.clipped[clamp] = (n[2] & (std::uint32_t{protocol::state::clipped} << clamp)) != 0;
  if (n[3] != unknown_stack) now.unused_stack = n[3];
  now.eeprom_writes = static_cast<std::uint16_t>(n[4]);
  health.now = now;
  return health;
}

std::optional<ClampStatistics> statistics_of(const Message& ga) {
  const std::vector<std::uint32_t>& n = ga.values;
  if (!ga.is('g', 'a') || n.size() < 8) return std::nullopt;
  return ClampStatistics{n[0], n[1], n[2], n[3], n[4], n[5], n[6], n[7]};
}

std::optional<ErrorCounters> errors_of(const Message& gx) {
  const std::vector<std::uint32_t>& n = gx.values;
  if (!gx.is('g', 'x') || n.size() < 6) return std::nullopt;
  return ErrorCounters{n[0], n[1], n[2], n[3], n[4], n[5]};
}

void sign_by(const MeterReport& report, Reading& reading) {
  const std::int64_t net = std::int64_t{report.import_wh()} - std::int64_t{report.export_wh()};
  // A telegram may have come between the two.
  const std::int64_t apart = static_cast<std::int32_t>(reading.counter - static_cast<std::uint32_t>(net));
  if (std::abs(apart) < 1'000'000) reading.net_wh = net + apart;
}

std::vector<MeterRefusal> meter_refusals(const MeterReport& report) {
  // In the order of protocol::p1::Error, and at the end what the board could not read in time.
  constexpr std::pair<const char*, const char*> kinds[] = {
      {"noise", "lines outside of a telegram"},
      {"cut", "telegrams refused, they have no end"},
      {"crc", "telegrams refused, the CRC does not match"},
      {"crc_form", "telegrams refused, what follows '!' is not a CRC"},
      {"no_crc", "telegrams refused, they have no CRC and without_crc is not set"},
      {"not_whole", "telegrams without CRC refused, a line or value is wrong"},
      {"value", "values refused, they are not numbers"},
      {"digits", "values refused, they have too many digits"},
      {"unit", "values refused, their unit is wrong"},
      {"time", "times refused, the calendar has no such time"},
      {"duplicate", "values left out, their register came twice"},
      {"overrun", "bytes lost, the board could not read them in time"}};
  const std::vector<std::uint32_t> refused = report.refused();
  std::vector<MeterRefusal> all;
  for (std::size_t i = 0; i < std::size(kinds); ++i)
    all.push_back({refused.at(i), kinds[i].first, kinds[i].second});
  return all;
}

std::string meter_refusal_text(const MeterReport& report) {
  std::string text;
  for (const MeterRefusal& one : meter_refusals(report))
    if (one.count != 0)
      text += fmt::format("{}{}{} {}", text.empty() ? "" : "; ", one.count,
                          one.count == 255 && std::string_view(one.name) != "overrun" ? " or more" : "",
                          one.what);
  return text;
}

std::string meter_refusal_json(const MeterReport& report) {
  std::string text;
  for (const MeterRefusal& one : meter_refusals(report))
    if (one.count != 0) text += fmt::format("{}\"{}\":{}", text.empty() ? "" : ",", one.name, one.count);
  return text.empty() ? text : "{" + text + "}";
}

}  // namespace flm::mainboard

#include "tools/mainboard/readings/record_json.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <span>

#include "tools/mainboard/readings/p1_text.hpp"
#include "tools/mainboard/readings/packet_view.hpp"
#include "tools/mainboard/readings/reports.hpp"

namespace flm::mainboard {
namespace {

std::string quoted(const std::string& text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string hex(std::span<const std::uint8_t> bytes) { return fmt::format("{:02x}", fmt::join(bytes, "")); }

/// Members of each record's object after its time.
std::string members(const Reading& r, const LineExtras& extras) {
  std::string text = fmt::format("\"sensor\":{}", r.sensor);
  if (!extras.name.empty()) text += fmt::format(",\"name\":{}", quoted(extras.name));
  text += fmt::format(",\"counter\":{}", counter_text(r));
  const bool pulse = r.kind == SensorKind::pulse;
  if (pulse || r.has_power()) text += fmt::format(",\"{}\":{}", pulse ? "stamp_ms" : "power", r.power());
  if (r.clipped) text += ",\"clipped\":true";
  if (extras.unix) text += ",\"unix\":" + nlohmann::json(*extras.unix).dump();
  return text;
}

std::string members(const RadioPacket& packet, const LineExtras&) {
  const sim::PacketView view(packet.frame);
  std::string text = fmt::format(R"("radio":{{"group":{},"node":{},"ack":{},"payload":"{}","crc":{}}})",
                                 view.group, view.node, view.acknowledgement, hex(view.payload), view.whole);
  std::string kube;
  for (const auto& [name, value] : view.values())
    kube += fmt::format("{}\"{}\":{}", kube.empty() ? "" : ",", name, sim::value_text(value));
  return kube.empty() ? text : text + ",\"kube\":{" + kube + "}";
}

std::string members(const MeterReport& report, const LineExtras&) {
  std::string text;
  for (const auto& [name, value] : meter_values(report))
    text += fmt::format("{}\"{}\":{}", text.empty() ? "" : ",", name, value);
  return fmt::format("\"meter\":{{{}}}", text);
}

std::string members(const SerialBytes& serial, const LineExtras&) {
  return fmt::format(R"("serial":"{}")", hex(serial.bytes));
}

std::string members(const Reply& reply, const LineExtras&) {
  return fmt::format(R"("host":{},"reply":{})", quoted(reply.host), quoted(reply.reply));
}

}  // namespace

std::string counter_text(const Reading& r) {
  if (r.milli == 0) return fmt::format("{}", r.whole());
  std::string text = fmt::format("{}.{:03}", r.whole(), r.milli);
  while (text.back() == '0') text.pop_back();
  return text;
}

std::vector<std::pair<std::string, std::string>> meter_values(const MeterReport& report) {
  std::vector<std::pair<std::string, std::string>> values = {
      {"telegrams", std::to_string(report.telegrams())},
      {"import_wh", std::to_string(report.import_wh())},
      {"export_wh", std::to_string(report.export_wh())}};
  if (const std::uint8_t type = report.device_type(); type != 0) {
    std::string name = sim::p1_device_name(type);
    std::replace(name.begin(), name.end(), ' ', '_');
    values.emplace_back(name + (sim::p1_device_unit(type) == "mj" ? "_mj" : "_l"),
                        std::to_string(report.device_value()));
    const std::uint32_t time = report.device_time();
    const auto pair = [time](std::uint32_t divisor) { return time / divisor % 100; };
    if (time != 0)
      values.emplace_back(name + "_time",
                          fmt::format("\"20{:02}-{:02}-{:02}T{:02}:{:02}\"", pair(100'000'000),
                                      pair(1'000'000), pair(10'000), pair(100), pair(1)));
  }
  if (std::string refused = meter_refusal_json(report); !refused.empty())
    values.emplace_back("refused", std::move(refused));
  return values;
}

std::string to_json(const Record& record, const LineExtras& extras) {
  return std::visit(
      [&](const auto& r) {
        return fmt::format("{{\"t\":{},{}}}", extras.t.value_or(fmt::format("{:.3f}", r.t)),
                           members(r, extras));
      },
      record);
}

}  // namespace flm::mainboard

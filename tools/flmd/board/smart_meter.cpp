#include "tools/flmd/board/smart_meter.hpp"

#include <fmt/format.h>

#include <utility>

#include "protocol/p1.hpp"
#include "tools/mainboard/readings/p1_text.hpp"

namespace flm::flmd {
namespace {

namespace p1 = protocol::p1;
using p1::Register;

/// A meter sends a telegram every 1 or 10 s.
constexpr std::int64_t kSilent_ms = 60'000, kTellRefusals_ms = 3'600'000;

constexpr Register nth(Register first, int n) { return static_cast<Register>(static_cast<int>(first) + n); }

}  // namespace

class SmartMeter::Parser : public p1::Parser<p1::AllFieldsAnyCrc> {};

std::string_view device_register(std::uint8_t type) {
  switch (type) {
    case p1::device::electricity: return "electricity";
    case p1::device::gas: return "gas";
    case p1::device::heat:
    case p1::device::heat_inlet: return "heat";
    case p1::device::warm_water: return "warm_water";
    case p1::device::water: return "water";
    case p1::device::cooling: return "cooling";
    default: return {};
  }
}

history::Milli heat_of_megajoules(std::uint32_t megajoules) {
  return (std::int64_t{megajoules} * 2'500'000 + 4) / 9;
}

SmartMeter::SmartMeter(bool takes_no_crc, Sink sink, std::function<void(const std::string&)> note)
    : sink_(std::move(sink)), note_(std::move(note)), parser_(std::make_unique<Parser>()) {
  parser_->accept_without_crc(takes_no_crc);
}

SmartMeter::~SmartMeter() = default;

void SmartMeter::take(std::string_view bytes, Moment at) {
  if (last_ms_ < 0) last_ms_ = told_ms_ = at.steady_ms;
  for (const char byte : bytes) {
    ++bytes_;
    if (parser_->push(static_cast<std::uint8_t>(byte)) != p1::Event::telegram) continue;
    bytes_ = 0;
    last_ms_ = at.steady_ms;
    const int equipment = parser_->equipment();
    if (equipment_ >= 0 && equipment != equipment_)
      note_("smart meter: this is another one than before: its counters go on from where they are");
    else if (!std::exchange(comes_, true) || told_silence_)
      note_(told_silence_ ? "smart meter: telegrams come again" : "smart meter: telegrams come");
    told_silence_ = false;
    equipment_ = equipment;
    sink_(values(), at);
  }
}

void SmartMeter::tick(Moment at) {
  if (last_ms_ < 0) last_ms_ = told_ms_ = at.steady_ms;
  if (!told_silence_ && at.steady_ms - last_ms_ >= kSilent_ms) {
    told_silence_ = true;
    note_(
        bytes_ == 0
            ? "smart meter: nothing came for 60 s: is the cable in?"
            : fmt::format("smart meter: no telegram for 60 s, {} bytes that are none{}: a wrong rate ([link] "
                          "meter_baud), or noise?",
                          bytes_, refusals()));
  }
  if (at.steady_ms - told_ms_ < kTellRefusals_ms) return;
  told_ms_ = at.steady_ms;
  if (const std::string what = refusals(); !what.empty())
    note_(fmt::format("smart meter: refused in the last hour{}", what));
  parser_->clear_errors();
}

/// ": 5 times the CRC does not match, ..." ; empty: none.
std::string SmartMeter::refusals() const {
  std::string text;
  for (int e = 0; e < static_cast<int>(p1::Error::count); ++e) {
    const auto error = static_cast<p1::Error>(e);
    if (const auto count = parser_->errors(error); count != 0)
      text += fmt::format("{} {} {}", text.empty() ? ":" : ",", count, sim::p1_error_name(error));
  }
  return text;
}

std::vector<MeterValue> SmartMeter::values() const {
  const Parser& p = *parser_;
  std::vector<MeterValue> all;
  const auto add = [&](std::string name, Quantity quantity, std::int64_t milli, std::string_view unit) {
    all.push_back({std::move(name), quantity, milli, unit});
  };
  const auto get = [&](Register r) { return static_cast<std::int64_t>(p.get(r)); };
  if (p.has_net()) {
    const auto count = [](auto wh) { return static_cast<std::int64_t>(wh) * 1000; };
    add("net", Quantity::counter, count(p.net_wh()), "Wh");
    add("import", Quantity::counter, count(p.import_wh()), "Wh");
    add("export", Quantity::counter, count(p.export_wh()), "Wh");
    for (const auto& [name, first] :
         {std::pair{"import", Register::import_1}, std::pair{"export", Register::export_1}})
      for (int tariff = 0; tariff < 9; ++tariff)
        if (const Register r = nth(first, tariff); p.has(r))
          add(fmt::format("{}_{}", name, tariff + 1), Quantity::counter, count(p.get(r)), "Wh");
  }
  if (p.has_power()) add("net", Quantity::gauge, std::int64_t{p.power_w()} * 1000, "W");
  for (int phase = 0; phase < 3; ++phase) {
    const Register in = nth(Register::power_import_1, phase), out = nth(Register::power_export_1, phase),
                   volt = nth(Register::voltage_1, phase), ampere = nth(Register::current_1, phase);
    if (p.has(in) || p.has(out))
      add(fmt::format("power_{}", phase + 1), Quantity::gauge,
          ((p.has(in) ? get(in) : 0) - (p.has(out) ? get(out) : 0)) * 1000, "W");
    if (p.has(volt)) add(fmt::format("voltage_{}", phase + 1), Quantity::gauge, get(volt), "V");
    if (p.has(ampere)) add(fmt::format("current_{}", phase + 1), Quantity::gauge, get(ampere), "A");
  }
  for (std::uint8_t i = 0; i < p1::AllFields::devices; ++i) {
    const p1::Device& device = p.device(i);
    const std::string_view name = device.channel == 0 ? std::string_view{} : device_register(device.type);
    if (name.empty() || !device.has_value) continue;
    bool first = true;  // by channel, so that two meters never take turns in one sensor
    for (std::uint8_t k = 0; k < p1::AllFields::devices; ++k)
      if (const p1::Device& other = p.device(k);
          other.channel != 0 && other.channel < device.channel && device_register(other.type) == name)
        first = false;
    const std::int64_t milli = name == "heat" || name == "cooling" ? heat_of_megajoules(device.value)
                                                                   : std::int64_t{device.value} * 1000;
    add(first ? std::string(name) : fmt::format("{}_{}", name, device.channel), Quantity::counter, milli,
        name == "gas" || name == "water" || name == "warm_water" ? "L" : "Wh");
  }
  return all;
}

}  // namespace flm::flmd

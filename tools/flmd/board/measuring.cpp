#include "tools/flmd/board/measuring.hpp"

#include <algorithm>
#include <array>
#include <utility>
#include <variant>

namespace flm::flmd {
namespace {

using mainboard::MeterReport;
using mainboard::SensorKind;

/// TIMESTAMP_MIN of the stock host: before it the clock has not been set.
constexpr std::int64_t kEarliest = 1'234'567'890;

std::string_view counter_unit(const SiteSensor& s) {
  return s.type == "gas" || s.type == "water" ? "L" : "Wh";
}
std::string_view gauge_unit(const SiteSensor& s) {
  return s.type == "gas" || s.type == "water" ? "L/day" : "W";
}

/// Name of the register of an M-Bus device by its type (EN 13757-3); empty for one that is no sensor here.
std::string_view device_register(std::uint8_t type) {
  switch (type) {
    case 2: return "electricity";
    case 3: return "gas";
    case 4:
    case 12: return "heat";
    case 6: return "warm_water";
    case 7: return "water";
    case 10: return "cooling";
    default: return {};
  }
}

}  // namespace

Measuring::Measuring(Sensors& sensors, State& state, Sink sink, std::function<void()> sensors_changed)
    : sensors_(sensors),
      state_(state),
      sink_(std::move(sink)),
      sensors_changed_(std::move(sensors_changed)) {}

void Measuring::take(const mainboard::Record& record, Moment at) {
  if (const auto* reading = std::get_if<mainboard::Reading>(&record)) take(*reading, at);
  if (const auto* report = std::get_if<MeterReport>(&record)) take(*report, at.unix_ms);
}

PulseGauge& Measuring::pulse_gauge(const SiteSensor& s, Moment at) {
  const history::Milli constant = sensors_.constant(s.number);
  const auto found = pulses_.find(s.number);
  if (found != pulses_.end() && found->second.type == s.type && found->second.constant == constant)
    return found->second.gauge;
  return pulses_.insert_or_assign(s.number, Pulses{s.type, constant, {s.type, constant, at.steady_ms}})
      .first->second.gauge;
}

void Measuring::take(const mainboard::Reading& r, Moment at) {
  const SiteSensor* sensor = sensors_.by_number(r.sensor);
  if (sensor == nullptr || !sensor->enabled) return;
  const history::Milli counter = r.whole() * 1000 + r.milli;
  give(*sensor, Quantity::counter, counter, counter_unit(*sensor), at.unix_ms);
  if (r.kind == SensorKind::pulse) {
    const auto gauge = pulse_gauge(*sensor, at).pulse(counter, r.extra, at.steady_ms);
    if (gauge) give(*sensor, Quantity::gauge, *gauge * 1000, gauge_unit(*sensor), at.unix_ms);
  } else if (r.has_power()) {
    give(*sensor, Quantity::gauge, r.power() * 1000, gauge_unit(*sensor), at.unix_ms);
  }
}

void Measuring::take(const MeterReport& report, std::int64_t unix_ms) {
  if (report.telegrams() == 0) return;
  const auto count = [&](std::string_view name, std::uint32_t value) {
    bool added = false;
    const SiteSensor* sensor = sensors_.of_register(name, state_, added);
    if (sensor == nullptr) return;
    if (added) sensors_changed_();
    // A board has heat in MJ: 1 MJ is 2 500/9 Wh.
    const history::Milli milli =
        sensor->type == "heat" ? (std::int64_t{value} * 2'500'000 + 4) / 9 : std::int64_t{value} * 1000;
    give(*sensor, Quantity::counter, milli, counter_unit(*sensor), unix_ms);
  };
  if (report.import_wh() != 0) count("import", report.import_wh());
  if (report.export_wh() != 0) count("export", report.export_wh());
  if (const auto device = device_register(report.device_type()); !device.empty())
    count(device, report.device_value());
}

void Measuring::polled(Moment at) {
  for (const SiteSensor& sensor : sensors_.all()) {
    Last& last = last_[sensor.number];
    if (const auto pending = std::exchange(last.pending, std::nullopt))
      give(sensor, Quantity::counter, pending->value, pending->unit, at.unix_ms);
    if (sensor.sensor_class != "pulse" || !sensor.enabled) continue;
    if (const auto gauge = pulse_gauge(sensor, at).tick(at.steady_ms))
      give(sensor, Quantity::gauge, *gauge * 1000, gauge_unit(sensor), at.unix_ms);
  }
}

void Measuring::give(const SiteSensor& sensor, Quantity quantity, history::Milli value, std::string_view unit,
                     std::int64_t unix_ms) {
  const history::Point point{unix_ms / 1000, value};
  if (point.time < kEarliest) return;
  Last& last = last_[sensor.number];
  std::optional<history::Point>& before = quantity == Quantity::counter ? last.counter : last.gauge;
  if (quantity == Quantity::counter) {
    last.pending.reset();
    if (before && before->value == value) return;
  }
  if (before && before->time == point.time) {
    if (quantity == Quantity::counter) last.pending = {value, unit};  // the next second has it
    return;
  }
  before = point;
  sink_({&sensor, quantity, point, unit});
}

}  // namespace flm::flmd

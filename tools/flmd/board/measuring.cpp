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
/// The board's own sensor of a smart meter: its net energy.
constexpr int kMeterSensor = 6;

std::string_view counter_unit(const SiteSensor& s) {
  return s.type == "gas" || s.type == "water" ? "L" : "Wh";
}
std::string_view gauge_unit(const SiteSensor& s) {
  return s.type == "gas" || s.type == "water" ? "L/day" : "W";
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

void Measuring::give_register(std::string_view name, Quantity quantity, history::Milli value,
                              std::string_view unit, std::int64_t unix_ms) {
  bool added = false;
  const SiteSensor* sensor = sensors_.of_register(name, state_, added);
  if (sensor == nullptr) return;
  if (added) sensors_changed_();
  give(*sensor, quantity, value, unit, unix_ms);
}

void Measuring::take(const MeterReport& report, std::int64_t unix_ms) {
  if (report.telegrams() == 0 || has_line_) return;
  const auto count = [&](std::string_view name, history::Milli value) {
    give_register(name, Quantity::counter, value, name == "gas" || name.ends_with("water") ? "L" : "Wh",
                  unix_ms);
  };
  if (report.import_wh() != 0) count("import", std::int64_t{report.import_wh()} * 1000);
  if (report.export_wh() != 0) count("export", std::int64_t{report.export_wh()} * 1000);
  const auto device = device_register(report.device_type());
  if (device.empty()) return;
  // A board has heat in MJ.
  count(device, device == "heat" || device == "cooling" ? heat_of_megajoules(report.device_value())
                                                        : std::int64_t{report.device_value()} * 1000);
}

void Measuring::take(std::span<const MeterValue> telegram, Moment at) {
  has_line_ = true;
  const SiteSensor* board = sensors_.by_number(kMeterSensor);
  const bool board_has_net = board != nullptr && board->enabled && board->sensor_class == "cosem";
  for (const MeterValue& value : telegram)
    if (!(value.name == "net" && board_has_net))
      give_register(value.name, value.quantity, value.value, value.unit, at.unix_ms);
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

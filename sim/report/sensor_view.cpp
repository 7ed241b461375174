#include "sim/report/sensor_view.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <sstream>
#include <string>

#include "firmware/metering/clock.hpp"  // first_second_ms

namespace flm::sim {
namespace {

constexpr Nanoseconds kSecond = 1'000'000'000;
constexpr Nanoseconds kFirstWholeSecond = kFirstSample + Nanoseconds{metering::first_second_ms} * 1'000'000;
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

std::vector<Reading> readings_of(const Run& run, int sensor) {
  std::vector<Reading> out;
  for (const Record& record : run.records)
    if (const auto* reading = std::get_if<Reading>(&record); reading != nullptr && reading->sensor == sensor)
      out.push_back(*reading);
  return out;
}

/// A command of the scenario that gives a sensor's counter a value: `sc <index> <counter>`.
struct CounterSet {
  double at = 0.0;  // s
  double value = 0.0;
};

std::vector<CounterSet> counter_sets(const Run& run, int sensor) {
  std::vector<CounterSet> out;
  for (const HostCommand& command : run.scenario.host) {
    std::istringstream words(command.send);
    std::string name;
    int index = -1;
    double value = 0;
    if (words >> name >> index >> value && name == "sc" && index == sensor - 1)
      out.push_back({command.at, value});
  }
  std::stable_sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.at < b.at; });
  return out;
}

double counter_of(const Reading& reading) {
  return static_cast<double>(reading.whole()) + reading.milli / 1000.0;
}

/// The last second at which the host asked. A board reports only what changed, so the last reading may be
/// older.
std::int64_t last_poll(const Run& run) {
  return static_cast<std::int64_t>(std::floor(run.scenario.duration + 1e-6));
}

void compare_clamp(SensorView& view, const std::vector<Reading>& readings, const Run& run,
                   const Environment& environment) {
  view.read.start = view.truth.start = seconds(kFirstWholeSecond);
  const std::int64_t last = last_poll(run);
  std::size_t next = 0;
  double power = kNan, sum_read = 0, sum_true = 0, energy_wh = 0;
  std::int64_t n = 0;
  const auto sets = counter_sets(run, view.sensor->id);
  auto set = sets.begin();
  view.worst_error = 0;
  for (std::int64_t second = 0; second + 2 <= last; ++second) {
    const double asked = static_cast<double>(second + 2);
    while (next < readings.size() && readings[next].t < asked + 0.5)
      power = static_cast<double>(readings[next++].power());
    const Nanoseconds from = kFirstWholeSecond + second * kSecond;
    double true_power = 0;
    for (const int port : view.sensor->ports)
      true_power += view.sensor->voltage * environment.true_rms(port, from, from + kSecond);
    view.read.values.push_back(power);
    view.truth.values.push_back(true_power);
    for (; set != sets.end() && nanoseconds(set->at) < from + kSecond; ++set) energy_wh = set->value;
    energy_wh += true_power / 3600;
    if (std::isnan(power)) continue;
    sum_read += power;
    sum_true += true_power;
    if (std::abs(power - true_power) > std::abs(view.worst_error)) view.worst_error = power - true_power;
    ++n;
  }
  view.mean_read = n > 0 ? sum_read / static_cast<double>(n) : kNan;
  view.mean_true = n > 0 ? sum_true / static_cast<double>(n) : kNan;
  view.counter_true = energy_wh;
}

/// How much of the seconds that the board calls clipped was.
void count_clipped(SensorView& view, const std::vector<Reading>& readings, const Run& run,
                   const Environment& environment) {
  const double ticks_per_ns = run.board->cpu_hz / (static_cast<double>(run.board->tick_cycles) * 1e9);
  for (const Reading& reading : readings) {
    if (!reading.clipped) continue;
    ++view.clipped;
    if (!run.scenario.power.empty()) continue;
    const Nanoseconds end = kFirstWholeSecond + (static_cast<std::int64_t>(reading.t) - 1) * kSecond;
    const auto tick_at = [&](Nanoseconds t) {
      return static_cast<std::int64_t>(static_cast<double>(t - kFirstSample) * ticks_per_ns) / 3 * 3;
    };
    for (const int port : view.sensor->ports)
      for (std::int64_t tick = tick_at(end - kSecond) + port - 1, last = tick_at(end); tick < last;
           tick += 3) {
        ++view.samples;
        if (environment.convert(port, tick) == 1023) ++view.clipped_samples;
      }
  }
}

void compare_pulses(SensorView& view, const std::vector<Reading>& readings, const Run& run,
                    const Environment& environment) {
  const std::int64_t last = last_poll(run);
  std::size_t next = 0;
  double counter = 0, base = 0;
  // The comparison starts from the count at the first poll after enabling.
  while (next < readings.size() && readings[next].t < 1.5) base = counter = counter_of(readings[next++]);
  std::int64_t pulses = 0;
  const auto sets = counter_sets(run, view.sensor->id);
  auto set = sets.begin();
  view.read.start = view.truth.start = 1;
  for (std::int64_t second = 1; second <= last; ++second) {
    while (next < readings.size() && readings[next].t < static_cast<double>(second) + 0.5)
      counter = counter_of(readings[next++]);
    Nanoseconds from = (second - 1) * kSecond;
    for (; set != sets.end() && set->at < static_cast<double>(second); ++set) {
      from = std::max(from, nanoseconds(set->at));
      base = set->value;
      pulses = 0;
    }
    if (second > 1)
      for (const int port : view.sensor->ports)
        pulses += environment.true_pulses(port, from, second * kSecond);
    view.read.values.push_back(counter);
    view.truth.values.push_back(base + static_cast<double>(pulses) * view.sensor->constant);
  }
  view.mean_read = view.mean_true = kNan;
  view.counter_true = view.truth.values.empty() ? 0 : view.truth.values.back();
}

}  // namespace

SensorView view_of(const Run& run, const Environment& environment, const Sensor& sensor) {
  SensorView view;
  view.sensor = &sensor;
  const auto readings = readings_of(run, sensor.id);
  view.readings = readings.size();
  view.counter_read = readings.empty() ? kNan : counter_of(readings.back());
  switch (sensor.sensor_class) {
    case SensorClass::analog:
      compare_clamp(view, readings, run, environment);
      count_clipped(view, readings, run, environment);
      break;
    case SensorClass::pulse: compare_pulses(view, readings, run, environment); break;
    case SensorClass::p1: {
      view.has_truth = false;
      view.mean_true = view.counter_true = kNan;
      double sum = 0;
      std::size_t told = 0;
      for (const Reading& reading : readings)
        if (reading.has_power()) {
          sum += static_cast<double>(reading.power());
          ++told;
        }
      view.mean_read = told == 0 ? kNan : sum / static_cast<double>(told);
    }
  }
  return view;
}

Nanoseconds typical_moment(const SensorView& view) {
  const auto& power = view.truth.values;
  if (power.empty()) return kSecond;
  const double most = *std::max_element(power.begin(), power.end());
  std::vector<std::size_t> on;
  for (std::size_t i = 0; i < power.size(); ++i)
    if (power[i] > 0.05 * most) on.push_back(i);
  if (on.empty()) return nanoseconds(view.truth.start);
  const auto middle = on.begin() + static_cast<std::ptrdiff_t>(on.size() / 2);
  std::nth_element(on.begin(), middle, on.end(), [&](auto a, auto b) { return power[a] < power[b]; });
  // In the middle of the second, on a whole number of 20 ms from power-up.
  return (static_cast<Nanoseconds>(*middle) + 1) * kSecond + kSecond / 2;
}

std::vector<std::pair<double, bool>> first_pulse(const Environment& environment, int port, Nanoseconds from,
                                                 Nanoseconds end) {
  constexpr Nanoseconds kRested = 50'000'000;  // no change for longer than any bounce: the pulse is over
  constexpr std::size_t kMostEdges = 2000;
  std::vector<std::pair<double, bool>> edges;
  bool level = environment.level(port, from);
  Nanoseconds last = from;
  for (Nanoseconds t = environment.next_edge(from); t < end; t = environment.next_edge(t)) {
    if (edges.size() > 1 && level && t - last > kRested) break;
    const bool now = environment.level(port, t);
    if (now == level) continue;
    if (edges.empty()) {
      if (now) {  // the rest of a pulse that began before
        level = now;
        continue;
      }
      edges.emplace_back(seconds(from), true);
    }
    level = now;
    last = t;
    edges.emplace_back(seconds(t), level);
    if (edges.size() > kMostEdges) break;
  }
  return edges;
}

}  // namespace flm::sim

#include "tools/fleet/curves.hpp"

#include <cmath>
#include <numbers>

namespace flm::fleet {
namespace {

enum : std::size_t { kettle, oven, washer, tap };

constexpr std::int64_t watt(std::int64_t power) { return power * 1'000'000 / 3'600; }

}  // namespace

// Steps of splitmix64 (Vigna).
std::uint64_t hash(std::uint64_t a, std::uint64_t b, std::uint64_t c) {
  std::uint64_t x = 0;
  for (const std::uint64_t each : {a, b, c}) {
    x += each + 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    x ^= x >> 31;
  }
  return x;
}

Curve::Curve(std::uint64_t house, int sensor, std::int64_t start)
    : house_(house),
      kind_(sensor % static_cast<int>(kinds.size())),
      time_(start),
      // 2 Wh a second since 2009: more than any house takes, so that a later start is never lower.
      counter_(((start - 1'230'768'000) * 2 + static_cast<std::int64_t>(hash(house, 1) % 1'000'000)) *
               1'000'000),
      noise_(hash(house, 2, static_cast<std::uint64_t>(sensor)) | 1) {}

bool Curve::is_on(std::size_t appliance, std::int64_t slot_s, int percent, std::int64_t least_s,
                  std::int64_t most_s) {
  Run& run = runs_[appliance];
  const std::int64_t slot = time_ / slot_s;
  if (slot != run.slot) {
    const std::uint64_t random = hash(house_, 10 + appliance, static_cast<std::uint64_t>(slot));
    run.slot = slot;
    run.begin = run.end = 0;
    if (is_day() && random % 100 < static_cast<std::uint64_t>(percent)) {
      const std::int64_t length = least_s + static_cast<std::int64_t>(random / 100) % (most_s - least_s + 1);
      run.begin = slot * slot_s + static_cast<std::int64_t>(random >> 40) % (slot_s - length);
      run.end = run.begin + length;
    }
  }
  return time_ >= run.begin && time_ < run.end;
}

std::int64_t Curve::fridge() {
  return (time_ + static_cast<std::int64_t>(hash(house_, 3) % 3'000)) % 3'000 < 900 ? 90 : 1;
}
std::int64_t Curve::kitchen() {
  std::int64_t power = 0;
  if (is_on(kettle, 1'800, 15, 120, 240)) power += 2'000;
  // Its thermostat: 55 s of each 90 s.
  if (is_on(oven, 7'200, 25, 1'500, 3'600) && (time_ - runs_[oven].begin) % 90 < 55) power += 2'200;
  return power;
}
std::int64_t Curve::laundry() {
  if (!is_on(washer, 14'400, 15, 3'600, 6'000)) return 0;
  const std::int64_t since = time_ - runs_[washer].begin;  // it heats, then it turns
  return since < 1'200 ? 2'000 : 120 + since / 7 % 4 * 60;
}
std::int64_t Curve::standby() {
  const auto base = static_cast<std::int64_t>(40 + hash(house_, 4) % 160);
  return hour() >= 17 && hour() < 23 ? base + static_cast<std::int64_t>(40 + hash(house_, 5) % 160) : base;
}
std::int64_t Curve::sun() {
  const std::int64_t since = time_ % 86'400 - 7 * 3'600;
  if (since <= 0 || since >= 12 * 3'600) return 0;
  // Clouds come and go by the minute.
  const std::int64_t minute = time_ / 60, part = time_ % 60;
  const auto clear = [this](std::int64_t of) {
    return static_cast<std::int64_t>(40 + hash(house_, 6, static_cast<std::uint64_t>(of)) % 60);
  };
  const std::int64_t sky = (clear(minute) * (60 - part) + clear(minute + 1) * part) / 60;
  const auto peak = static_cast<double>(2'000 + hash(house_, 7) % 3'000);
  return std::llround(peak * std::sin(std::numbers::pi * static_cast<double>(since) / 43'200)) * sky / 100;
}

std::int64_t Curve::millionths() {
  noise_ ^= noise_ << 13;
  noise_ ^= noise_ >> 7;
  noise_ ^= noise_ << 17;
  const auto noise = static_cast<std::int64_t>(noise_ % 8);
  switch (kind_) {
    case 0: return watt(fridge() + kitchen() + laundry() + standby() + noise);
    case 1: return watt(sun());
    case 2: return watt(fridge());
    case 3: return watt(kitchen());
    case 4: return is_on(tap, 900, 30, 15, 300) ? 110'000 + noise * 10'000 : 0;  // 7 to 11 L/min
    case 5:                                                                      // a boiler, 1.5 m3/h
      return (time_ + static_cast<std::int64_t>(hash(house_, 8) % 2'400)) % 2'400 < (is_day() ? 700 : 200)
                 ? 416'667
                 : 0;
    case 6: return watt(laundry());
    default: return watt(standby() + noise);
  }
}

history::Point Curve::next() {
  const history::Point point{time_, counter_ / 1'000'000 * 1'000};
  ++time_;
  counter_ += millionths();
  return point;
}

}  // namespace flm::fleet

// Time on a board's bus: whole nanoseconds, so that a simulated bus keeps exactly to what it is told.
#pragma once
#include <chrono>
#include <cmath>
#include <cstdint>

namespace flm::mainboard {

using namespace std::chrono_literals;

/// A span of time, or the time since a moment that the bus chooses.
using Time = std::chrono::nanoseconds;

/// Seconds, for arithmetic with what was measured.
inline double in_seconds(Time time) { return std::chrono::duration<double>(time).count(); }
/// The nearest whole nanosecond.
inline Time time_of(double seconds) { return Time{std::llround(seconds * 1e9)}; }

}  // namespace flm::mainboard

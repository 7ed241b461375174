// Simulated time: nanoseconds since power-up.
#pragma once
#include <cmath>
#include <cstdint>
#include <limits>

namespace flm::sim {

using Nanoseconds = std::int64_t;
inline constexpr Nanoseconds kNever = std::numeric_limits<Nanoseconds>::max();

constexpr double seconds(Nanoseconds t) { return static_cast<double>(t) / 1e9; }
inline Nanoseconds nanoseconds(double s) { return std::llround(s * 1e9); }

}  // namespace flm::sim

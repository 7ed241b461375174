// Milliseconds from ticks of the sample clock: one source of time for samples and pulses.
#pragma once
#include <stdint.h>

#include "protocol/attributes.hpp"

namespace flm {
namespace metering {

constexpr uint32_t greatest_common_divisor(uint32_t a, uint32_t b) { return b == 0 ? a : greatest_common_divisor(b, a % b); }

/// Counts milliseconds exactly: a tick is a rational number of them (FLM02A 5/32, FLM02B 4/25).
template <class Sampling>
class TickClock {
 public:
  static constexpr uint32_t divisor = greatest_common_divisor(Sampling::tick_cycles * 1000u, Sampling::cpu_hz);
  static constexpr uint32_t numerator = Sampling::tick_cycles * 1000u / divisor;
  static constexpr uint32_t denominator = Sampling::cpu_hz / divisor;
  static_assert(numerator < denominator && denominator < 128, "a tick must be a simple fraction of a millisecond");

  /// Interrupt: one tick has passed. True when a second has: every 1 000 ms from the first tick on.
  FLM_NODISCARD FLM_INLINE bool tick() {
    fraction_ = static_cast<uint8_t>(fraction_ + numerator);
    if (fraction_ < denominator) return false;
    fraction_ = static_cast<uint8_t>(fraction_ - denominator);
    ++milliseconds_;
    if (++in_second_ != 1000) return false;
    in_second_ = 0;
    return true;
  }

  /// Interrupt, or under a critical section: milliseconds since the first tick, modulo 2^32 (49.7 days).
  FLM_NODISCARD const uint32_t& milliseconds() const { return milliseconds_; }

  /// Ticks that are at least `tenths` tenths of a millisecond, at least 1, at most 255.
  FLM_NODISCARD static constexpr uint8_t ticks_of_tenths(uint16_t tenths) {
    const uint32_t ticks = (static_cast<uint32_t>(tenths) * denominator + 10u * numerator - 1) / (10u * numerator);
    return ticks == 0 ? 1 : ticks > 255 ? 255 : static_cast<uint8_t>(ticks);
  }
  /// Whole milliseconds of some ticks, rounded to the nearest.
  FLM_NODISCARD static constexpr uint8_t milliseconds_of(uint8_t ticks) {
    const uint16_t parts = static_cast<uint16_t>(ticks * static_cast<uint8_t>(numerator) + static_cast<uint8_t>(denominator / 2));
    return static_cast<uint8_t>(parts / static_cast<uint8_t>(denominator));
  }

 private:
  uint32_t milliseconds_ = 0;
  uint16_t in_second_ = 0;
  uint8_t fraction_ = 0;
};

}  // namespace metering
}  // namespace flm

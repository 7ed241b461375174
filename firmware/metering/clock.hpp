// Milliseconds from scans of the clamps: one source of time for samples and pulses.
#pragma once
#include <stdint.h>

#include "toolchain/attributes.hpp"

namespace flm {
namespace metering {

constexpr uint32_t greatest_common_divisor(uint32_t a, uint32_t b) {
  return b == 0 ? a : greatest_common_divisor(b, a % b);
}

/// Length of a board's first second; all others have 1 000 ms.
constexpr uint16_t first_second_ms = 900;

/// Counts milliseconds exactly: a scan (one sample of each clamp) is a rational number of them (FLM02A 15/32,
/// FLM02B 12/25).
template <class Sampling>
class ScanClock {
 public:
  static constexpr uint32_t scan_cycles = Sampling::clamps * Sampling::tick_cycles;
  static constexpr uint32_t divisor = greatest_common_divisor(scan_cycles * 1000u, Sampling::cpu_hz);
  static constexpr uint32_t numerator = scan_cycles * 1000u / divisor;
  static constexpr uint32_t denominator = Sampling::cpu_hz / divisor;
  static_assert(numerator < denominator && denominator < 128,
                "a scan must be a simple fraction of a millisecond");

  /// Before the first scan. A board's first second is short, so that a main board that powered up at the same
  /// time and asks on its own whole seconds finds a reading that is a tenth of a second old, not a whole one.
  void start(uint16_t first_ms = first_second_ms) { in_second_ = static_cast<uint16_t>(1000 - first_ms); }

  /// Interrupt: one scan has passed. True when a second has: `first_ms` from the first scan, then every 1 000
  /// ms.
  FLM_NODISCARD FLM_INLINE bool scan() {
    fraction_ = static_cast<uint8_t>(fraction_ + numerator);
    if (fraction_ < denominator) return false;
    fraction_ = static_cast<uint8_t>(fraction_ - denominator);
    ++milliseconds_;
    if (++in_second_ != 1000) return false;
    in_second_ = 0;
    return true;
  }

  /// Interrupt, or under a critical section: milliseconds since the first scan, modulo 2^32 (49.7 days).
  FLM_NODISCARD const uint32_t& milliseconds() const { return milliseconds_; }

  /// milliseconds() modulo 256; needs no critical section.
  FLM_NODISCARD uint8_t milliseconds_low() const {
    return *reinterpret_cast<const volatile uint8_t*>(&milliseconds_);
  }

  /// Scans that are at least `tenths` tenths of a millisecond; up to one less of several seconds.
  FLM_NODISCARD static constexpr uint16_t scans_of_tenths(uint16_t tenths) {
    constexpr uint16_t scans_a_tenth_q16 =
        static_cast<uint16_t>(65536u * denominator / (10u * numerator));  // too small by 2.5e-5
    return static_cast<uint16_t>((static_cast<uint32_t>(tenths) * scans_a_tenth_q16 + 65535u) >> 16);
  }
  /// Whole milliseconds of some scans, rounded to the nearest.
  FLM_NODISCARD static constexpr uint16_t milliseconds_of(uint16_t scans) {
    constexpr uint16_t milliseconds_a_scan_q16 = static_cast<uint16_t>(65536u * numerator / denominator);
    return static_cast<uint16_t>((static_cast<uint32_t>(scans) * milliseconds_a_scan_q16 + 0x8000u) >> 16);
  }

 private:
  uint32_t milliseconds_ = 0;
  uint16_t in_second_ = 0;
  uint8_t fraction_ = 0;
};

}  // namespace metering
}  // namespace flm

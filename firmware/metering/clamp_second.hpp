// A clamp's second in parts: what of its power counts when loads come and go, and how much of the signal is
// noise.
#pragma once
#include <stdint.h>

#include "firmware/metering/estimator.hpp"
#include "firmware/metering/integer.hpp"
#include "toolchain/attributes.hpp"

namespace flm {
namespace metering {

/// The main loop glances at a second's sums every half cycle of the mains or so. What has been added between
/// two glances, a window's sum of x, shows when a load was on: x is linear in the load, whatever part of a
/// window that was. For levels m of a load of one shape the square of the mean of m against the mean of m^2
/// is what counts of the second's mean square. All of it for a steady load; 30 % for one that is on for 30 %
/// of the second, whose root is taken while it is on.
class ClampSecond {
 public:
  /// Between two glances, in ms.
  static constexpr uint8_t period_ms = 10;

  /// Factor for glance(): 4 / samples in 1/65536, for 5 samples or more.
  FLM_NODISCARD static uint16_t per_sample(uint16_t samples) {
    return static_cast<uint16_t>(samples < 5 ? 0xCCCC : 0x40000u / samples);
  }
  /// A glance: the sum of y since the second began, modulo 2^16, and the newest y; per_sample() of the
  /// samples since the last one. A window of 2^15 counts and more (twice the usual length at 35 A) counts as
  /// less, and so what the second's share is held to.
  FLM_OUTLINE void glance(uint16_t sum, uint16_t last, uint16_t per_sample) {
    // And what the smoother holds, tau f_s y, where tau f_s is 4.0 with the boards' smoother.
    const uint16_t held = static_cast<uint16_t>(sum + 4 * last);
    const int16_t added = static_cast<int16_t>(held - held_);
    held_ = held;
    const int16_t level =
        added < 0 ? 0 : static_cast<int16_t>(multiply_16(static_cast<uint16_t>(added), per_sample) >> 16);
    // A load has come or gone in the window before if its level lies between its neighbours', a and c; it was
    // at them for parts of the window, and b (a + c) - a c is the mean of the squares.
    const int32_t more =
        multiply_signed(static_cast<int16_t>(newest_ - before_), static_cast<int16_t>(level - newest_));
    squares_ += static_cast<uint32_t>(multiply_signed(level, level));
    if (more > 0) squares_ += static_cast<uint32_t>(more);
    before_ = newest_;
    newest_ = level;
  }

  /// Ends the second, of so many samples and glances: what counts of its power. Its last window goes on in
  /// the next one. A difference of 1.6 % and 5/8 of a count is nothing: windows that are not half a cycle of
  /// a mains of 45 to 65 Hz, or that cut a peak in two, make as much of a steady load. While a load is off,
  /// noise that is cut off at code 0 has a mean of its own, 5/32 of a count, and a clamp's core gives back
  /// what it has taken up (1 degree of phase, 1 Hz): for one that is on for a tenth of the time 1.7 % of the
  /// reading.
  FLM_NODISCARD FLM_OUTLINE uint32_t share_q16(const ClampSums& sums, uint16_t samples, uint8_t glances) {
    if (sums.steps < 4096) learn_noise(static_cast<uint16_t>(sums.steps), sums.sum);
    held_ = static_cast<uint16_t>(held_ - sums.sum);
    if (glances == 0) return 0x10000;
    uint16_t counted_q5 = static_cast<uint16_t>((sums.sum << 5) / samples);
    const uint16_t steady_q5 = square_root((squares_ / glances) << 6);
    if (counted_q5 + (counted_q5 >> 8) * 4u + 20 >= steady_q5) return 0x10000;
    const uint16_t rest_q5 = static_cast<uint16_t>(((steady_q5 - counted_q5) * 2u + 1280u) >> 8);
    if (counted_q5 > rest_q5) counted_q5 = static_cast<uint16_t>(counted_q5 - rest_q5);
    return (static_cast<uint32_t>(counted_q5) << 16) / steady_q5;
  }

  /// Between share_q16() and the next glance: what the main loop makes of it.
  FLM_NODISCARD uint32_t& result() { return squares_; }

  /// The variance of noise and quantisation in 1/1024 count^2: what has been learned, or else `setting_q10`.
  FLM_NODISCARD uint16_t noise_q10(uint16_t setting_q10) const {
    return noise_q6_ == 0 ? setting_q10 : static_cast<uint16_t>(noise_q6_ << 4);
  }

 private:
  /// Learns the noise from a finished second, if it had no current: then the signal is noise that the
  /// converter cuts off at code 0, and its mean at most 5/8 of the mean square of its steps, which no
  /// current's is. For normal deviates of 0, 0.25, 0.5, 0.7, 1, 1.5 counts, rounded and cut off, the mean
  /// square of the steps is 0, 0.04, 0.28, 0.44, 0.79, 1.60 count^2, and the variance of the whole with 1/12
  /// for the rounding 0.08, 0.15, 0.33, 0.57, 1.08, 2.33: 1.44 times as much less 0.03, or a third of them
  /// and 0.11, to 0.05 count^2 (2 % of 0.25 A). The first such second counts, later ones move it by 1/64
  /// count^2.
  void learn_noise(uint16_t steps, uint32_t sum) {
    if (sum > static_cast<uint16_t>(steps - steps / 4 - steps / 8)) return;
    const uint8_t high = static_cast<uint8_t>(steps * 11u >> 8);  // 64 / 2 108 samples * 1.44 = 11 / 256
    uint8_t q6 = static_cast<uint8_t>(7 + steps / 64);
    if (high > q6 + 2) q6 = static_cast<uint8_t>(high - 2);
    if (noise_q6_ == 0 || noise_q6_ == q6)
      noise_q6_ = q6;
    else
      noise_q6_ = static_cast<uint8_t>(q6 > noise_q6_ ? noise_q6_ + 1 : noise_q6_ - 1);
  }

  uint32_t squares_ = 0;             ///< sum of the squared window levels
  uint16_t held_ = 0;                ///< level at the newest glance
  int16_t newest_ = 0, before_ = 0;  ///< the last two windows' levels, means of x in a quarter of a count
  uint8_t noise_q6_ = 0;             ///< learned, in 1/64 count^2; 0: not yet
};

}  // namespace metering
}  // namespace flm

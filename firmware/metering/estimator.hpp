// From a window's sums to the RMS of the clamp current, and from there to watts.
//
// The sampled signal y is the rectified current x after a first-order smoother (tau). In the mean square a
// first-order smoother can be undone with two sums and no filter:
//
//     E[x^2] = (E[y^2] - s^2) + (tau f_s)^2 g (E[(y_n - y_(n-1))^2] - 2 s^2)        s^2: variance of noise
//     and quantisation
//
// since y' = (x - y) / tau and the cross term of y and y' vanishes over a window. The difference of
// neighbouring samples is a little less than the derivative, by (sin a / a)^2 with a = pi f / f_s; g = 1.028
// makes it exact near 190 Hz, and shares the error out: a sine reads 0.09 % high, narrow peaks 2 % low.
//
// Volts times the RMS of a second is not the mean of a load that comes and goes within it: clamp_second.hpp.
//
// Without a smoother there is nothing to undo, and without a rectifier the mean is a bias:
// alternating_mean_square_q10.
//
// x is what the clamp passes on: a transformer passes no DC, and of a half wave 77 % of the RMS. Nothing here
// can see the rest.
//
// Samples cut off at full scale (a 50 A clamp from 40 A on) are used as they are, and the power reads low:
// 0.5 % at 41 A, 10 % at 50 A of a sine. Their share does not say what is missing: 30 % of them hide 3.6 % of
// a sine, 6.2 % of a triangle, 10 % of a phase cut, 1.7 % of a sine with a flat top. A correction made for a
// sine turns that -1.7 % into +2 %. So they are counted, and nothing is added.
//
// Near zero, where E[x^2] is the small difference of large noise terms, the mean, which is linear, takes over
// gradually: a sine of that mean is assumed (form factor pi / (2 sqrt 2)). Under the starting current the
// meter stands still.
#pragma once
#include <stdint.h>

#include "firmware/metering/integer.hpp"
#include "toolchain/attributes.hpp"

namespace flm {
namespace metering {

/// Largest code of the converter; a sample that reaches it may have been cut off.
constexpr uint16_t full_scale_code = 1023;

/// Square of the form factor of a rectified sine, pi^2 / 8, in 1/2^16.
constexpr uint32_t sine_form_factor_q16 = 80852;

/// Sums of one clamp over one window, made by the sampling interrupt.
struct ClampSums {
  uint32_t squares;   ///< sum of y^2
  uint32_t steps;     ///< sum of (y_n - y_(n-1))^2
  uint32_t sum;       ///< sum of y
  uint16_t clipped;   ///< samples at full_scale_code
  uint16_t last;      ///< the newest y, for the next step
  uint16_t smallest;  ///< y; largest possible before the first
  uint16_t largest;   ///< y
};

/// Calibration of a clamp input.
struct ClampCalibration {
  uint16_t tau_us;     ///< time constant of the smoother, 0..65535 us
  uint16_t noise_q10;  ///< s^2, variance of noise and quantisation, in 1/1024 count^2
  int16_t offset_q8;   ///< code at no current, in 1/256 count
};

/// Calibration of a board as it is delivered: the schematic's 1.91 kOhm and 1 uF; 0.5 count RMS of
/// noise and 1/12 of quantisation.
constexpr ClampCalibration uncalibrated = {1910, 341, 0};

/// Factor g of the method above, on the mean square of a step; the same on every board.
constexpr double difference_gain = 1.028;

/// (tau f_s)^2 g in 1/2^14 at a board's sampling rate a clamp.
template <class Sampling>
struct StepWeight {
  static constexpr double samples_per_second =
      static_cast<double>(Sampling::cpu_hz) / static_cast<double>(Sampling::tick_cycles) / Sampling::clamps;
  /// f_s^2 g in 1/s^2, times 1e-12 (tau is in us) 2^30: 4 digits are left, more than tau is known to.
  static constexpr uint16_t scale = static_cast<uint16_t>(
      samples_per_second * samples_per_second * difference_gain * 1e-12 * 1073741824.0 + 0.5);
  FLM_NODISCARD static uint32_t q14(uint16_t tau_us) {
    return multiply_q16(multiply_16(tau_us, tau_us), scale);
  }
};

/// a - b, or 0.
FLM_NODISCARD FLM_OUTLINE constexpr uint32_t what_exceeds(uint32_t a, uint32_t b) {
  return a > b ? a - b : 0;
}

/// Square of a number in 1/4096, in 1/1024.
FLM_NODISCARD FLM_OUTLINE constexpr uint32_t square_q10(uint32_t x_q12) {
  return multiply_q16(x_q12, x_q12 << 2);
}

/// Mean square of the rectified current before the smoother, in 1/1024 count^2 (saturating above 2^21
/// count^2: 1 448 counts RMS). `samples` > 0 is the number of samples in the sums, at most 4095;
/// `step_weight_q14` is StepWeight::q14(tau); `noise_q10` and `offset_q8` as in ClampCalibration. An offset
/// under code 0 is cut off by the converter while there is no current, and acts under load.
FLM_NODISCARD FLM_OUTLINE constexpr uint32_t mean_square_q10(const ClampSums& sums, uint16_t samples,
                                                             int16_t offset_q8, uint32_t step_weight_q14,
                                                             uint16_t noise_q10) {
  uint32_t level_q12 = mean_q12(sums.sum, samples);

  // E[(y - o)^2] = E[y^2] - E[y]^2 + (E[y] - o)^2: the variance, which rounding never makes negative, and
  // what is above the offset.
  uint32_t signal = (mean_q12(sums.squares, samples) >> 2) - square_q10(level_q12);
  if (level_q12 >= 0x1000 || offset_q8 >= 0) {
    const int32_t above_q12 = static_cast<int32_t>(level_q12) - static_cast<int32_t>(offset_q8) * 16;
    level_q12 = above_q12 < 0 ? 0 : static_cast<uint32_t>(above_q12);
  }
  const uint32_t level_square_q10 = square_q10(level_q12);
  // Signal terms, and what noise puts on top of them, each in 1/1024 count^2.
  signal += level_square_q10 + multiply_q16(mean_q12(sums.steps, samples), step_weight_q14);
  const uint32_t excess = noise_q10 + multiply_q16(static_cast<uint32_t>(noise_q10) << 3, step_weight_q14);
  uint32_t result = what_exceeds(signal, excess);

  // The mean as a witness, for q / (q + 3 s^2) < 1. Noise that the converter cuts off at code 0 has a mean of
  // its own, s / sqrt(2 pi). Above 2^14 count^2 nothing of this is left.
  if (result < 0x01000000u) {
    const uint16_t floor_q10 = static_cast<uint16_t>(multiply_16(noise_q10, 65536 / 6 + 1) >> 16);
    const uint32_t by_mean = multiply_q16(what_exceeds(level_square_q10, floor_q10), sine_form_factor_q16);
    const uint32_t handover_q10 = 3 * static_cast<uint32_t>(noise_q10);
    const uint32_t mean_share_q16 = ((handover_q10 << 8) / (result + handover_q10 + 1)) << 8;
    result = multiply_q16(result, 65536 - mean_share_q16) + multiply_q16(by_mean, mean_share_q16);
  }
  // Starting current: s / sqrt 2, with the default noise 0.41 count RMS, 20 mA of a 50 A clamp (IEC 62053-21,
  // 8.3: 0.4 % of a basic current of 5 A).
  return result < noise_q10 / 2u ? 0 : result;
}

/// Like mean_square_q10() above, with a board's calibration.
FLM_NODISCARD constexpr uint32_t mean_square_q10(const ClampSums& sums, uint16_t samples,
                                                 const ClampCalibration& calibration,
                                                 uint32_t step_weight_q14) {
  return mean_square_q10(sums, samples, calibration.offset_q8, step_weight_q14, calibration.noise_q10);
}

/// Like mean_square_q10(), for a signal that is neither rectified nor smoothed: alternating current around a
/// bias, such as a burden resistor at half the reference. The bias is what the mean says. `samples` and noise
/// as above.
FLM_NODISCARD constexpr uint32_t alternating_mean_square_q10(const ClampSums& sums, uint16_t samples,
                                                             uint16_t noise_q10) {
  // About a whole code m below the mean: sum (y - m)^2 = sum y^2 - m (2 sum y - n m), exact modulo 2^32, as
  // the result is under 2^32.
  const uint16_t code = static_cast<uint16_t>(sums.sum / samples);
  const uint32_t rest = sums.sum - multiply_16(samples, code);
  const uint32_t squares = sums.squares - code * (sums.sum + rest);
  const uint32_t variance_q10 = (mean_q12(squares, samples) >> 2) - square_q10(mean_q12(rest, samples));
  const uint32_t result = what_exceeds(variance_q10, noise_q10);
  return result < noise_q10 / 2u ? 0 : result;
}

/// Meter constant of an input on which so many watts are one count RMS (0 to 141 W), for power_q8. Not at run
/// time: floating point.
FLM_NODISCARD constexpr uint16_t meter_constant(double watts_per_count) {
  return static_cast<uint16_t>(watts_per_count / (2.4e-3 / 1.110721) + 0.5);
}

/// Power in 1/256 W from a mean square current and a meter constant (nWh per count and 1.5 ms sample, as
/// stock hosts set it; it is made for the mean of a rectified sine, so the RMS is divided by the form factor
/// of one). At most 2^23 W.
FLM_NODISCARD constexpr uint32_t power_q8(uint32_t mean_square_q10, uint16_t meter_constant) {
  if (mean_square_q10 == 0) return 0;
  // The root gives 16 good bits when its argument has 31 or 32.
  uint8_t shift = 0;
  while (mean_square_q10 < 0x40000000u) {
    mean_square_q10 <<= 2;
    ++shift;
  }
  const uint16_t root = square_root(mean_square_q10);  // RMS * 2^(5 + shift)
  // 1 nWh / 1.5 ms = 2.4 mW; 2.4e-3 / 1.110721 = 2.160758e-3 = 18126 / 2^23
  const uint32_t product = multiply_16(root, meter_constant);
  const uint32_t scaled = multiply_q16(product, 18126);  // W * 2^(12 + shift)
  return ((scaled >> (3 + shift)) + 1) >> 1;
}

}  // namespace metering
}  // namespace flm

#include "tools/calibration/fit/zero.hpp"

#include <fmt/format.h>

#include <cmath>
#include <numbers>

namespace flm::calibration {
namespace {

constexpr double quantisation = 1.0 / 12.0;  ///< variance of a rounded code, count^2
constexpr double ripple_of_sine =
    0.3;  ///< RMS over mean of a rectified sine of 50 Hz after the boards' smoother

double below(double x) { return 0.5 * std::erfc(-x / std::numbers::sqrt2); }

struct Moments {
  double mean, variance;
};

/// Codes of a Gaussian that the converter rounds, and cuts off at 0.
Moments codes_of(double offset, double sigma) {
  const int largest = static_cast<int>(std::ceil(std::max(offset, 0.0) + 8.0 * sigma)) + 1;
  double mean = 0, square = 0, before = below((0.5 - offset) / sigma);
  for (int code = 1; code <= largest; ++code) {
    const double upto = below((code + 0.5 - offset) / sigma);
    mean += code * (upto - before);
    square += static_cast<double>(code) * code * (upto - before);
    before = upto;
  }
  return {mean, square - mean * mean};
}

/// The offset that gives a mean, for a sigma.
double offset_for(double mean, double sigma) {
  double low = -8.0 * sigma - 1.0, high = mean + 1.0;
  for (int i = 0; i < 60; ++i) {
    const double middle = 0.5 * (low + high);
    (codes_of(middle, sigma).mean < mean ? low : high) = middle;
  }
  return 0.5 * (low + high);
}

}  // namespace

ZeroFit fit_zero(std::span<const RawWindow> windows) {
  double samples = 0, sum = 0, steps = 0, squares = 0, smallest = 1023, mean_square = 0;
  for (const RawWindow& window : windows) {
    if (window.samples <= 0) continue;
    samples += window.samples;
    sum += window.sum;
    steps += window.steps;
    squares += window.squares;
    smallest = std::min(smallest, window.smallest);
  }
  if (samples == 0)
    throw CalibrationError("no samples of the clamp: is its port switched to the analog front end?");
  const double mean = sum / samples, variance = std::max(squares / samples - mean * mean, 0.0);
  for (const RawWindow& window : windows)
    if (window.samples > 0) mean_square += std::pow(window.sum / window.samples - mean, 2);

  // Noise of neighbouring samples is independent: its steps have twice its variance. A rectified current
  // after the smoother is slow against the samples; its ripple is a third of its mean.
  const double ripple = variance - 0.5 * steps / samples;
  // Both estimates of a variance have a standard deviation of about 1 / sqrt(samples); five of them, and some
  // for hum.
  const double noticed = 5.0 * variance * std::sqrt(3.0 / samples) + 0.005;
  if (ripple > noticed)
    throw CalibrationError(fmt::format(
        "a current flows: the codes' mean is {:.2f} and their ripple {:.2f} counts RMS; open the clamp or "
        "switch the load off",
        mean, std::sqrt(ripple)));
  ZeroFit fit;
  fit.offset = mean;
  fit.variance = variance;
  fit.least_mean = std::sqrt(noticed) / ripple_of_sine;
  fit.cut_off = smallest < 0.5 && mean > 1e-4;
  if (fit.cut_off) {
    double low = 0.02, high = 30.0;
    for (int i = 0; i < 60; ++i) {
      const double sigma = 0.5 * (low + high);
      (codes_of(offset_for(mean, sigma), sigma).variance < variance ? low : high) = sigma;
    }
    fit.offset = offset_for(mean, low);
    fit.variance = low * low + quantisation;
  } else if (smallest < 0.5) {
    fit.offset = 0;  // every code is 0: how far below it the input lies is not to be seen
    fit.variance = quantisation;
  } else if (fit.variance < quantisation) {
    fit.variance = quantisation;
  }
  fit.offset_uncertainty =
      2.0 *
      std::sqrt(fit.variance / samples + mean_square / static_cast<double>(windows.size() * windows.size()));
  if (std::abs(fit.offset) >= 128.0)
    throw CalibrationError(fmt::format(
        "the code at no current is {:.0f}; allowed: below 128. Is a clamp plugged in and its load off?",
        fit.offset));
  if (fit.variance >= 64.0)
    throw CalibrationError(fmt::format(
        "the noise is {:.1f} counts RMS; allowed: below 8. Is the clamp's cable next to a transmitter?",
        std::sqrt(fit.variance)));
  fit.offset_q8 = static_cast<std::int16_t>(std::lround(fit.offset * 256.0));
  // A second's noise has a variance that differs by sqrt(3 / samples) of it, and what exceeds the setting is
  // read as power, thirtyfold for the smoother: two such deviations more keep a second without load at 0 W.
  // Noise that is cut off at code 0 has that room already.
  const double a_second = samples / static_cast<double>(windows.size());
  const double noise = std::max(fit.variance, variance * (1.0 + 2.0 * std::sqrt(3.0 / a_second)));
  fit.noise_q10 = static_cast<std::uint16_t>(std::min(std::lround(noise * 1024.0), 65535L));
  return fit;
}

}  // namespace flm::calibration

#include "tools/calibration/fit/shape.hpp"

#include <fmt/format.h>

#include <cmath>
#include <numbers>
#include <vector>

#include "firmware/metering/estimator.hpp"

namespace flm::calibration {
namespace {

constexpr double pi = std::numbers::pi;

/// Ripple of a signal whose mean is 1.
struct Ripple {
  double variance = 0, step_square = 0;
};

/// A rectified sine after the smoother: harmonics 2k of the mains, of amplitude 2 / (4 k^2 - 1) before it.
Ripple of_sine(double tau, const ShapeInput& input) {
  Ripple ripple;
  for (int k = 1; k <= 100; ++k) {
    const double omega = 4.0 * pi * input.mains_hz * k;
    const double amplitude = 2.0 / (4.0 * k * k - 1.0);
    const double square = amplitude * amplitude / (1.0 + omega * omega * tau * tau);
    ripple.variance += square / 2.0;
    ripple.step_square += square * (1.0 - std::cos(omega / input.samples_per_second));
  }
  return ripple;
}

/// Mean square as the firmware computes it.
double mean_square(const Ripple& ripple, double tau, const ShapeInput& input) {
  const double weight =
      tau * tau * input.samples_per_second * input.samples_per_second * metering::difference_gain;
  return 1.0 + ripple.variance + weight * ripple.step_square;
}

/// The tau with which the firmware gives this signal what it gives a sine after a smoother of that tau
/// (which is 0.2 % more than its RMS; estimator.hpp says why). Nothing when there is none.
double solve_steps(const Ripple& ripple, const ShapeInput& input) {
  const auto excess = [&](double tau) {
    return mean_square(ripple, tau, input) - mean_square(of_sine(tau, input), tau, input);
  };
  double low = 1e-5, high = 0.02;
  if (excess(low) > 0 || excess(high) < 0) return std::nan("");
  for (int i = 0; i < 50; ++i) {
    const double middle = 0.5 * (low + high);
    (excess(middle) < 0 ? low : high) = middle;
  }
  return 0.5 * (low + high);
}

/// The tau that leaves a sine this much ripple.
double solve_variance(double variance, const ShapeInput& input) {
  double low = 1e-5, high = 0.02;
  for (int i = 0; i < 50; ++i) {
    const double middle = 0.5 * (low + high);
    (of_sine(middle, input).variance > variance ? low : high) = middle;
  }
  return 0.5 * (low + high);
}

}  // namespace

ShapeFit fit_shape(std::span<const RawWindow> windows, const ShapeInput& input, double tau_before_s) {
  constexpr std::size_t fewest = 3;
  if (windows.size() < fewest)
    throw CalibrationError(
        fmt::format("{} seconds of the clamp; at least {} are needed", windows.size(), fewest));
  std::vector<double> taus;
  double mean_sum = 0, mean_least = 1e9, mean_most = 0, by_variance = 0, before = 0;
  for (const RawWindow& window : windows) {
    if (window.samples <= 0)
      throw CalibrationError("no samples of the clamp: is its port switched to the analog front end?");
    const double mean = window.sum / window.samples - input.offset;
    if (mean < least_shape_mean)
      throw CalibrationError(fmt::format(
          "too little current: the codes' mean is {:.1f}; at least {:.0f} are needed, 1.6 A on a 50 A clamp",
          mean, least_shape_mean));
    if (window.clipped > 0)
      throw CalibrationError(
          fmt::format("too much current: {:.0f} of {:.0f} samples are at the converter's full scale; {}",
                      window.clipped, window.samples, range_sentence));
    Ripple ripple;
    ripple.variance =
        (window.squares / window.samples - std::pow(window.sum / window.samples, 2) - input.variance) /
        (mean * mean);
    ripple.step_square = (window.steps / window.samples - 2.0 * input.variance) / (mean * mean);
    taus.push_back(solve_steps(ripple, input));
    by_variance += solve_variance(ripple.variance, input) / static_cast<double>(windows.size());
    before += std::sqrt(mean_square(ripple, tau_before_s, input)) / static_cast<double>(windows.size());
    mean_sum += mean;
    mean_least = std::min(mean_least, mean);
    mean_most = std::max(mean_most, mean);
  }
  ShapeFit fit;
  const auto count = static_cast<double>(windows.size());
  fit.mean = mean_sum / count;
  if (mean_most - mean_least > 0.05 * fit.mean)
    throw CalibrationError(
        fmt::format("the load changed: the codes' mean went from {:.0f} to {:.0f}; allowed: within 5 %",
                    mean_least, mean_most));
  for (const double tau : taus) fit.tau_s += tau / count;
  // A sine's ripple and a sine's steps give the same tau; those of a triangle, which is the next to it,
  // differ by 1.8 % and more.
  if (!(std::abs(by_variance / fit.tau_s - 1.0) < 0.015))
    throw CalibrationError(
        "the current is not a sine of the given --mains: its ripple and its steps do not belong together; "
        "needed: a resistive load alone on the "
        "conductor, a kettle or a heater without a dimmer");
  double squares = 0;
  for (const double tau : taus) squares += (tau - fit.tau_s) * (tau - fit.tau_s);
  fit.uncertainty_s = 2.0 * std::sqrt(squares / (count - 1.0) / count) + 0.5e-6;
  fit.tau_us = static_cast<std::uint16_t>(std::lround(fit.tau_s * 1e6));
  fit.ratio_before = before;
  const Ripple sine = of_sine(fit.tau_s, input);
  fit.ratio_after = std::sqrt(mean_square(sine, fit.tau_us * 1e-6, input));
  fit.uncertainty =
      std::sqrt(mean_square(sine, fit.tau_us * 1e-6 + fit.uncertainty_s, input)) / fit.ratio_after - 1.0;
  return fit;
}

}  // namespace flm::calibration

// The time constant of a clamp's smoother, from a resistive load: there the true RMS is 1.1107 times the
// mean.
#pragma once
#include <cstdint>
#include <span>

#include "tools/calibration/fit/reading.hpp"

namespace flm::calibration {

/// Conditions of a fit: the clamp input, and the mains.
struct ShapeInput {
  double samples_per_second = 0;  ///< of a clamp
  double offset = 0;              ///< code at no current, counts
  double variance = 0;            ///< of noise and quantisation, count^2
  double mains_hz = 50.0;
};

struct ShapeFit {
  double tau_s = 0;
  double uncertainty_s = 0;  ///< 95 %, from what the seconds differ by
  std::uint16_t tau_us = 0;  ///< as `st` takes it
  double ratio_before = 0;   ///< RMS to mean as the board computes it with the tau it has; a sine: 1.1107
  double ratio_after = 0;    ///< with the new one
  double uncertainty = 0;    ///< of ratio_after, relative, 95 %: what uncertainty_s costs a sine
  double mean = 0;           ///< counts
};

/// From at least three windows; `tau_before_s`: what the board has. Throws CalibrationError: too little or
/// too much current, a load that changed, or one that is not resistive.
ShapeFit fit_shape(std::span<const RawWindow>, const ShapeInput&, double tau_before_s);

/// Least mean that tells a shape: 30 counts, 1.6 A of a 50 A clamp.
inline constexpr double least_shape_mean = 30.0;

}  // namespace flm::calibration

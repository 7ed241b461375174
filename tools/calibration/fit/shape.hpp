// The time constant of a clamp's smoother, from a resistive load: there the true RMS is 1.1107 times the
// mean.
#pragma once
#include <cstdint>
#include <span>

#include "tools/calibration/fit/reading.hpp"

namespace flm::calibration {

/// Conditions of a fit: the clamp input, and the mains.
struct ShapeInput {
  double samples_per_second = 0;  ///< rate of each clamp
  double offset = 0;              ///< code at no current, counts
  double variance = 0;            ///< variance of noise and quantisation, count^2
  double mains_hz = 50.0;
};

struct ShapeFit {
  double tau_s = 0;
  double uncertainty_s = 0;  ///< 95 %, from the spread of the seconds
  std::uint16_t tau_us = 0;  ///< as `st` takes it
  double ratio_before = 0;   ///< RMS to mean as the board computes it with the tau it has; a sine: 1.1107
  double ratio_after = 0;    ///< with the new one
  double uncertainty = 0;    ///< that of ratio_after, relative, 95 %: a sine's, from uncertainty_s
  double mean = 0;           ///< counts
};

/// From at least three windows; `tau_before_s`: the board's setting. Throws CalibrationError: too little or
/// too much current, a load that changed, or one that is not resistive.
ShapeFit fit_shape(std::span<const RawWindow>, const ShapeInput&, double tau_before_s);

/// Least mean that shows a shape: 30 counts, 1.6 A of a 50 A clamp.
inline constexpr double least_shape_mean = 30.0;

}  // namespace flm::calibration

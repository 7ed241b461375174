// A clamp input's offset and noise, from seconds in which no current flowed.
#pragma once
#include <cstdint>
#include <span>

#include "tools/calibration/fit/reading.hpp"

namespace flm::calibration {

struct ZeroFit {
  double offset = 0;              ///< code at no current, counts
  double variance = 0;            ///< variance of noise and quantisation, count^2
  double offset_uncertainty = 0;  ///< 95 %, counts
  double least_mean = 0;          ///< mean of the smallest current that would have been noticed, counts
  bool cut_off =
      false;  ///< some noise lies below code 0: offset and variance are those of the whole distribution
  std::int16_t offset_q8 = 0;   ///< as `so` takes it
  std::uint16_t noise_q10 = 0;  ///< as `sn` takes it: the variance, and room for the spread of the seconds
};

/// From at least one window. Throws CalibrationError: a current flows, an offset or noise that the settings
/// do not hold.
ZeroFit fit_zero(std::span<const RawWindow>);

}  // namespace flm::calibration

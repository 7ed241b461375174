// A clamp's gain from a power that a person read somewhere else.
#pragma once
#include <span>
#include <string_view>

#include "tools/calibration/fit/reading.hpp"

namespace flm::calibration {

/// A power with the half step of its last digit.
struct ReferencePower {
  double watt = 0;
  double half_step = 0;  ///< W
};

/// "1874W", "1874", "1.874kW". Throws CalibrationError on anything else, and on what is not above zero.
ReferencePower parse_reference(std::string_view text);

struct GainFit {
  double ratio = 1;  ///< what the readings have to be multiplied by
  double uncertainty =
      0;                 ///< of the ratio, relative, 95 %: the readings' mean and the reference's last digit
  double mean = 0;       ///< of the readings, W
  double variation = 0;  ///< of the load: standard deviation over mean
  bool varies =
      false;  ///< by more than 2 %: the person who read the reference saw another load than the mean
};

/// From at least five readings, a second each. Throws CalibrationError: too few, no load, a ratio that is a
/// mistake.
GainFit fit_gain(std::span<const double> watts, ReferencePower);

}  // namespace flm::calibration

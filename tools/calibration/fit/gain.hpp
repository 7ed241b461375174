// A clamp's gain from a reference power that the user read.
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

/// "1874W", "1874", "1.874kW". Throws CalibrationError for anything else, and unless it is above zero.
ReferencePower parse_reference(std::string_view text);

struct GainFit {
  double ratio = 1;  ///< factor that corrects the readings
  double uncertainty =
      0;            ///< the ratio's, relative, 95 %: from the readings' mean and the reference's last digit
  double mean = 0;  ///< mean of the readings, W
  double variation = 0;  ///< standard deviation over mean of the readings
  bool varies = false;   ///< by more than 2 %: the reference was read at a different load than the mean
};

/// From at least five readings, a second each. Throws CalibrationError: too few, no load, a ratio that is a
/// mistake.
GainFit fit_gain(std::span<const double> watts, ReferencePower);

}  // namespace flm::calibration

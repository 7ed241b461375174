// Change of a clamp's meter constant by a measured gain.
#pragma once
#include <cstdint>

namespace flm::calibration {

/// A meter constant before and after. Power and energy are proportional to it.
struct ConstantChange {
  std::uint16_t before = 0, after = 0;  ///< nWh per count and 1.5 ms
  double error_before = 0;  ///< relative error of the readings with `before`: 0.05 means 5 % too high
  double error_after = 0;   ///< rest of it, from rounding to whole numbers
};

/// `ratio`: the factor that corrects the readings. Throws CalibrationError when the constant does not
/// fit 16 bits or is 0.
ConstantChange change_constant(std::uint16_t before, double ratio);

/// Throws CalibrationError for a ratio below 0.5 or above 2: a mistake. `clamp` and `reference`: their
/// readings, W.
void check_ratio(double clamp, double reference);

}  // namespace flm::calibration

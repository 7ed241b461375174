// A clamp's meter constant: what a gain that was found does to it.
#pragma once
#include <cstdint>

namespace flm::calibration {

/// A meter constant before and after. Power and energy are proportional to it.
struct ConstantChange {
  std::uint16_t before = 0, after = 0;  ///< nWh per count and 1.5 ms
  double error_before = 0;              ///< of the readings with `before`: 0.05 means 5 % too high
  double error_after = 0;               ///< what whole numbers leave of it
};

/// `ratio`: what the readings have to be multiplied by. Throws CalibrationError when the constant does not
/// fit 16 bits or is 0.
ConstantChange change_constant(std::uint16_t before, double ratio);

/// Complains about a ratio that is no calibration but a mistake: below 0.5 or above 2. `clamp` and
/// `reference`: what each says, W.
void check_ratio(double clamp, double reference);

}  // namespace flm::calibration

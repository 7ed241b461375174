// What calibrations are made from, and what they complain with.
#pragma once
#include <stdexcept>

namespace flm::calibration {

/// A clamp's second, raw: what `ga` answers (protocol/README.md, "Reports"). Codes are 0 to 1 023.
struct RawWindow {
  double samples = 0, smallest = 0, largest = 0, last = 0;
  double clipped = 0;                      ///< samples at full scale
  double sum = 0, steps = 0, squares = 0;  ///< of the codes, of the squares of their differences, of their squares
};

/// Readings that no setting can be taken from: a sentence for a person, with what was found and what is needed.
class CalibrationError : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// A share as a person reads it.
inline double percent(double share) { return share * 100.0; }

}  // namespace flm::calibration

// A clamp's raw second, CalibrationError, and how shares are printed.
#pragma once
#include <fmt/format.h>

#include <cmath>
#include <stdexcept>
#include <string>

namespace flm::calibration {

/// A clamp's raw second, the reply to `ga` (protocol/README.md, "Reports"). Codes are 0 to 1 023.
struct RawWindow {
  double samples = 0, smallest = 0, largest = 0, last = 0;
  double clipped = 0;  ///< samples at full scale
  double sum = 0, steps = 0,
         squares = 0;  ///< sums of the codes, of their squared differences, of their squares
};

/// Readings that give no setting. The message is a sentence: what was found and what is needed.
class CalibrationError : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Sentence about the end of a clamp's range. The smoothed wave of a sine at a clamp's full scale has its
/// crest at about 1 320 of 1 023 codes; it reads 0.5 % low at 82 % of full scale, 10 % at all of it.
inline constexpr const char* range_sentence =
    "the range of a clamp ends at 82 % of its full scale for a sine, about 41 A for a 50 A clamp; above it "
    "reads low";

/// A share in percent.
inline double percent(double share) { return share * 100.0; }
/// An error in percent, with its sign unless it is 0.00.
inline std::string signed_percent(double share) {
  return std::abs(share) < 5e-5 ? "0.00 %" : fmt::format("{:+.2f} %", percent(share));
}
/// An uncertainty in percent, with three decimals if it is small.
inline std::string bounds(double share) {
  return fmt::format("{:.{}f} %", percent(share), share < 0.001 ? 3 : 2);
}

}  // namespace flm::calibration

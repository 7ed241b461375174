// A clamp's raw second, CalibrationError, and how shares are printed.
#pragma once
#include <fmt/format.h>

#include <cmath>
#include <stdexcept>
#include <string>

namespace flm::calibration {

/// A clamp's second, raw: what `ga` answers (protocol/README.md, "Reports"). Codes are 0 to 1 023.
struct RawWindow {
  double samples = 0, smallest = 0, largest = 0, last = 0;
  double clipped = 0;  ///< samples at full scale
  double sum = 0, steps = 0,
         squares = 0;  ///< of the codes, of the squares of their differences, of their squares
};

/// Readings that no setting can be taken from: a sentence for a person, with what was found and what is
/// needed.
class CalibrationError : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Where a clamp's range ends, for a person. The smoothed wave of a sine at a clamp's full scale has its
/// crest at about 1 320 of 1 023 codes; it reads 0.5 % low at 82 % of full scale, 10 % at all of it.
inline constexpr const char* range_sentence =
    "the range of a clamp ends at 82 % of its full scale for a sine, about 41 A for a 50 A clamp; above it "
    "reads low";

/// A share as a person reads it.
inline double percent(double share) { return share * 100.0; }
/// An error: with its sign, unless it is nothing.
inline std::string signed_percent(double share) {
  return std::abs(share) < 5e-5 ? "0.00 %" : fmt::format("{:+.2f} %", percent(share));
}
/// An uncertainty: three digits after the point when it is small.
inline std::string bounds(double share) {
  return fmt::format("{:.{}f} %", percent(share), share < 0.001 ? 3 : 2);
}

}  // namespace flm::calibration

#include "tools/calibration/fit/constant.hpp"

#include <fmt/format.h>

#include <cmath>

#include "tools/calibration/fit/reading.hpp"

namespace flm::calibration {

ConstantChange change_constant(std::uint16_t before, double ratio) {
  const double wanted = std::round(before * ratio);
  if (!(wanted >= 1.0 && wanted <= 65535.0))
    throw CalibrationError(fmt::format("the meter constant {} times {:.4f} is {:.0f}; allowed: 1 to 65535",
                                       before, ratio, wanted));
  ConstantChange change;
  change.before = before;
  change.after = static_cast<std::uint16_t>(wanted);
  change.error_before = 1.0 / ratio - 1.0;
  change.error_after = wanted / (before * ratio) - 1.0;
  return change;
}

void check_ratio(double clamp, double reference) {
  const double ratio = reference / clamp;
  if (ratio >= 0.5 && ratio <= 2.0) return;
  throw CalibrationError(fmt::format(
      "the clamp reads {:.0f} W where the reference says {:.0f} W; allowed: half to twice. Does the clamp "
      "enclose "
      "one conductor, of the phase "
      "that the reference measures, with its lips closed? Are the sensor's clamp and voltage the right ones?",
      clamp, reference));
}

}  // namespace flm::calibration

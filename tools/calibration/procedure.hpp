// Guided calibrations: measure, say what would change and what error is expected after, ask, set, read back,
// commit, verify.
#pragma once
#include <optional>
#include <stdexcept>
#include <string>

#include "tools/calibration/fit/comparison.hpp"
#include "tools/calibration/fit/gain.hpp"
#include "tools/calibration/record.hpp"
#include "tools/calibration/session.hpp"

namespace flm::calibration {

struct Options {
  int sensor = 0;              ///< 1..6; 0: the only clamp sensor
  int seconds = 10;            ///< of readings, for zero, gain and shape; 5 to 600
  double mains_hz = 50.0;      ///< 50 or 60
  double uncertainty = 0.003;  ///< to be reached by a comparison, relative
  double limit_s = 3600.0;     ///< longest comparison
};

/// Settings that could not be put back, named in a sentence. The error that caused the roll-back is nested
/// inside.
class NotPutBack : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Each gives the record of what was done, or nothing when the person said no: then nothing has changed. Each
/// throws CalibrationError when the readings give no calibration, or the next readings do not bear it out;
/// what was set is set back then, as after anything else that goes wrong, or it throws NotPutBack.

/// No load: offset and noise of each of the sensor's clamps.
std::optional<Record> calibrate_zero(Board&, Dialogue&, const Options&);
/// A power that was read elsewhere: the meter constant.
std::optional<Record> calibrate_gain(Board&, Dialogue&, const Options&, ReferencePower);
/// A resistive load: the smoothers' time constants.
std::optional<Record> calibrate_shape(Board&, Dialogue&, const Options&);
/// Another sensor (1..6) that counts the same energy: pulses of an S0 meter, or a smart meter's register.
enum class Meter { pulse, p1 };
std::optional<Record> calibrate_against(Board&, Dialogue&, const Options&, Meter, int reference);

}  // namespace flm::calibration

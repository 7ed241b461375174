// The clamp and its front end: facts of this project's hardware.
#pragma once
#include <stdint.h>

#include "firmware/metering/estimator.hpp"

namespace own {

/// A current transformer of 100 A : 50 mA with 33 ohm across it, one end at half of the 5 V that are also the
/// converter's reference.
constexpr double turns = 2000, burden_ohm = 33, reference_v = 5, codes = 1024;
constexpr double amps_per_count = reference_v / codes / burden_ohm * turns;
/// Voltage that the power is computed with: nothing measures the mains.
constexpr double mains_v = 230;
constexpr uint16_t meter_constant = flm::metering::meter_constant(amps_per_count * mains_v);

/// Variance of noise and quantisation, 1/1024 count^2: half a count RMS, and the 1/12 of rounding.
constexpr uint16_t noise_q10 = 341;

}  // namespace own

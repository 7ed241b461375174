// The meter constant that a stock host gives a clamp.
#pragma once
#include <cmath>

namespace flm {

/// The clamps that there are: RMS of a full-scale sine, A.
inline constexpr int clamp_currents[] = {50, 100, 250, 500};

/// What 16 bits on the link hold.
inline constexpr double largest_meter_constant = 65535.0;

/// nWh per count and 1.5 ms sample of a clamp of `current` A at `voltage` V: floor(0.449 V A).
inline double clamp_meter_constant(double voltage, double current) { return std::floor(0.449 * voltage * current); }

/// The highest whole voltage whose meter constant fits.
inline double highest_voltage(double current) { return std::floor(largest_meter_constant / 0.449 / current); }

}  // namespace flm

// The meter constants that a stock host gives a clamp, and a pulse sensor.
#pragma once
#include <cmath>
#include <cstdint>
#include <optional>

#include "firmware/metering/settings.hpp"  // thousandths, largest_divisor

namespace flm {

/// The clamps that there are: RMS of a full-scale sine, A.
inline constexpr int clamp_currents[] = {50, 100, 250, 500};

/// Largest number of 16 bits on the link.
inline constexpr double largest_meter_constant = 65535.0;

/// nWh per count and 1.5 ms sample of a clamp of `current` A at `voltage` V: floor(0.449 V A).
inline double clamp_meter_constant(double voltage, double current) {
  return std::floor(0.449 * voltage * current);
}

/// The highest whole voltage whose meter constant fits.
inline double highest_voltage(double current) { return std::floor(largest_meter_constant / 0.449 / current); }

/// Amount per pulse, as on the link (`sm`, `sf`): constant + fraction / 1000 up to a fraction of 999,
/// constant / fraction from 1001 to 4095.
struct PulseConstant {
  std::uint32_t constant = 0, fraction = 0;

  [[nodiscard]] bool divides() const { return fraction > metering::thousandths; }
  /// Wh or litre per pulse.
  [[nodiscard]] double per_pulse() const {
    return divides() ? static_cast<double>(constant) / fraction : constant + fraction / 1000.0;
  }
  /// True if both are exactly the same amount per pulse.
  [[nodiscard]] bool equals(const PulseConstant& other) const {
    return numerator() * other.denominator() == other.numerator() * denominator();
  }

 private:
  [[nodiscard]] std::uint64_t numerator() const {
    return divides() ? constant : std::uint64_t{constant} * metering::thousandths + fraction;
  }
  [[nodiscard]] std::uint64_t denominator() const { return divides() ? fraction : metering::thousandths; }
};

/// The constant that counts `per_pulse` Wh or litre without drift: whole thousandths, which every firmware
/// knows, else a fraction, of 1000 Wh where that goes. Nothing when a board cannot be set to it. What a
/// double cannot hold, a billionth, is ignored.
inline std::optional<PulseConstant> pulse_constant(double per_pulse) {
  const auto whole = [](double value) { return std::abs(value - std::round(value)) <= 1e-9 * value; };
  const double parts = per_pulse * metering::thousandths;
  if (const double nearest = std::round(parts);
      nearest >= 1.0 && std::abs(parts - nearest) <= 1e-6 &&
      nearest < (largest_meter_constant + 1.0) * metering::thousandths) {
    const auto n = static_cast<std::uint32_t>(nearest);
    return PulseConstant{n / metering::thousandths, n % metering::thousandths};
  }
  const auto fits = [&](std::uint32_t divisor) {
    const double constant = per_pulse * divisor;
    return constant >= 0.5 && constant < largest_meter_constant + 0.5 && whole(constant);
  };
  const auto of = [&](std::uint32_t divisor) {
    return PulseConstant{static_cast<std::uint32_t>(std::lround(per_pulse * divisor)), divisor};
  };
  const double pulses_a_kwh = std::round(1000.0 / per_pulse);
  if (pulses_a_kwh > metering::thousandths && pulses_a_kwh <= metering::largest_divisor &&
      fits(static_cast<std::uint32_t>(pulses_a_kwh)))
    return of(static_cast<std::uint32_t>(pulses_a_kwh));
  for (std::uint32_t divisor = metering::thousandths + 1; divisor <= metering::largest_divisor; ++divisor)
    if (fits(divisor)) return of(divisor);
  return std::nullopt;
}

}  // namespace flm

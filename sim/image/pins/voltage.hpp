// The supply's voltage against the clock that it allows (data sheet 8271, 29.3, figure 29-1).
#pragma once
#include <functional>

#include "sim/image/chip/chip.hpp"

namespace flm::sim {

/// V below which the CPU must not run at a clock: 1.8 up to 4 MHz, 2.7 at 10 MHz, 4.5 at 20 MHz, linear
/// between. 16 MHz: 3.78.
double lowest_voltage(double cpu_hz);

/// Watches that the CPU's clock is one that the voltage allows, and otherwise warns and does harm, once for
/// each time that it is too fast. What the CPU does below its voltage is not known; what is to be feared is a
/// write to the EEPROM (8.4.2).
class Voltage {
 public:
  /// V at which reset is released, at power-up, and the brown-out detector of both boards' fuses stops the
  /// CPU.
  static constexpr double reset_release = 1.8;

  Voltage(Chip&, std::function<void()> harm);

  /// Reset is released: from now on the supply rises by some V a second, from reset_release to 5 V.
  void rise(double volts_per_second);
  /// The supply is at most this, from now on.
  void limit(double volts);
  /// The supply falls from what it is below reset_release, faster than the program could notice.
  void collapse();

  /// True from rise() until the limit is reached.
  [[nodiscard]] bool rises() const { return at(chip_.now()) < limit_; }
  /// V of the supply at a time since it began to rise.
  [[nodiscard]] double at(CrystalTime) const;

 private:
  void look();
  void too_fast(double volts);

  Chip& chip_;
  std::function<void()> harm_;
  Event crossing_;  ///< the rising voltage crosses the lowest one for the clock
  static constexpr double full = 5.0;
  double limit_ = full, volts_per_second_ = 0.0;
  CrystalTime released_ = 0;
  bool ramp_ = false;  ///< else it is at its limit
  bool too_fast_ = false;
};

}  // namespace flm::sim

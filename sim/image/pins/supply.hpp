// The supply as the analog comparator sees it: 5 V through a divider on AIN1, against the 1.1 V bandgap.
#pragma once
#include "sim/image/chip/chip.hpp"

namespace flm::sim {

/// Both boards divide 5 V by 75k / 22k and let the comparator capture with timer 1 when it falls below about
/// 4.85 V. Completes the emulator's comparator (data sheet, chapter 23) and capture unit (16.6): read-only
/// ACO, the noise canceler, wiring after a reset.
class Supply {
 public:
  explicit Supply(Chip&);

  /// Below or above the comparator's threshold, from now on.
  void set_low(bool low);

 private:
  enum : std::uint8_t { aco = 0x20, aci = 0x10, acic = 0x04, icnc1 = 0x80 };

  void connect();
  void disconnect_capture() const;
  void raise_divider() const;
  void write_control(std::uint16_t address, std::uint8_t value);
  void output(std::uint32_t high);
  void capture();

  Chip& chip_;
  Chip::WriteHook control_;
  Event canceler_;
  bool low_ = false;
  bool output_ = false;  ///< output of the comparator
};

}  // namespace flm::sim

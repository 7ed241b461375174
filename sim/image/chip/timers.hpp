// Timers 0 and 1: what the emulator leaves out of a change of their prescaler.
#pragma once
#include <array>
#include <cstdint>

#include "sim/image/chip/chip.hpp"

namespace flm::sim {

/// A timer that gets a different clock counts on from where it was (data sheet, 15.5 and 17.3); the
/// emulator's counts anew.
class Timers {
 public:
  explicit Timers(Chip&);

 private:
  struct Timer {
    std::uint16_t control, counter;  ///< addresses of TCCRnB, and of TCNTn or its low byte
    bool wide;
    Chip::WriteHook write_control;
  };
  void write(std::uint16_t address, std::uint8_t value);

  Chip& chip_;
  std::array<Timer, 2> timers_ = {{{0x45, 0x46, false, {}}, {reg::tccr1b, 0x84, true, {}}}};
};

}  // namespace flm::sim

// The register CLKPR (data sheet 9.12.2): the CPU's clock is the crystal's divided by a power of two.
#pragma once
#include "sim/image/chip/chip.hpp"

namespace flm::sim {

/// A change needs CLKPCE alone written first, and the new value within four cycles after it; otherwise it is
/// ignored.
class ClockPrescaler {
 public:
  explicit ClockPrescaler(Chip&);

 private:
  void write(std::uint16_t address, std::uint8_t value);

  Chip& chip_;
  std::uint64_t enabled_until_ = 0;
};

}  // namespace flm::sim

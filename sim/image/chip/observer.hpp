// Reports of the chip's models while a run is measured: each event as it happens, in the models' own
// units.
#pragma once
#include <sim_avr.h>

#include <cstdint>

#include "sim/image/chip/crystal_time.hpp"

namespace flm::sim {

/// Called by the chip and its peripherals; none of them knows who listens. `cycle` counts the CPU's cycles.
class Observer {
 public:
  virtual ~Observer() = default;

  // From the run loop, after every instruction.
  virtual void after_step(const avr_t&) = 0;
  // From the interrupt unit.
  virtual void flag_raised(int vector, std::uint64_t cycle) = 0;
  virtual void handler_begins(int vector, std::uint64_t entry, std::uint64_t first_instruction) = 0;
  virtual void handler_ends(int vector, std::uint64_t cycle) = 0;
  // From the converter.
  virtual void conversion_starts(CrystalTime start, int input) = 0;
  virtual void trigger_missed() = 0;
  // From the SPI.
  virtual void spi_byte_begins(CrystalTime) = 0;
  virtual void spi_byte_ends(CrystalTime, std::uint8_t byte, bool overrun) = 0;
  virtual void spi_data_written(CrystalTime) = 0;
  virtual void spi_collision() = 0;
  // From the ports.
  virtual void led_goes_dark(CrystalTime) = 0;
};

}  // namespace flm::sim

// Collects what the models see while a run is measured.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "sim/image/chip.hpp"
#include "sim/image/measure.hpp"

namespace flm::sim {

class Recorder {
 public:
  /// tick_crystal: crystal periods between two conversions on the nominal grid that begins at kFirstSample.
  Recorder(const Chip&, std::uint32_t tick_crystal);

  // From the run loop, after every instruction.
  void after_step(const avr_t&);
  // From the interrupt unit.
  void flag_raised(int vector, std::uint64_t cycle);
  void handler_begins(int vector, std::uint64_t entry, std::uint64_t first_instruction);
  void handler_ends(int vector, std::uint64_t cycle);
  // From the converter.
  void conversion_starts(CrystalTime start, int input);
  void trigger_missed() { ++figures_.missed_triggers; }
  // From the SPI.
  void spi_byte_begins(CrystalTime);
  void spi_byte_ends(CrystalTime, std::uint8_t byte, bool overrun);
  void spi_data_written(CrystalTime);
  void spi_collision() { ++figures_.spi_collisions; }
  // From the ports.
  void led_goes_dark(CrystalTime);

  /// The figures up to now.
  [[nodiscard]] const Measurements& figures();

 private:
  struct Handler {
    std::vector<std::uint32_t> runs;
    std::optional<std::uint64_t> raised;
    std::uint64_t worst_latency = 0;
  };
  struct Frame {
    int vector;
    std::uint64_t entry;
    std::uint64_t nested;  ///< cycles of the interrupts that came in between
  };

  const Chip& chip_;
  std::uint32_t tick_crystal_;
  Measurements figures_;
  CrystalTime start_time_;
  std::uint64_t start_cycle_;
  std::uint64_t cycles_in_handlers_ = 0;
  std::array<Handler, vector::count> handlers_;
  std::vector<Frame> frames_;
  std::optional<CrystalTime> last_conversion_;
  int last_input_ = -1;
  CrystalTime shortest_interval_ = 0, longest_interval_ = 0;
  std::optional<std::uint64_t> interrupts_off_since_;
  std::optional<CrystalTime> unanswered_byte_, message_end_;
  std::uint16_t lowest_stack_ = 0xFFFF;
  bool stack_is_set_ = false;
};

}  // namespace flm::sim

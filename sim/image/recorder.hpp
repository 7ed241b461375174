// Collects what the models see while a run is measured.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "sim/image/chip/chip.hpp"
#include "sim/image/chip/observer.hpp"
#include "sim/image/measure.hpp"

namespace flm::sim {

class Recorder final : public Observer {
 public:
  /// tick_crystal: crystal periods between two conversions on the nominal grid that begins at kFirstSample.
  Recorder(const Chip&, std::uint32_t tick_crystal);

  void after_step(const avr_t&) override;
  void flag_raised(int vector, std::uint64_t cycle) override;
  void handler_begins(int vector, std::uint64_t entry, std::uint64_t first_instruction) override;
  void handler_ends(int vector, std::uint64_t cycle) override;
  void conversion_starts(CrystalTime start, int input) override;
  void trigger_missed() override { ++figures_.missed_triggers; }
  void spi_byte_begins(CrystalTime) override;
  void spi_byte_ends(CrystalTime, std::uint8_t byte, bool overrun) override;
  void spi_data_written(CrystalTime) override;
  void spi_collision() override { ++figures_.spi_collisions; }
  void led_goes_dark(CrystalTime) override;

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

#include "sim/image/chip/clock_prescaler.hpp"

namespace flm::sim {
namespace {
constexpr std::uint8_t change_enable = 0x80;
constexpr int largest_shift = 8;  ///< 1/256; larger values are reserved (table 9-17)
constexpr std::uint64_t window_cycles = 4;
}  // namespace

ClockPrescaler::ClockPrescaler(Chip& chip) : chip_(chip) {
  chip.on_write<&ClockPrescaler::write>(reg::clkpr, this);
  chip.on_reset([this] { enabled_until_ = 0; });
}

void ClockPrescaler::write(std::uint16_t, std::uint8_t value) {
  if (value == change_enable) {
    enabled_until_ = chip_.cycle() + window_cycles;
    return;
  }
  const bool in_time = chip_.cycle() <= enabled_until_;
  enabled_until_ = 0;
  if ((value & change_enable) != 0 || value > largest_shift) return;
  if (in_time)
    chip_.divide_clock(value);
  else
    chip_.warn("the clock prescaler was written without CLKPCE or too late: CLKPR keeps its value");
}

}  // namespace flm::sim

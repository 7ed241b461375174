// A board's facts as run-time values, taken from the same types that the firmware is compiled with.
#pragma once
#include <array>
#include <optional>
#include <string>
#include <vector>

#include "boards/all.hpp"
#include "sim/scenario/time.hpp"
#include "tools/mainboard/link/board_facts.hpp"

namespace flm::sim {

/// Time from reset to the first converter trigger: the firmware waits for it on its timer, so that it does
/// not depend on how long its start-up code takes (hal/avr, hal/pc).
inline constexpr Nanoseconds kFirstSample = 30'000'000;

struct PulsePort {
  int port;              ///< terminal port, 1 to 6
  char io_port;          ///< 'B', 'C', 'D'
  int bit;               ///< pin number in that I/O port
  bool when_analog_off;  ///< a pulse input only while the analog front end is off
};

struct OutputPin {
  char io_port;  ///< 'B', 'C', 'D'
  int bit;
};

/// A board as the simulator needs it: its facts, and what its models have to know beside them.
struct BoardModel : mainboard::BoardFacts {
  std::uint32_t cpu_hz = 0;
  bool clock_starts_divided_by_8 = false;
  std::uint32_t tick_cycles = 0;  ///< CPU cycles between two converter triggers
  Nanoseconds tick_period =
      0;  ///< tick_cycles as time: a whole number on every board (board_model.cpp asserts it)
  std::uint32_t conversion_cycles = 0;  ///< CPU cycles from a trigger to the end of its conversion
  std::array<int, 3> clamp_inputs{};    ///< converter inputs of ports 1, 2, 3
  std::vector<PulsePort> pulse_inputs;
  double input_capacitance_nf = 0.0;  ///< from each pulse input to ground
  std::optional<OutputPin>
      driver_enable;  ///< of the RS-485 transceiver; high: it drives the line, and hears nothing
  Nanoseconds spi_byte_time = 8'000;  ///< 8 bits at 1 MHz

  /// Start of conversion number `tick`, the same for both engines.
  [[nodiscard]] Nanoseconds tick_time(std::int64_t tick) const { return kFirstSample + tick * tick_period; }
};

/// Names of all boards, as in a scenario, and their models.
const std::vector<BoardModel>& board_models();
/// The model of a board by its scenario name; throws std::invalid_argument with the names that exist.
const BoardModel& board_model(const std::string& name);

}  // namespace flm::sim

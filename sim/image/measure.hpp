// Figures of a run of an image: cycles, latencies, jitter, stack. Filled by the image engine after
// ImageEngine::enable_measurements().
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "sim/image/elf/elf.hpp"  // read_sizes
#include "sim/scenario/time.hpp"

namespace flm::sim {

/// One interrupt. Cycles are those of the CPU.
struct InterruptTimes {
  std::uint64_t count = 0;
  /// A run of the handler: from the entry, with its four cycles, to the end of `reti`; nested interrupts left
  /// out.
  std::uint32_t min = 0, median = 0, max = 0;
  /// Cycles from the flag, or from the unmasking of a flag that waited, to the handler's first instruction.
  std::uint64_t worst_latency = 0;
};

/// Figures since ImageEngine::enable_measurements().
struct Measurements {
  Nanoseconds duration = 0;
  std::uint64_t cycles = 0;
  std::map<std::string, InterruptTimes> interrupts;  ///< key: name as in avr-libc, without _vect: "ADC"
  double interrupt_share = 0.0;                      ///< share of all cycles that is spent in handlers, 0..1

  std::uint64_t conversions = 0;
  std::uint64_t missed_triggers = 0;  ///< a trigger's flag was still set, or a conversion still running
  std::uint64_t repeated_inputs =
      0;                            ///< conversions of the input of the one before: it was selected too late
  double samples_per_second = 0.0;  ///< samples of one clamp: conversions / 3 / s
  std::uint64_t start_jitter =
      0;  ///< crystal periods between the longest and the shortest interval of two starts
  std::uint64_t off_grid = 0;  ///< crystal periods from a start to the nominal grid point, at most

  std::uint32_t deepest_stack = 0;  ///< bytes
  std::uint64_t longest_interrupts_off =
      0;  ///< cycles with SREG I clear, start-up before the first conversion left out

  std::uint64_t spi_bytes = 0;
  std::uint64_t spi_collisions = 0;  ///< SPDR written during a byte: lost
  std::uint64_t spi_overruns = 0;    ///< a byte arrived before the one before it was served: lost
  std::uint64_t spi_underruns = 0;   ///< a byte began before SPDR was written after the one before it
  Nanoseconds worst_spi_answer = 0;  ///< longest time from the end of a byte to SPDR written
  std::uint64_t messages = 0;        ///< answered
  Nanoseconds worst_reply =
      0;  ///< longest time from the end of a message's `.` to the LED going dark, when its reply is ready
};

/// The figures as a readable table, one a line.
std::string describe(const Measurements&);

}  // namespace flm::sim

// The watchdog (data sheet 11.8 and 11.9.2), on its own 128 kHz oscillator, which has a tolerance.
#pragma once
#include <avr_watchdog.h>

#include "sim/image/chip/chip.hpp"
#include "sim/scenario/tolerances.hpp"

namespace flm::sim {

/// Replaces the emulator's, which counts CPU cycles, and so is wrong after a change of the clock prescaler. A
/// time-out interrupts, resets, or interrupts first and resets at the next (table 11-1). After its own reset
/// it runs on at its shortest time.
class Watchdog {
 public:
  explicit Watchdog(Chip&, const BoardParts& = {});

  /// Nominal time-out of a prescaler setting WDP3:0: 2048 periods of 128 kHz, doubled for each step up to 9
  /// (table 11-2).
  [[nodiscard]] static constexpr Nanoseconds time_out(unsigned prescaler) {
    return Nanoseconds{16'000'000} << (prescaler < 9 ? prescaler : 9);
  }

 private:
  enum : std::uint8_t {
    wdif = 0x80,
    wdie = 0x40,
    wdp3 = 0x20,
    wdce = 0x10,
    wde = 0x08,
    wdp_low = 0x07,
    wdrf = 0x08
  };
  /// The emulator hands the instruction WDR to the first peripheral that wants it.
  struct Feed {
    avr_io_t io{};
    Watchdog* owner = nullptr;
  };

  void write(std::uint16_t address, std::uint8_t value);
  void handler(std::uint32_t running);
  void expire();
  void restart();
  void reset();

  Chip& chip_;
  double rc_percent_;
  Event end_;
  Feed feed_;
  std::uint64_t change_until_ = 0;  ///< CPU cycle until which WDE and the prescaler may change
};

}  // namespace flm::sim

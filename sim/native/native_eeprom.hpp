// The native engine's EEPROM: writes take simulated time, a loss of power tears the one in progress, and worn
// cells keep what they have.
#pragma once
#include <cstdint>
#include <vector>

#include "hal/pc/hal.hpp"
#include "sim/engine/engine.hpp"  // CellWrite
#include "sim/scenario/time.hpp"
#include "sim/scenario/tolerances.hpp"

namespace flm::sim {

class NativeEeprom {
 public:
  explicit NativeEeprom(const BoardParts& parts) : rc_percent_(parts.rc_percent), worn_(parts.worn) {}
  /// Cells for the board's HAL. They outlive the board.
  [[nodiscard]] hal::HostEeprom& cells() { return cells_; }
  /// The board has run, or is about to: notices that a write has begun, or that its time has passed.
  void look(Nanoseconds now);
  /// The CPU stops. A byte that is being written becomes anything, as `chance` says.
  void lose_power(Nanoseconds now, std::uint64_t chance);

  void fill(const std::vector<std::uint8_t>& contents);
  [[nodiscard]] std::vector<std::uint8_t> contents() const;
  [[nodiscard]] const std::vector<CellWrite>& log() const { return log_; }

 private:
  /// Ends the write in progress: its cell goes from `before` to `after`.
  void end_write(Nanoseconds end, std::uint8_t before, std::uint8_t after, bool torn);

  double rc_percent_;
  std::vector<WornCell> worn_;
  hal::HostEeprom cells_;
  std::vector<CellWrite> log_;
  bool writing_ = false;
  Nanoseconds begin_ = 0, end_ = 0;  ///< times of the write in progress
};

}  // namespace flm::sim

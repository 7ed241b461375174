// A board's own parts, within their tolerances (ATmega168P data sheet 8271, chapter 29; boards/*/board.hpp).
#pragma once
#include <cstdint>
#include <vector>

#include "sim/scenario/time.hpp"

namespace flm::sim {

/// An EEPROM cell that is worn: its bits `keeps` stay as they are at the start, whatever is erased or written
/// (erased: 1).
struct WornCell {
  std::uint16_t address = 0;  ///< 0 to 511
  std::uint8_t keeps = 0;
};

/// Nominal unless a scenario says otherwise.
struct BoardParts {
  double threshold = 4.85;  ///< V of the supply at which the power-fail comparator trips, 4.0 to 5.5
  double pull_up = 35e3;    ///< ohm of a port's pull-up, 20e3 to 50e3
  double clock_ppm = 0.0;   ///< deviation of crystal or resonator, -10000 to 10000; positive: fast
  double rc_percent = 0.0;  ///< the internal RC oscillators (EEPROM writes, watchdog), -15 to 15; +10: all
                            ///< they time takes 10 % longer
  double rise = 0.005;      ///< s for the supply from 0 to 5 V at power-up
  std::vector<WornCell> worn;
};

/// A nominal time as the internal RC oscillators make it.
inline Nanoseconds rc_time(Nanoseconds nominal, double rc_percent) {
  return nominal + static_cast<Nanoseconds>(static_cast<double>(nominal) * rc_percent / 100.0);
}

/// Value of a cell after a write of `wanted` over `before`; `wanted` unless the cell is worn.
inline std::uint8_t kept_bits(const std::vector<WornCell>& worn, std::uint16_t address, std::uint8_t before,
                              std::uint8_t wanted) {
  unsigned keeps = 0;
  for (const WornCell& cell : worn)
    if (cell.address == address) keeps |= cell.keeps;
  return static_cast<std::uint8_t>((before & keeps) | (wanted & ~keeps));
}

}  // namespace flm::sim

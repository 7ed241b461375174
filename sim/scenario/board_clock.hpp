// A board's own time: what its crystal or resonator makes of the world's.
#pragma once
#include <cmath>

#include "sim/scenario/time.hpp"

namespace flm::sim {

/// Nanoseconds as a board counts them that takes its crystal for exact, against the world's. `ppm`: the
/// crystal's deviation, positive: fast, so that a second of the board is over early. board() rounds up and
/// world() down: what happens at a time of the world has happened at board() of it.
class BoardClock {
 public:
  explicit BoardClock(double ppm) : exact_(ppm == 0.0), rate_(1.0L + static_cast<long double>(ppm) * 1e-6L) {}

  [[nodiscard]] Nanoseconds board(Nanoseconds world) const {
    return exact_ || world == kNever
               ? world
               : static_cast<Nanoseconds>(std::ceil(static_cast<long double>(world) * rate_));
  }
  [[nodiscard]] Nanoseconds world(Nanoseconds board) const {
    return exact_ || board == kNever
               ? board
               : static_cast<Nanoseconds>(std::floor(static_cast<long double>(board) / rate_ + 1e-3L));
  }

 private:
  bool exact_;
  long double rate_;
};

}  // namespace flm::sim

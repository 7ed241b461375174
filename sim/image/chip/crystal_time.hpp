// Time of a controller whose clock is the crystal's, divided by a prescaler that the program can change.
#pragma once
#include <cstdint>

#include "sim/scenario/time.hpp"

namespace flm::sim {

/// A count of crystal periods since power-up. The exact measure of time: a CPU cycle is a whole number of
/// them.
using CrystalTime = std::int64_t;

/// CPU cycles <-> crystal periods <-> nanoseconds, in integers throughout: nothing accumulates.
class Clock {
 public:
  explicit Clock(std::uint32_t crystal_hz) : crystal_hz_(crystal_hz) {}

  [[nodiscard]] std::uint32_t crystal_hz() const { return crystal_hz_; }
  [[nodiscard]] std::uint32_t cpu_hz() const { return crystal_hz_ >> shift_; }
  /// CPU clock = crystal / 2^shift.
  [[nodiscard]] int shift() const { return shift_; }

  /// Divides the crystal by 2^shift from CPU cycle `cycle` on.
  void divide(std::uint64_t cycle, int shift) {
    base_ = at(cycle);
    base_cycle_ = cycle;
    shift_ = shift;
  }

  [[nodiscard]] CrystalTime at(std::uint64_t cycle) const {
    return base_ + static_cast<CrystalTime>(cycle - base_cycle_) * (CrystalTime{1} << shift_);
  }
  /// First CPU cycle that begins at or after a time; the prescaler's last change when that is later.
  [[nodiscard]] std::uint64_t cycle(CrystalTime time) const {
    if (time <= base_) return base_cycle_;
    const CrystalTime round_up = (CrystalTime{1} << shift_) - 1;
    return base_cycle_ + static_cast<std::uint64_t>((time - base_ + round_up) >> shift_);
  }

  /// First crystal period that begins at or after a time.
  [[nodiscard]] CrystalTime crystal(Nanoseconds time) const {
    const Wide product = Wide{time} * crystal_hz_;
    return static_cast<CrystalTime>((product + second - 1) / second);
  }
  [[nodiscard]] Nanoseconds nanoseconds(CrystalTime time) const {
    return static_cast<Nanoseconds>(Wide{time} * second / crystal_hz_);
  }

  /// Number of the grid point first + n * period_crystal that is nearest to a time; 0 for a time before the
  /// first.
  [[nodiscard]] std::int64_t nearest_grid_point(CrystalTime time, Nanoseconds first,
                                                std::uint32_t period_crystal) const {
    const Wide past = Wide{time} * second - Wide{first} * crystal_hz_;
    const Wide period = Wide{period_crystal} * second;
    return past <= 0 ? 0 : static_cast<std::int64_t>((past + period / 2) / period);
  }

 private:
  using Wide = __int128;
  static constexpr Nanoseconds second = 1'000'000'000;

  std::uint32_t crystal_hz_;
  CrystalTime base_ = 0;
  std::uint64_t base_cycle_ = 0;
  int shift_ = 0;
};

}  // namespace flm::sim

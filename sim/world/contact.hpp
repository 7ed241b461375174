// A meter's pulse contact, and the pin that it pulls low: levels as functions of time.
#pragma once
#include <cstdint>
#include <vector>

#include "sim/scenario/scenario.hpp"
#include "sim/scenario/time.hpp"

namespace flm::sim {

/// Open (pulled high) at time 0. Synthetic pulses close for `width` s, the first at `every`, the n-th at n *
/// every. With `bounce` the contact chatters that long after each of its two edges, beginning with the edge
/// itself and ending in the new level, seeded: stretches of 20 us to 1 ms, as a relay's; with `bounces` so
/// many there and back, as of a reed contact that a magnet creeps past.
///
/// A closed contact discharges the input's capacitance at once. When it opens, the pull-up charges it, and
/// the pin is read high only once the contact has been open for `charging`.
class Contact {
 public:
  Contact(const Pulses&, std::uint64_t seed, Nanoseconds charging = 0);

  /// Time for which a contact must be open until its pin is read high: until 0.6 Vcc, the lowest voltage that
  /// surely is (ATmega168P data sheet 8271, 28.1, VIH), so 0.916 RC.
  [[nodiscard]] static Nanoseconds charging_time(double pull_up_ohm, double capacitance_nf);

  /// Level of the pin at t. Fast for times that do not decrease; right for any.
  [[nodiscard]] bool level(Nanoseconds t) const;
  /// Time of its first change after t, or kNever.
  [[nodiscard]] Nanoseconds next_edge(Nanoseconds t) const;
  /// Pulses in [from, to) without bounce and spikes: closings that last. From a file: those that hold for
  /// `lasting` without a break, after as long open.
  [[nodiscard]] std::int64_t pulses(Nanoseconds from, Nanoseconds to) const;

 private:
  struct Change {
    Nanoseconds time;
    bool level;
  };
  /// Makes sure that changes_ hold t and the change after it, and at_ is the last change at or before t (or
  /// -1).
  void seek(Nanoseconds t) const;
  void draw_pulse(std::int64_t number) const;
  void chatter(Nanoseconds start, bool new_level, std::uint64_t key) const;
  void find_lasting_pulses();
  /// Makes the pin's changes of the contact's; the contact closes next at `next_fall`, or has done so at
  /// kNever.
  void charge(Nanoseconds next_fall) const;

  Pulses pulses_;
  std::uint64_t seed_;
  Nanoseconds every_ = 0, width_ = 0, bounce_ = 0;
  Nanoseconds charging_;
  std::vector<Nanoseconds> lasting_;  ///< file: starts of the pulses that last
  // A cursor: the pin's changes of a file, or of one synthetic pulse.
  mutable std::vector<Change> changes_;
  mutable std::int64_t number_ = 0;  ///< synthetic: the pulse in changes_, from 1
  mutable std::ptrdiff_t at_ = -1;
};

}  // namespace flm::sim

// A meter's pulse contact: its level as a function of time.
#pragma once
#include <cstdint>
#include <vector>

#include "sim/scenario.hpp"
#include "sim/time.hpp"

namespace flm::sim {

/// Open (pulled high) at time 0. Synthetic pulses close for `width` s, the first at `every`, the n-th at n * every. With
/// `bounce` the contact chatters that long after each of its two edges: stretches of 20 us to 1 ms, seeded, beginning with the
/// edge itself and ending in the new level.
class Contact {
 public:
  Contact(const Pulses&, std::uint64_t seed);

  /// Level at t. Fast for times that do not decrease; right for any.
  [[nodiscard]] bool level(Nanoseconds t) const;
  /// First change after t, or kNever.
  [[nodiscard]] Nanoseconds next_edge(Nanoseconds t) const;
  /// Pulses in [from, to) without bounce and spikes: closings that last. From a file: those that hold for 6 ms without a break,
  /// after 6 ms open.
  [[nodiscard]] std::int64_t pulses(Nanoseconds from, Nanoseconds to) const;

 private:
  struct Change {
    Nanoseconds time;
    bool level;
  };
  /// Makes sure that changes_ hold t and the change after it, and at_ is the last change at or before t (or -1).
  void seek(Nanoseconds t) const;
  void draw_pulse(std::int64_t number) const;
  void chatter(Nanoseconds start, bool new_level, std::uint64_t key) const;
  void find_lasting_pulses();

  Pulses pulses_;
  std::uint64_t seed_;
  Nanoseconds every_ = 0, width_ = 0, bounce_ = 0;
  std::vector<Nanoseconds> lasting_;  ///< file: starts of the pulses that last
  // A cursor: the changes of a file, or of one synthetic pulse.
  mutable std::vector<Change> changes_;
  mutable std::int64_t number_ = 0;  ///< synthetic: the pulse in changes_, from 1
  mutable std::ptrdiff_t at_ = -1;
};

}  // namespace flm::sim

// A board's supply as its comparator and its CPU see it, as functions of time: the same for both engines.
#pragma once
#include <vector>

#include "sim/scenario/board_clock.hpp"
#include "sim/scenario/board_model.hpp"
#include "sim/scenario/scenario.hpp"
#include "sim/scenario/time.hpp"

namespace flm::sim {

/// Times are the board's own. The supply is low
/// - after power-up, until it has risen to the comparator's threshold;
/// - while it fails, from [[power]] `at` to `restore`;
/// - while its steady voltage and the ripple on it are below the threshold: at once, as exactly as a
///   nanosecond allows.
/// Power-ups and failures take effect at converter triggers, as contacts do, so that both engines see the
/// same at the same look; a failure that falls between two of them lasts from one to the next.
///
/// CPU and RAM live through a failure when the hold-up time lasts until `restore`. Otherwise reset is
/// released at the first multiple of the sampling period at or after `restore`, so that conversions fall on
/// BoardModel::tick_time again, the first of them kFirstSample later, and both engines take the same samples.
class SupplyPlan {
 public:
  SupplyPlan(const BoardModel&, const Scenario&);

  /// Adds a failure. `restore` = kNever: the supply stays away.
  void add(Nanoseconds at, Nanoseconds hold_up, Nanoseconds restore);

  /// True while the supply is below the comparator's threshold.
  [[nodiscard]] bool low(Nanoseconds t) const;
  /// True while the CPU has power.
  [[nodiscard]] bool powered(Nanoseconds t) const;
  /// The first time after t at which one of the two changes, or may; or kNever.
  [[nodiscard]] Nanoseconds next_change(Nanoseconds t) const;

 private:
  struct Failure {
    Nanoseconds at, hold_up, away;  ///< away: from `at` to `restore`, or kNever
    Nanoseconds every;              ///< 0: once
    std::int64_t last;              ///< repetition, from 0
  };
  /// Times at which one repetition changes the supply and the CPU's power; kNever: it does not.
  struct Moments {
    Nanoseconds low, good, off, on;
  };
  [[nodiscard]] Moments moments(const Failure&, std::int64_t repetition) const;
  /// Calls use(Moments) with the repetitions that can matter around a time.
  template <class Use>
  void around(Nanoseconds t, Use use) const;
  [[nodiscard]] Nanoseconds at_trigger(Nanoseconds t) const;
  [[nodiscard]] bool fails(Nanoseconds t) const;

  // The ripple crosses the threshold twice a period, as parts of it since the sine's upward zero.
  [[nodiscard]] Nanoseconds crossing(double part, std::int64_t period) const;
  [[nodiscard]] std::int64_t crossings_by(double part, Nanoseconds t) const;

  Nanoseconds tick_period_;
  Nanoseconds rise_;  ///< time from 0 V to the threshold
  std::vector<Failure> failures_;
  double period_ = 0.0;  ///< ns, period of the ripple; 0: it never crosses the threshold
  double falls_ = 0.0, rises_ = 0.0;
  bool steady_low_;  ///< the supply is low all the time: without ripple, or when that never crosses the
                     ///< threshold
};

}  // namespace flm::sim

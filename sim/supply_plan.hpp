// When a board's supply fails and comes back, as a list of moments: the same for both engines.
#pragma once
#include <vector>

#include "sim/board_model.hpp"
#include "sim/scenario.hpp"  // PowerFailure
#include "sim/time.hpp"

namespace flm::sim {

struct SupplyChange {
  enum class What {
    low,   ///< below the comparator's threshold; the CPU runs on from what is left
    off,   ///< the CPU has no power
    good,  ///< above the threshold again
    on     ///< the CPU starts, from power-on reset
  };
  Nanoseconds time = 0;
  What what = What::low;
};

/// The changes of one failure. CPU and RAM live through it when the hold-up time lasts until `restore`. Otherwise reset is released
/// at the first multiple of the sampling period at or after `restore`, so that conversions fall on BoardModel::tick_time again,
/// the first of them kFirstSample later, and both engines take the same samples. `restore` = kNever: the supply stays away.
std::vector<SupplyChange> supply_changes(const BoardModel&, Nanoseconds at, Nanoseconds hold_up, Nanoseconds restore);

/// The changes of a scenario, in time order.
std::vector<SupplyChange> supply_changes(const BoardModel&, const std::vector<PowerFailure>&);

}  // namespace flm::sim

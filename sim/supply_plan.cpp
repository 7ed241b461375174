#include "sim/supply_plan.hpp"

namespace flm::sim {

std::vector<SupplyChange> supply_changes(const BoardModel& board, Nanoseconds at, Nanoseconds hold_up, Nanoseconds restore) {
  using What = SupplyChange::What;
  const Nanoseconds period = board.tick_period;
  const bool dies = hold_up < restore - at;
  std::vector<SupplyChange> changes = {{at, What::low}};
  if (dies) changes.push_back({at + hold_up, What::off});
  if (restore == kNever) return changes;
  changes.push_back({restore, What::good});
  if (dies) changes.push_back({(restore + period - 1) / period * period, What::on});
  return changes;
}

std::vector<SupplyChange> supply_changes(const BoardModel& board, const std::vector<PowerFailure>& failures) {
  std::vector<SupplyChange> changes;
  for (const PowerFailure& failure : failures) {
    // A hold-up time of years must not overflow.
    const double hold_up = failure.hold_up < failure.restore - failure.at ? failure.hold_up : failure.restore - failure.at;
    const auto one = supply_changes(board, nanoseconds(failure.at), nanoseconds(failure.at + hold_up) - nanoseconds(failure.at),
                                    nanoseconds(failure.restore));
    changes.insert(changes.end(), one.begin(), one.end());
  }
  return changes;
}

}  // namespace flm::sim

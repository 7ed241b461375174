// Expectations of a scenario, held against its readings.
#pragma once
#include <vector>

#include "sim/results/run.hpp"

namespace flm::sim {

/// Power: mean over the readings with from < t <= to (a reading is of the second before it). Counter: the
/// last reading with t <= to; gas, water and refused telegrams: what the meter has reported last by then.
/// Without `to`: the end of the run.
std::vector<ExpectationResult> check(const Scenario&, const std::vector<Record>&);

}  // namespace flm::sim

// One run of a scenario: the input of reports and exit statuses.
#pragma once
#include <string>
#include <vector>

#include "sim/engine/eeprom_wear.hpp"
#include "sim/scenario/board_model.hpp"
#include "sim/scenario/scenario.hpp"
#include "tools/mainboard/readings/records.hpp"

namespace flm::sim {

using namespace mainboard;  // records

struct ExpectationResult {
  Expectation expectation;
  std::string quantity;  ///< "power", "counter", "gas", "water", "refused", "readings", "reply"
  double expected = 0.0, actual = 0.0, allowed = 0.0;  ///< allowed: absolute deviation
  bool ok = false;
  std::string message;  ///< one sentence, with file and line
};

struct Run {
  Scenario scenario;
  const BoardModel* board = nullptr;
  std::string engine;  ///< "native" or "image"
  double wall_seconds = 0.0;
  std::vector<Record> records;
  std::vector<ExpectationResult> expectations;
  std::vector<std::string> warnings;  ///< mistakes of the program that a real chip punishes without a sign
  EepromWear eeprom;
  [[nodiscard]] bool ok() const {
    for (const auto& e : expectations)
      if (!e.ok) return false;
    return true;
  }
};

}  // namespace flm::sim

// Counts of writes of each EEPROM cell: a cell lasts for 100 000 (ATmega168P data sheet 8271, section
// 1, features).
#pragma once
#include <algorithm>
#include <cstdint>
#include <map>
#include <vector>

#include "sim/engine/engine.hpp"

namespace flm::sim {

/// Writes of a board's EEPROM. Erasing, writing, and both in one count as one each, those that a loss of
/// power has torn as well.
struct EepromWear {
  std::map<std::uint16_t, std::int64_t>
      writes;  ///< number of writes by address, of the cells that were written

  [[nodiscard]] std::int64_t total() const {
    std::int64_t sum = 0;
    for (const auto& [address, count] : writes) sum += count;
    return sum;
  }
  /// Writes of the cell that was written most often; 0 when none was.
  [[nodiscard]] std::int64_t worst() const {
    std::int64_t most = 0;
    for (const auto& [address, count] : writes) most = std::max(most, count);
    return most;
  }
  /// The lowest address of such a cell; 0 when none was.
  [[nodiscard]] std::uint16_t worst_address() const {
    for (const auto& [address, count] : writes)
      if (count == worst()) return address;
    return 0;
  }
};

/// The wear of an Engine::eeprom_log().
inline EepromWear eeprom_wear(const std::vector<CellWrite>& log) {
  EepromWear wear;
  for (const CellWrite& write : log) ++wear.writes[write.address];
  return wear;
}

/// Most writes of one cell within `span`, wherever in the log that lies.
inline std::int64_t most_writes_within(const std::vector<CellWrite>& log, Nanoseconds span) {
  std::map<std::uint16_t, std::vector<Nanoseconds>> begins;
  for (const CellWrite& write : log) begins[write.address].push_back(write.begin);
  std::int64_t most = 0;
  for (const auto& [address, times] : begins) {
    std::size_t first = 0;
    for (std::size_t last = 0; last < times.size(); ++last) {
      while (times[last] - times[first] >= span) ++first;
      most = std::max(most, static_cast<std::int64_t>(last - first + 1));
    }
  }
  return most;
}

}  // namespace flm::sim

// [[port]] tables of a scenario or a configuration: how a clamp port is measured, and a pulse port debounced.
#pragma once
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "tools/common/toml_reader.hpp"
#include "tools/mainboard/link/board_facts.hpp"

namespace flm {

/// A [[port]] table, in the board's units; absent: as it is.
struct PortConfig {
  int port = 0;  ///< 1 to 6
  int line = 0;
  std::optional<std::uint32_t> tau_us, noise_q10, debounce_tenths_ms;
  std::optional<int> offset_q8;

  /// Settings of the table: the property's letter, and the value as on the link.
  [[nodiscard]] std::vector<std::pair<char, std::uint32_t>> settings() const;
};

/// The keys of a [[port]] table.
const std::vector<std::string_view>& port_keys();

/// The port of a table, checked against those before it. Throws InputError.
PortConfig read_port(const TableReader&, const mainboard::BoardFacts&, const std::vector<PortConfig>& before);

}  // namespace flm

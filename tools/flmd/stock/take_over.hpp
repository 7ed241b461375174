// A stock main board's configuration as flmd's.
#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "tools/flmd/kubes/kube_state.hpp"
#include "tools/flmd/site/state.hpp"
#include "tools/flmd/stock/uci.hpp"

namespace flm::flmd::stock {

/// A board's counter as stock's configuration has it, from its last backup.
struct Counter {
  int sensor = 0;  ///< 1 to 5
  std::string sid;
  std::string value;  ///< Wh or litre; empty: none was noted
};

struct TakenOver {
  std::string configuration;  ///< TOML
  Ids ids;
  std::optional<KubeState> kubes;  ///< nothing: stock had no network of kubes
  std::vector<Counter> counters;   ///< of enabled sensors
  std::vector<std::string> notes;  ///< what is not as it was, a line each: place, what, what becomes of it
};

/// `flukso`, `system` and `kube` are stock's files of these names. `state_dir` becomes the configuration's.
/// Throws InputError with file, line, what is wrong and what is allowed.
TakenOver take_over(const uci::Package& flukso, const uci::Package& system, const uci::Package* kube,
                    const std::filesystem::path& state_dir);

}  // namespace flm::flmd::stock

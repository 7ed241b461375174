// flmd's configuration as a stock main board's.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "tools/flmd/kubes/kube_state.hpp"
#include "tools/flmd/site/site.hpp"
#include "tools/flmd/site/state.hpp"
#include "tools/flmd/stock/uci.hpp"

namespace flm::flmd::stock {

/// Stock's files of these names.
struct Packages {
  uci::Package flukso, system;
  std::optional<uci::Package> kube;  ///< nothing: there is no network of kubes
};

struct GivenBack {
  Packages packages;
  std::vector<std::string> notes;  ///< what stock cannot have, a line each
};

/// `before`: what was taken over from stock once, and may be empty; what flmd does not have stays as it was
/// there. Throws InputError: a sensor has no id.
GivenBack give_back(const Site&, const Ids&, const KubeState&, Packages before);

}  // namespace flm::flmd::stock

// Bins and cells as tests print them.
#pragma once
#include <ostream>

#include "tools/history/query/bins.hpp"

namespace flm::history {

inline std::ostream& operator<<(std::ostream& out, const Bin& bin) {
  return out << bin.begin << " to " << bin.end << ": " << bin.nano << " in " << bin.known << " s";
}

inline std::ostream& operator<<(std::ostream& out, const Cell& cell) {
  return out << cell.begin << " to " << cell.end << " for " << cell.row;
}

}  // namespace flm::history

// A stock main board's history, copied.
#pragma once
#include <cstdint>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "tools/history/point.hpp"

namespace flm::flmd::stock {

struct Copied {
  std::uint64_t blocks = 0, bytes = 0;
  std::map<std::string, history::Point> newest;  ///< last point of each sensor's highest recycle id, by sid
  std::vector<std::string> notes;                ///< what was not copied, or is damaged
};

/// Copies the blocks of `sids` from stock's folder (DIR/sensor/<sid>/<rid>/<level>/<start>, /usr/share/tmpo
/// on its main board) as they are to the history `to`, which is made. A damaged one of which nothing can be
/// read goes to its folder `damaged`. What is no block, and blocks of other sensors, stay where they are.
/// Throws InputError: no such folder, or it cannot be read; DiskError.
Copied copy_blocks(const std::filesystem::path& from, const std::filesystem::path& to,
                   const std::set<std::string>& sids);

}  // namespace flm::flmd::stock

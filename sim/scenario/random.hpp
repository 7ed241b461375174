// Repeatable randomness that does not depend on the order of questions: hash of a key instead of a
// generator's state.
#pragma once
#include <cstdint>

namespace flm::sim {

/// SplitMix64's output function (Steele, Lea, Flood 2014): a well mixed 64-bit value of any key.
constexpr std::uint64_t mixed(std::uint64_t key) {
  key += 0x9E3779B97F4A7C15u;
  key = (key ^ (key >> 30)) * 0xBF58476D1CE4E5B9u;
  key = (key ^ (key >> 27)) * 0x94D049BB133111EBu;
  return key ^ (key >> 31);
}

/// A number in [0, 1) of a key.
constexpr double unit(std::uint64_t key) { return static_cast<double>(mixed(key) >> 11) * 0x1p-53; }

}  // namespace flm::sim

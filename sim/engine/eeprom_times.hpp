// Times of EEPROM writes, and torn bytes, for both engines (ATmega168P data sheet 8271, 8.6.3 and table 8-2).
#pragma once
#include <cstdint>

#include "sim/scenario/random.hpp"
#include "sim/scenario/time.hpp"

namespace flm::sim {

/// Time to erase and write a byte in one, and to do one of the two alone, by a nominal RC oscillator
/// (rc_time()).
inline constexpr Nanoseconds kEraseAndWriteTime = 3'400'000, kSplitTime = 1'800'000;

/// Value of a byte whose write a loss of power has cut: neither surely the old nor surely the new one.
constexpr std::uint8_t torn_byte(std::uint64_t chance, std::uint16_t address) {
  return static_cast<std::uint8_t>(mixed(chance + address));
}

}  // namespace flm::sim

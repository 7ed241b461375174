// State of a board after a start with some EEPROM contents.
#pragma once
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <vector>

#include "firmware/sensor_board.hpp"
#include "hal/pc/hal.hpp"

namespace flm::campaign {

struct State {
  struct Counter {
    std::uint32_t counter;
    std::uint16_t remainder;
    bool operator==(const Counter&) const = default;
  };
  std::array<Counter, metering::sensor_count> counters;
  std::array<std::uint8_t, sizeof(metering::Settings)> settings;
  bool operator==(const State&) const = default;
};

template <class Facts>
State state_of(const std::vector<std::uint8_t>& contents) {
  hal::HostEeprom eeprom;
  std::copy(contents.begin(), contents.end(), eeprom.bytes);
  SensorBoard<hal::PcHal<Facts>> board;
  board.hal().eeprom = &eeprom;
  board.start();
  State state{};
  for (std::uint8_t sensor = 0; sensor < metering::sensor_count; ++sensor)
    state.counters[sensor] = {board.sensors().total(sensor).counter, board.sensors().total(sensor).remainder};
  std::memcpy(state.settings.data(), &board.sensors().settings(), state.settings.size());
  return state;
}

}  // namespace flm::campaign

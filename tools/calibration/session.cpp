#include "tools/calibration/session.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "tools/calibration/fit/board_sampling.hpp"
#include "tools/calibration/fit/reading.hpp"

namespace flm::calibration {

Setup read_setup(Board& board) {
  Setup setup;
  const auto version = board.try_get('v');
  if (!version || version->size() < 5)
    throw BoardRefused(
        fmt::format("{}: the board does not know 'gv'; needed: OpenFLM's firmware", board.name()));
  const BoardSampling* sampling = find_sampling(static_cast<long>(version->at(3)));
  if (sampling == nullptr)
    throw BoardRefused(fmt::format("{}: the board calls itself {:x}, which is none that this program knows",
                                   board.name(), version->at(3)));
  setup.samples_per_second = sampling->samples_per_second;
  setup.known = true;
  setup.letter = static_cast<std::uint8_t>(version->at(3));
  const mainboard::Layout layout = board.layout();
  for (int sensor = 0; sensor < 6; ++sensor) {
    if (!layout.enabled[sensor]) continue;
    ClampSensor clamp;
    clamp.sensor = sensor;
    for (const int port : layout.ports_of(sensor + 1))
      if (layout.port_kind(port) == SensorKind::clamp) clamp.clamps.push_back(port - 1);
    if (clamp.clamps.empty()) {
      setup.others.push_back(sensor);
      continue;
    }
    clamp.constant = static_cast<std::uint16_t>(board.get('m', sensor).at(0));
    setup.clamps.push_back(clamp);
  }
  return setup;
}

const ClampSensor& choose_clamp(const Setup& setup, int id) {
  std::vector<int> ids;
  for (const ClampSensor& clamp : setup.clamps) ids.push_back(clamp.sensor + 1);
  if (ids.empty())
    throw CalibrationError("no clamp sensor is enabled on this board; configure one first (config push)");
  if (id == 0 && ids.size() == 1) return setup.clamps.front();
  const auto found = std::find(ids.begin(), ids.end(), id);
  if (id != 0 && found != ids.end()) return setup.clamps[static_cast<std::size_t>(found - ids.begin())];
  if (id == 0)
    throw CalibrationError(fmt::format("which clamp sensor? allowed: --sensor {}", fmt::join(ids, ", ")));
  throw CalibrationError(
      fmt::format("sensor {} is no enabled clamp sensor; allowed: {}", id, fmt::join(ids, ", ")));
}

}  // namespace flm::calibration

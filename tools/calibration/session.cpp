#include "tools/calibration/session.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "tools/calibration/fit/board_sampling.hpp"
#include "tools/calibration/fit/reading.hpp"

namespace flm::calibration {

Setup read_setup(BoardLink& board) {
  Setup setup;
  const auto version = board.get("gv", 5);
  const BoardSampling* sampling = find_sampling(version[3]);
  if (sampling == nullptr)
    throw Refused(
        fmt::format("the board calls itself {:x}, which is none that this program knows", version[3]));
  setup.samples_per_second = sampling->samples_per_second;
  setup.known = true;
  setup.letter = static_cast<std::uint8_t>(version[3]);
  const auto map = board.get("gp", 6);
  bool analog = true;
  if (const auto lines = board.ask("gk"); lines.size() == 3) analog = lines[0] != 0;
  for (int sensor = 0; sensor < 6; ++sensor) {
    if (board.get(fmt::format("ge {}", sensor), 2)[1] == 0) continue;
    ClampSensor clamp;
    clamp.sensor = sensor;
    for (int port = 0; port < (analog ? 3 : 1); ++port)
      if (map[static_cast<std::size_t>(port)] == sensor) clamp.clamps.push_back(port);
    if (clamp.clamps.empty()) {
      setup.others.push_back(sensor);
      continue;
    }
    clamp.constant = static_cast<std::uint16_t>(board.get(fmt::format("gm {}", sensor), 2)[1]);
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

// What a guided calibration has to know of a board, and the person that it talks to.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "tools/mainboard/board/board.hpp"

namespace flm::calibration {

using mainboard::Board;
using mainboard::BoardRefused;
using mainboard::Health;
using mainboard::in_seconds;
using mainboard::Reading;
using mainboard::SensorKind;

/// A person at the console, or the answers that stand in for one.
class Dialogue {
 public:
  virtual ~Dialogue() = default;
  /// A line that stays.
  virtual void say(const std::string& line) = 0;
  /// A line that the next one replaces; empty: nothing is going on any more.
  virtual void progress(const std::string& line) = 0;
  /// A question that yes or no answers.
  virtual bool confirm(const std::string& question) = 0;
};

/// A clamp sensor of the board.
struct ClampSensor {
  int sensor = 0;           ///< 0..5
  std::vector<int> clamps;  ///< 0..2
  std::uint16_t constant = 0;
};

/// What a calibration has to know of a board before it begins.
struct Setup {
  bool known = false;       ///< it answers `gv`: an OpenFLM board, whose seconds and stamps belong together
  std::uint8_t letter = 0;  ///< of the board: 0x2a, 0x2b
  double samples_per_second = 0;    ///< of a clamp
  std::vector<ClampSensor> clamps;  ///< the enabled ones
  std::vector<int> others;          ///< enabled sensors that no clamp feeds
};

/// Reads it. Throws BoardRefused when the board is none of OpenFLM's: a stock board has no statistics.
Setup read_setup(Board&);
/// The clamp sensor `id` (1..6), or the only one there is for 0. Throws CalibrationError.
const ClampSensor& choose_clamp(const Setup&, int id);

/// Two's complement of 16 bits, as `go` answers and `so` takes it.
inline int from_wire16(std::int64_t value) {
  return static_cast<std::int16_t>(static_cast<std::uint16_t>(value));
}
inline int to_wire16(int value) { return static_cast<std::uint16_t>(static_cast<std::int16_t>(value)); }

}  // namespace flm::calibration

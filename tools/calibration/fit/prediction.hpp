// Prediction of a board's reading from a raw second with other settings: the firmware's own arithmetic, on
// the PC.
#pragma once
#include <cstdint>

#include "tools/calibration/fit/reading.hpp"

namespace flm::calibration {

/// A clamp's settings, as on the link.
struct ClampSettings {
  std::uint16_t tau_us = 0, noise_q10 = 0;
  std::int16_t offset_q8 = 0;
  std::uint16_t constant = 0;
};

/// Power that the board with this `gv` letter computes from the second, W; 0 for an unknown board.
double predicted_watts(const RawWindow&, const ClampSettings&, std::uint8_t board_letter);

}  // namespace flm::calibration

// Step weight and sampling rate of a board, by its letter. Not part of BoardFacts: the weight is the
// firmware's own arithmetic for the board's type, and only this room of tools/ knows firmware/metering.
#pragma once
#include <cstdint>

#include "boards/all.hpp"
#include "firmware/metering/estimator.hpp"

namespace flm::calibration {

struct BoardSampling {
  std::uint8_t letter = 0;        ///< as `gv` reports it: 0x2A, 0x2B
  double samples_per_second = 0;  ///< rate of each clamp
  /// metering::StepWeight::q14
  std::uint32_t (*step_weight_q14)(std::uint16_t tau_us) = nullptr;
};

template <class... Boards>
struct Samplings {
  static constexpr BoardSampling list[] = {
      {Boards::letter, metering::StepWeight<typename Boards::Sampling>::samples_per_second,
       &metering::StepWeight<typename Boards::Sampling>::q14}...};
};

/// Sampling of the board with this `gv` letter, or nullptr.
inline const BoardSampling* find_sampling(long letter) {
  for (const BoardSampling& sampling : boards::WithAllBoards<Samplings>::list)
    if (sampling.letter == letter) return &sampling;
  return nullptr;
}

}  // namespace flm::calibration

#include "tools/calibration/fit/prediction.hpp"

#include "firmware/metering/estimator.hpp"
#include "tools/calibration/fit/board_sampling.hpp"

namespace flm::calibration {

double predicted_watts(const RawWindow& window, const ClampSettings& settings, std::uint8_t board_letter) {
  if (window.samples <= 0) return 0;
  metering::ClampSums sums{};
  sums.squares = static_cast<std::uint32_t>(window.squares);
  sums.steps = static_cast<std::uint32_t>(window.steps);
  sums.sum = static_cast<std::uint32_t>(window.sum);
  const BoardSampling* sampling = find_sampling(board_letter);
  if (sampling == nullptr) return 0;
  const std::uint32_t weight = sampling->step_weight_q14(settings.tau_us);
  const metering::ClampCalibration calibration = {settings.tau_us, settings.noise_q10, settings.offset_q8};
  const std::uint32_t square =
      metering::mean_square_q10(sums, static_cast<std::uint16_t>(window.samples), calibration, weight);
  return metering::power_q8(square, settings.constant) / 256.0;
}

}  // namespace flm::calibration

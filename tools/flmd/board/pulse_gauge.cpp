#include "tools/flmd/board/pulse_gauge.hpp"

#include <algorithm>

namespace flm::flmd {
namespace {

constexpr std::int64_t wrap = std::int64_t{1} << 32;  // of counter and ms
constexpr std::int64_t hour_ms = 3'600'000;

/// floor(numerator / denominator + 0.5); numerator not below 0, at most 2^62.
std::int64_t rounded(std::int64_t numerator, std::int64_t denominator) {
  return numerator / denominator + (numerator % denominator * 2 >= denominator ? 1 : 0);
}

}  // namespace

PulseGauge::PulseGauge(std::string_view type, history::Milli constant, std::int64_t now_ms)
    : factor_(type == "electricity" ? 3'600 : 86'400), constant_(constant), since_ms_(now_ms) {}

std::optional<std::int64_t> PulseGauge::pulse(history::Milli counter, std::uint32_t ms, std::int64_t now_ms) {
  const std::optional<Base> last = base_;
  base_ = Base{counter, ms};
  since_ms_ = now_ms;
  if (!last || ms <= last->ms) return {};
  std::int64_t turned = counter - last->counter;
  if (turned < 0) turned += wrap * 1'000;
  // 2^31 Wh in the 49.7 days at most between two pulses are 1.8 MW.
  if (turned < 0 || turned >= wrap / 2 * 1'000) return {};
  if (turned > constant_ * (ms - last->ms)) return {};
  interval_ms_ = ms - last->ms;
  gauge_ = rounded(turned * factor_, interval_ms_);
  return gauge_;
}

std::optional<std::int64_t> PulseGauge::tick(std::int64_t now_ms) {
  const std::int64_t silent_ms = now_ms - since_ms_;
  if (silent_ms <= 0) return {};
  const bool over = silent_ms >= std::min(std::max(hour_ms, 2 * interval_ms_), 24 * hour_ms);
  if (!over && !gauge_) return {};
  const std::int64_t falls_to = over ? 0 : std::min(*gauge_, rounded(constant_ * factor_, silent_ms));
  if (gauge_ == falls_to) return {};
  return gauge_ = falls_to;
}

}  // namespace flm::flmd

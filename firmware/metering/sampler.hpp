// The sampling interrupt's work: one ADC code in, a few additions, and once a second two banks of sums change places.
#pragma once
#include <stdint.h>

#include "firmware/metering/estimator.hpp"
#include "protocol/attributes.hpp"

namespace flm {
namespace metering {

constexpr uint8_t clamps = 3;

/// Adds up the clamps' samples, in turn, window by window. Windows adjoin: each sample belongs to exactly one, and the step
/// to a window's first sample counts in that window.
class Sampler {
 public:
  /// Before the first add().
  void start() { at_ = bank_[0]; }

  /// Interrupt: the code of the clamp whose turn it is.
  FLM_INLINE void add(uint16_t code) {
    ClampSums& sums = *at_;
    const uint16_t before = previous_[clamp_];
    previous_[clamp_] = code;
    const uint16_t step = code > before ? static_cast<uint16_t>(code - before) : static_cast<uint16_t>(before - code);
    sums.sum += code;
    sums.squares += square_10_bits(code);
    sums.steps += square_10_bits(step);
    if (code >= full_scale_code) ++sums.clipped;
    ++at_;
    if (++clamp_ == clamps) end_scan();
  }

  /// Clamp (0..2) of the sample that add() takes next.
  FLM_NODISCARD uint8_t clamp() const { return clamp_; }

  /// Interrupt: the window ends with the scan in progress.
  void end_window() { window_due_ = true; }

  /// True while a finished window waits for the main loop. It has a window's length, a second, to fetch it.
  FLM_NODISCARD bool window_ready() const { return window_ready_ != 0; }
  /// Samples a clamp in the finished window.
  FLM_NODISCARD uint16_t window_samples() const { return finished_samples_; }
  /// The finished window's sums of a clamp 0..2; stable from window_ready() to release_window().
  FLM_NODISCARD const ClampSums& window(uint8_t clamp) const { return bank_[1 - active_][clamp]; }
  /// Main loop: the finished window has been used; clears its bank for the next one.
  template <class Critical>
  void release_window() {
    for (ClampSums& sums : bank_[1 - active_]) sums = ClampSums{};
    const Critical publish;
    window_ready_ = 0;
  }

 private:
  FLM_INLINE void end_scan() {
    clamp_ = 0;
    ++samples_;
    if (window_due_ && window_ready_ == 0) {
      window_due_ = false;
      window_ready_ = 1;
      finished_samples_ = samples_;
      samples_ = 0;
      active_ = static_cast<uint8_t>(1 - active_);
    }
    at_ = bank_[active_];
  }

  ClampSums bank_[2][clamps] = {};
  uint16_t previous_[clamps] = {};
  ClampSums* at_ = nullptr;
  uint16_t samples_ = 0;
  uint16_t finished_samples_ = 0;
  volatile uint8_t window_ready_ = 0;
  uint8_t active_ = 0;
  uint8_t clamp_ = 0;
  bool window_due_ = false;
};

}  // namespace metering
}  // namespace flm

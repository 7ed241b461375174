// The sampling interrupt's work: one ADC code in, a few additions, and once a second two banks of sums change
// places.
#pragma once
#include <stdint.h>

#include "firmware/metering/estimator.hpp"
#include "firmware/metering/settings.hpp"  // clamps
#include "toolchain/attributes.hpp"

namespace flm {
namespace metering {

/// Adds up the clamps' samples, in turn, window by window. Windows adjoin: each sample belongs to exactly
/// one, and the step to a window's first sample counts in that window.
template <class Arithmetic, uint8_t Clamps = clamps>
class Sampler {
 public:
  /// Before the first add().
  void start() { active_ = at_ = bank_[0]; }

  /// Interrupt: the code of the clamp whose turn it is. True when it was the last of a scan: end_scan() comes
  /// next.
  FLM_NODISCARD FLM_INLINE bool add(uint16_t code) {
    ClampSums& sums = *at_;
    const uint16_t before = sums.last;
    if (samples_ == 0) clear(sums);
    sums.last = code;
    sums.sum += code;
    if (code < sums.smallest) sums.smallest = code;
    if (code >= sums.largest) {
      sums.largest = code;
      if (code >= full_scale_code) ++sums.clipped;
    }
    Arithmetic::add_square(sums.squares, code);
    const int16_t step = static_cast<int16_t>(code - before);
    Arithmetic::add_square(sums.steps, static_cast<uint16_t>(step < 0 ? -step : step));
    at_ = &sums + 1;
    return ++clamp_ == Clamps;
  }

  /// Interrupt: a scan has ended, and with it the window if `window_ends` (or as soon as the one before it
  /// has been fetched).
  FLM_INLINE void end_scan(bool window_ends) {
    clamp_ = 0;
    ++samples_;
    if (window_ends) window_due_ = true;
    if (window_due_ && window_ready_ == 0)
      end_window();
    else
      at_ = active_;
  }

  /// Main loop: the window ends with the scan in progress (or as soon as the one before it has been fetched).
  void end_window_early() { window_due_ = true; }

  /// Clamp (from 0) of the sample that add() takes next.
  FLM_NODISCARD uint8_t clamp() const { return clamp_; }

  /// True while a finished window waits for the main loop. It has a window's length, a second, to fetch it.
  FLM_NODISCARD bool window_ready() const { return window_ready_ != 0; }
  /// Samples a clamp in the finished window.
  FLM_NODISCARD const uint16_t& window_samples() const { return finished_samples_; }
  /// The finished window's sums of a clamp, from 0; they stand from window_ready() to release_window(), and
  /// after it until the next window ends: hold_window() puts that off.
  FLM_NODISCARD FLM_OUTLINE const ClampSums& window(uint8_t clamp) const { return finished()[clamp]; }
  /// Main loop: the finished window has been used.
  void release_window() { window_ready_ = 0; }
  /// Main loop, under a critical section: no window ends until release_window(). False when a finished one
  /// waits already.
  FLM_NODISCARD bool hold_window() {
    const bool released = window_ready_ == 0;
    window_ready_ = 1;
    return released;
  }

  /// Sums of the window in progress, a clamp each, and its samples a clamp; under a critical section.
  FLM_NODISCARD const ClampSums* growing() const { return active_; }
  FLM_NODISCARD uint16_t growing_samples() const { return samples_; }

 private:
  FLM_NODISCARD const ClampSums* finished() const { return active_ == bank_[0] ? bank_[1] : bank_[0]; }
  FLM_NODISCARD ClampSums* finished() { return active_ == bank_[0] ? bank_[1] : bank_[0]; }
  FLM_INLINE static void clear(ClampSums& sums) {
    sums.squares = sums.steps = sums.sum = 0;
    sums.clipped = sums.largest = 0;
    sums.smallest = full_scale_code;
  }

  /// The banks change places. The new one's first steps start from the old one's last samples.
  FLM_OUTLINE void end_window() {
    window_due_ = false;
    window_ready_ = 1;
    finished_samples_ = samples_;
    samples_ = 0;
    ClampSums *from = active_, *to = finished();
    at_ = active_ = to;
    for (uint8_t left = Clamps; left != 0; --left) (to++)->last = (from++)->last;
  }

  // Small members come first: a pointer to this object reaches 63 bytes by 2-byte instructions.
  ClampSums* at_ = nullptr;      ///< sums that the next sample goes into
  ClampSums* active_ = nullptr;  ///< bank that is being filled
  uint16_t samples_ = 0;  ///< samples in the window in progress; 0 in its first scan, when the bank still
                          ///< holds an old window's sums
  uint16_t finished_samples_ = 0;
  volatile uint8_t window_ready_ = 0;
  uint8_t clamp_ = 0;
  volatile bool window_due_ = false;
  ClampSums bank_[2][Clamps] = {};
};

}  // namespace metering
}  // namespace flm

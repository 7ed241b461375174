// The time of a site: this machine's, or that of a simulated board, whose days may pass in minutes.
#pragma once
#include <atomic>
#include <chrono>
#include <cstdint>

#include "tools/mainboard/link/time.hpp"

namespace flm::flmd {

/// When something was read.
struct Moment {
  std::int64_t unix_ms;    ///< UTC
  std::int64_t steady_ms;  ///< on a clock that never steps, since a moment of its choice
};

class SiteClock {
 public:
  [[nodiscard]] Moment moment() const { return {now_ms(), steady_ms()}; }
  /// Unix s, UTC.
  [[nodiscard]] std::int64_t now() const { return now_ms() / 1000; }
  [[nodiscard]] std::int64_t now_ms() const {
    if (const std::int64_t board = simulated_.load(std::memory_order_relaxed); board >= 0)
      return start_ms_ + board / 1'000'000;
    return std::chrono::duration_cast<std::chrono::milliseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
  }
  /// As Moment has it.
  [[nodiscard]] std::int64_t steady_ms() const {
    if (const std::int64_t board = simulated_.load(std::memory_order_relaxed); board >= 0)
      return board / 1'000'000;
    return std::chrono::duration_cast<std::chrono::milliseconds>(
               std::chrono::steady_clock::now().time_since_epoch())
        .count();
  }
  /// From now on the time goes as a simulated board's: `time` since its start, which was at `start_ms`.
  void simulate(std::int64_t start_ms, mainboard::Time time) {
    start_ms_ = start_ms;
    simulated_.store(time.count(), std::memory_order_relaxed);
  }

 private:
  std::atomic<std::int64_t> start_ms_ = 0;
  std::atomic<std::int64_t> simulated_ = -1;  ///< ns; -1: it is this machine's time
};

}  // namespace flm::flmd

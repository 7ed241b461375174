// How long is waited after failures in a row.
#pragma once
#include <algorithm>
#include <chrono>
#include <cstdint>

namespace flm::flmd {

struct Backoff {
  std::chrono::milliseconds first{300'000};
  std::chrono::milliseconds longest{900'000};

  /// `first`, doubled with each failure after the first, at most `longest`; and up to a quarter more, so that
  /// devices which lost their server in the same second do not come back in the same second. `failures`:
  /// from 1. `share`: of that quarter, 0 to 1.
  [[nodiscard]] std::chrono::milliseconds wait(unsigned failures, double share) const {
    auto plain = first;
    for (unsigned i = 1; i < failures && plain < longest; ++i) plain *= 2;
    plain = std::min(plain, longest);
    return plain + std::chrono::milliseconds(
                       static_cast<std::int64_t>(static_cast<double>(plain.count()) * 0.25 * share));
  }
};

}  // namespace flm::flmd

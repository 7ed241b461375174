// The time as text.
#pragma once
#include <array>
#include <ctime>
#include <string>

namespace flm {

/// Now, in UTC, as strftime(3) writes it: ISO 8601 unless another format is given.
inline std::string utc_now(const char* format = "%Y-%m-%dT%H:%M:%SZ") {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  std::array<char, 32> text{};
  return {text.data(), std::strftime(text.data(), text.size(), format, &parts)};
}

}  // namespace flm

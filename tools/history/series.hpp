// What a history is of.
#pragma once
#include <compare>
#include <string>

namespace flm::history {

/// One quantity over time: a sensor, and how often its id was given to another quantity ("recycle id").
struct Series {
  std::string sid;  ///< 32 lower-case hex digits
  int rid = 0;      ///< 0 or more
  auto operator<=>(const Series&) const = default;
};

/// Both as they must be: a series names folders.
inline bool is_right(const Series& series) {
  return series.sid.size() == 32 && series.sid.find_first_not_of("0123456789abcdef") == std::string::npos &&
         series.rid >= 0;
}

}  // namespace flm::history

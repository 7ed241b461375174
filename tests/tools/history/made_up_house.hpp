// A house whose readings follow from the time, and a history that lives with it: for tests that take power,
// processes and disks away.
#pragma once
#include <fmt/format.h>

#include <cstdint>
#include <map>
#include <vector>

#include "tools/history/history.hpp"

namespace flm::history::test {

inline const Series clamp{"0123456789abcdef0123456789abcdef", 0},
    dense{"00000000000000000000000000000001", 0}, kube{"00000000000000000000000000000002", 3};

/// Numbers from 0 to end - 1, always the same ones.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : state_(seed * 2 + 1) {}
  unsigned below(unsigned end) {
    state_ = state_ * 6364136223846793005u + 1442695040888963407u;
    return static_cast<unsigned>((state_ >> 33) % end);
  }

 private:
  std::uint64_t state_;
};

/// The readings of a second: a clamp counts 1 Wh every 18 s or so, a pulse input counts each second for four
/// minutes of twenty, a kube gives a temperature every 64 s.
inline std::vector<std::pair<Series, Point>> readings_at(std::int64_t time) {
  std::vector<std::pair<Series, Point>> readings;
  if (time % 18 == 0 || time % 31 == 0) readings.push_back({clamp, {time, 1000 * (time / 18 + time / 31)}});
  if (time % 1200 < 240) readings.push_back({dense, {time, time * (7 + time % 3) * 1000}});
  if (time % 64 == 5) readings.push_back({kube, {time, 21'370 + (time * time) % 601 - 300}});
  return readings;
}

using Points = std::map<Series, std::vector<Point>>;

inline Points points_of(History& history) {
  Points all;
  for (const Series& series : history.series())
    for (const Point& point : history.points(series, 0, std::int64_t{1} << 40)) all[series].push_back(point);
  return all;
}

/// All that was read from `from` to `now`, less than 10 s at the end: what a crash may leave. Empty: it is
/// so. Else what is wrong.
inline std::string what_is_lost(const Points& truth, const Points& found, std::int64_t now) {
  for (const auto& [series, points] : found) {
    const auto expected = truth.find(series);
    if (!points.empty() && expected == truth.end()) return fmt::format("{} is nobody's", series.sid);
    for (std::size_t i = 0; i < points.size(); ++i)
      if (i >= expected->second.size() || points[i] != expected->second[i])
        return fmt::format("{}: point {} of {} is ({}, {}), not what was read", series.sid, i, points.size(),
                           points[i].time, points[i].value);
  }
  for (const auto& [series, points] : truth) {
    const auto there = found.find(series);
    const std::size_t count = there == found.end() ? 0 : there->second.size();
    if (count < points.size() && points[count].time <= now - 10)
      return fmt::format("{}: {} points of {} are there, the first lost one is {} s old", series.sid, count,
                         points.size(), now - points[count].time);
  }
  return {};
}

}  // namespace flm::history::test

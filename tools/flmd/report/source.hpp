// What reporters read: points of the history, in order. The history is behind it; a test has a made-up one.
#pragma once
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

#include "tools/history/point.hpp"   // Point
#include "tools/history/series.hpp"  // Series

namespace flm::flmd {

using history::Series;

class Source {
 public:
  virtual ~Source() = default;

  /// The first `most` points with a time above `time`, their times ascending, each once; those not yet on
  /// disk too. Fewer than `most`: there are no more. Throws InputError when the disk cannot be read.
  ///
  /// A reporter that catches up asks for the points after the last one that it was given, a hundred times a
  /// second. An implementation that keeps its place answers that without opening a block again.
  [[nodiscard]] virtual std::vector<history::Point> after(const Series&, std::int64_t time,
                                                          std::size_t most) const = 0;

  /// Time of the last point; nothing for a series without points. Asked often: no disk.
  [[nodiscard]] virtual std::optional<std::int64_t> newest(const Series&) const = 0;
};

/// A time before all points.
inline constexpr std::int64_t before_all = std::numeric_limits<std::int64_t>::min();

}  // namespace flm::flmd

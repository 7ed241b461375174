// Bins of a counter: how much it counted in each cell of a grid, made from its points or from bins that were
// made before.
#pragma once
#include <cstdint>
#include <functional>
#include <optional>

#include "tools/history/point.hpp"
#include "tools/history/query/grid.hpp"

namespace flm::history {

/// What a counter counted from `begin` to `end`, in billionths of its unit, and for how many of these seconds
/// that is known.
struct Bin {
  std::int64_t begin, end, nano, known;
  bool operator==(const Bin&) const = default;
};

/// Accumulates a sensor's counter into the cells of a grid, as RRDtool's DERIVE does on the stock server, but
/// in whole numbers:
/// * Between two points the counter rises evenly. What falls into a cell is cut to whole billionths at the
/// cells' edges, so that
///   the cells between two points add up to their difference exactly.
/// * A sensor that counts nothing makes no points, so a time without points is known: up to `heartbeat` s,
/// the stock server's.
/// * Between two points farther apart, with a rate beyond +-`fastest`, or of which the later is lower (a
/// counter that was reset or
///   replaced) nothing is known. A counter that `falls`, a smart meter's net counter, may be lower.
/// * Before the first point and after the last nothing is known. Who knows that the counter still stands adds
/// a point of now.
class Bins {
 public:
  static constexpr std::int64_t heartbeat = 8'640'000;  // 100 days
  static constexpr std::int64_t fastest = 20;           // Wh/s or L/s: 72 kW
  using Sink = std::function<void(const Bin&, const Cell&)>;

  /// Hands each cell to `sink` once, in order, as soon as a point or bin lies at its end or behind it.
  Bins(Grid grid, bool falls, Sink sink);

  /// Takes the sensor's next point. The first one may lie before the grid, and the last behind it: together
  /// they say what is in the outermost cells. A point not later than the one before is ignored.
  void add(Point point) {
    if (last_ && point.time <= last_->time) return;
    if (last_) stretch(*last_, point);
    last_ = point;
  }
  const Grid& grid() const { return grid_; }
  /// Takes a bin that lies in one cell or between them, and not before the end of what was added until now.
  /// Points that follow count from its end on.
  void add(const Bin& bin);
  /// Span whose points are needed, and the last one before it and the first after it.
  std::int64_t from() const { return from_; }
  std::int64_t to() const { return grid_.end(); }
  /// Whether first and last point from one time to another are enough, because no edge of a cell lies
  /// between: for a source that can pass over those between. A reset that it passes over goes unseen.
  bool in_one_cell(std::int64_t from, std::int64_t to) const;
  /// Hands over the cells that are left.
  void finish();

 private:
  void stretch(Point from, Point to);
  void close_cells(std::int64_t until);

  Grid grid_;
  bool falls_;
  Sink sink_;
  std::optional<Cell> cell_;  // the one that is being filled
  std::int64_t nano_ = 0, known_ = 0;
  std::optional<Point> last_;
  std::int64_t from_;
  std::int64_t told_;  // what was before is in the cells
};

}  // namespace flm::history

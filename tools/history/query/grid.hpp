// Rows of an answer: where their bins begin and end, and what their time stamps are.
#pragma once
#include <cstdint>
#include <optional>

#include "tools/history/query/zone.hpp"

namespace flm::history {

/// Length of a row's bin. Bins of all but `month` are aligned to UTC, whole multiples of their length since
/// 1970: a day is 00:00 to 24:00 UTC, a week begins on a Thursday. `month` is a calendar month of local time.
enum class Resolution : std::uint8_t { minute, quarter_hour, hour, day, week, month };

/// Seconds of a bin; of a month 31 days.
std::int64_t seconds_of(Resolution);

/// Longest time that rows of a resolution may cover, s: what the stock server's archive of it holds; ten
/// years for hour and month.
std::int64_t longest_of(Resolution);

/// A span of time, begin <= t < end, and the time stamp of the row that it counts for. A time stamp is the
/// end of a row's bin.
struct Cell {
  std::int64_t begin, end, row;
  bool operator==(const Cell&) const = default;
};

/// Bins in a row, from one that begins at `first` to one that begins at `last`. Of nights, a row's cells are
/// the nights that end in its bin; otherwise its one cell is the bin.
class Grid {
 public:
  /// Grid whose first bin holds `first` and whose last holds `last`; the zone outlives it.
  Grid(Resolution resolution, const Zone& zone, std::int64_t first, std::int64_t last, bool nights = false);

  Resolution resolution() const { return resolution_; }
  std::int64_t begin() const { return begin_; }
  /// End of the last bin.
  std::int64_t end() const { return end_; }
  /// Begin of the bin that holds a time, and the end of the bin that holds it.
  std::int64_t floor(std::int64_t time) const;
  std::int64_t next(std::int64_t time) const;

  /// First cell whose end lies behind a time; nothing after the last.
  std::optional<Cell> cell_after(std::int64_t time) const;

  /// Whether all its cells are made of whole quarter hours of UTC, so that bins of those can fill them. Not
  /// minutes, nor nights and months of a zone whose offset is none.
  bool is_of_quarters() const;

  /// Night that ends first after a time: the twelve quarter hours up to 05:00 local time, so 02:00 to 05:00
  /// whenever clocks do not change meanwhile, and three hours always.
  static Cell night_after(std::int64_t time, const Zone&);

 private:
  Resolution resolution_;
  bool nights_;
  const Zone* zone_;
  std::int64_t begin_, end_;
};

}  // namespace flm::history

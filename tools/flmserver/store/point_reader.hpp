// The points of a series, from its blocks and pieces.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <variant>
#include <vector>

#include "tools/flmserver/store/database.hpp"
#include "tools/history/packed_block.hpp"
#include "tools/history/point.hpp"
#include "tools/history/series.hpp"
#include "tools/history/tmpo_block.hpp"

namespace flm::server {

/// Where a piece with a point lies: in a span of 4096 s.
inline history::BlockId window_of(std::int64_t time) { return history::BlockId::at(12, time); }

/// The points of a block or piece as the store has it: a TMPO block of a device, or of a store that is older
/// than packed blocks, or a packed one.
class StoredReader {
 public:
  StoredReader(std::string_view gzip, history::BlockId);
  /// The next points; 0: the end.
  std::size_t read(std::span<history::Point>);
  [[nodiscard]] history::Point tail() const;
  /// It is packed, and none of its points can be read.
  [[nodiscard]] bool is_damaged() const;

 private:
  std::variant<std::monostate, history::PackedReader, history::BlockReader> reader_;
};

/// All of them.
std::vector<history::Point> points_of(std::string_view gzip, history::BlockId);

/// Points of [from, to), in the order of their times: those of blocks, which do not overlap, and those of
/// pieces, which come first where both have a second. Needs memory for eight blocks. Database and series
/// outlive it; so does a transaction that sees one state.
class PointReader {
 public:
  /// `and_before`: the last point before `from` comes first, where there is one.
  PointReader(Database&, const history::Series&, std::int64_t from, std::int64_t to, bool and_before = false);
  /// False: the end.
  bool next(history::Point&);
  /// Passes over all before a time, and does not unpack what lies there.
  void skip_to(std::int64_t time);

 private:
  bool read(history::Point&);
  bool next_before(history::Point&);
  void read_first();
  bool fill_from_blocks();
  bool next_block();
  bool fill_from_pieces();

  Database& database_;
  const history::Series& series_;
  std::int64_t from_, to_;
  /// Time before which the last point is sought; until it is found nothing is left out by from_.
  std::optional<std::int64_t> before_;
  bool has_block_before_ = false, has_block_point_before_ = false;
  std::optional<history::Point> ahead_;  // what was read when it was found

  Rows blocks_;  // the next ones
  std::size_t block_ = 0;
  bool has_more_blocks_ = true;
  history::BlockId id_;
  std::unique_ptr<StoredReader> reader_;
  std::vector<history::Point> buffer_;
  std::size_t at_ = 0, size_ = 0;

  std::vector<history::Point> pieces_;  // of some windows
  std::size_t piece_ = 0;
  std::int64_t pieces_from_ = 0;  // where the next window is searched
  bool has_more_pieces_ = true;
};

/// Begin of the span of 32 days whose days one row has.
constexpr std::int64_t day_span_s = 32 * 86'400;
constexpr std::int64_t day_span_of(std::int64_t time) { return time / day_span_s * day_span_s; }
/// Text of such a row's days; empty when it is damaged.
std::string text_of_days(std::string_view gzip);

/// The last point before a time.
std::optional<history::Point> last_before(Database&, const history::Series&, std::int64_t time);

/// Points of pieces, of rows whose first columns are `first` and `gzip`, in the order of their times.
std::vector<history::Point> points_of_pieces(const Rows&);

}  // namespace flm::server

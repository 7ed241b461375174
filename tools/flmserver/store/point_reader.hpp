// The points of a series, from its blocks and pieces.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "tools/flmserver/store/database.hpp"
#include "tools/history/point.hpp"
#include "tools/history/series.hpp"
#include "tools/history/tmpo_block.hpp"

namespace flm::server {

/// Where a piece with a point lies: in a span of 4096 s.
inline history::BlockId window_of(std::int64_t time) { return history::BlockId::at(12, time); }

/// Points of [from, to), in the order of their times: those of blocks, which do not overlap, and those of
/// pieces, which come first where both have a second. Needs memory for eight blocks. Database and series
/// outlive it; so does a transaction that sees one state.
class PointReader {
 public:
  PointReader(Database&, const history::Series&, std::int64_t from, std::int64_t to);
  /// False: the end.
  bool next(history::Point&);
  /// Passes over all before a time, and does not unpack what lies there.
  void skip_to(std::int64_t time);

 private:
  bool fill_from_blocks();
  bool next_block();
  bool fill_from_pieces();

  Database& database_;
  const history::Series& series_;
  std::int64_t from_, to_;

  Rows blocks_;  // the next ones
  std::size_t block_ = 0;
  bool has_more_blocks_ = true;
  history::BlockId id_;
  std::unique_ptr<history::BlockReader> reader_;
  std::vector<history::Point> buffer_;
  std::size_t at_ = 0, size_ = 0;

  std::vector<history::Point> pieces_;  // of one window
  std::size_t piece_ = 0;
  std::int64_t pieces_from_ = 0;  // where the next window is searched
  bool has_more_pieces_ = true;
};

/// The last point before a time.
std::optional<history::Point> last_before(Database&, const history::Series&, std::int64_t time);

/// Points of the pieces of a window, of rows with the columns `first` and `gzip`, in the order of their
/// times.
std::vector<history::Point> points_of_pieces(const Rows&);

}  // namespace flm::server

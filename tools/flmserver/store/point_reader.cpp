#include "tools/flmserver/store/point_reader.hpp"

#include <algorithm>
#include <utility>

#include "tools/history/rollup/days.hpp"

namespace flm::server {

using history::BlockId;
using history::Point;

namespace {

constexpr std::int64_t longest_span = std::int64_t{1} << 20;
constexpr std::size_t blocks_at_once = 8, points_at_once = 2048;
constexpr std::int64_t pieces_at_once = 16'384;  // s, four windows

/// Of a row of a block: bid, gzip, level.
BlockId id_of(const Row& row) { return {static_cast<int>(row.integer(2)), row.integer(0)}; }

}  // namespace

StoredReader::StoredReader(std::string_view gzip, BlockId id) {
  if (history::is_packed(gzip))
    reader_.emplace<history::PackedReader>(gzip, id);
  else
    reader_.emplace<history::BlockReader>(gzip, id);
}

std::size_t StoredReader::read(std::span<Point> out) {
  if (auto* const packed = std::get_if<history::PackedReader>(&reader_)) return packed->read(out);
  return std::get<history::BlockReader>(reader_).read(out);
}

Point StoredReader::tail() const {
  if (const auto* const packed = std::get_if<history::PackedReader>(&reader_)) return packed->tail();
  return std::get<history::BlockReader>(reader_).tail();
}

bool StoredReader::is_damaged() const {
  const auto* const packed = std::get_if<history::PackedReader>(&reader_);
  return packed != nullptr && packed->damage();
}

std::vector<Point> points_of(std::string_view gzip, BlockId id) {
  StoredReader reader(gzip, id);
  std::vector<Point> points;
  std::size_t size = 0;
  for (std::size_t made = 1; made != 0; size += made) {
    points.resize(std::max<std::size_t>(256, 2 * size));
    made = reader.read(std::span(points).subspan(size));
  }
  points.resize(size);
  return points;
}

std::vector<Point> points_of_pieces(const Rows& rows) {
  std::vector<Point> points;
  for (const Row& row : rows) {
    const auto piece = points_of(row.text(1), window_of(row.integer(0)));
    points.insert(points.end(), piece.begin(), piece.end());
  }
  if (!std::is_sorted(points.begin(), points.end())) std::sort(points.begin(), points.end());
  return points;
}

PointReader::PointReader(Database& database, const history::Series& series, std::int64_t from,
                         std::int64_t to, bool and_before)
    : database_(database), series_(series), from_(std::max<std::int64_t>(from, 0)), to_(to) {
  if (and_before) before_ = std::exchange(from_, 0);
}

void PointReader::skip_to(std::int64_t time) { from_ = std::max(from_, time); }

/// The first blocks and pieces, in one statement: blocks from the last one that begins before the time that
/// is sought, pieces of four windows, from that of the last one that begins before that time.
void PointReader::read_first() {
  Rows rows = database_.run(
      "WITH of_last AS (SELECT coalesce(max(first), $3) / 4096 * 4096 AS begin FROM piece"
      " WHERE sid = $1 AND rid = $2 AND first < $3)"
      " SELECT bid, gzip, level, CAST(NULL AS BIGINT) FROM"
      " (SELECT bid, gzip, level FROM block WHERE sid = $1 AND rid = $2 AND bid >="
      " (SELECT coalesce(max(bid), $3) FROM block WHERE sid = $1 AND rid = $2 AND bid < $3)"
      " AND bid < $4 ORDER BY bid LIMIT 8) AS blocks"
      " UNION ALL SELECT first, gzip, 0, begin FROM piece, of_last WHERE sid = $1 AND rid = $2"
      " AND first >= begin AND first < begin + 16384 ORDER BY 1",
      {series_.sid, series_.rid, *before_, to_});
  Rows pieces;
  for (Row& row : rows) (row.is_null(3) ? blocks_ : pieces).push_back(std::move(row));
  has_block_before_ = !blocks_.empty() && id_of(blocks_.front()).start < *before_;
  has_more_blocks_ = blocks_.size() == blocks_at_once;
  pieces_ = points_of_pieces(pieces);
  pieces_from_ = (pieces.empty() ? window_of(*before_).start : pieces.front().integer(3)) + pieces_at_once;
}

bool PointReader::next_block() {
  for (;;) {
    if (block_ == blocks_.size()) {
      if (!has_more_blocks_) return false;
      const std::int64_t after =
          blocks_.empty() ? from_ - longest_span : std::max(id_.start, from_ - longest_span);
      blocks_ = database_.run(
          "SELECT bid, gzip, level FROM block WHERE sid = $1 AND rid = $2 AND bid > $3 AND bid < $4"
          " AND bid + (1 << CAST(level AS INTEGER)) > $5 ORDER BY bid LIMIT 8",
          {series_.sid, series_.rid, after, to_, from_});
      block_ = 0;
      has_more_blocks_ = blocks_.size() == blocks_at_once;
      if (blocks_.empty()) return false;
    }
    const Row& row = blocks_[block_++];
    id_ = id_of(row);
    if (id_.end() <= from_) continue;
    reader_ = std::make_unique<StoredReader>(row.text(1), id_);
    return true;
  }
}

/// Makes buffer_[at_] the next point of blocks; false: there is none.
bool PointReader::fill_from_blocks() {
  for (;;) {
    while (at_ < size_ && buffer_[at_].time < from_) ++at_;
    if (at_ < size_) return buffer_[at_].time < to_;
    if (!reader_ || id_.end() <= from_) {
      if (!next_block()) return false;
    }
    buffer_.resize(points_at_once);
    at_ = 0;
    size_ = reader_->read(buffer_);
    if (size_ == 0) reader_.reset();
  }
}

/// Makes pieces_[piece_] the next point of pieces; false: there is none.
bool PointReader::fill_from_pieces() {
  for (;;) {
    while (piece_ < pieces_.size() && pieces_[piece_].time < from_) ++piece_;
    if (piece_ < pieces_.size()) return pieces_[piece_].time < to_;
    pieces_from_ = std::max(pieces_from_, window_of(from_).start);
    if (!has_more_pieces_ || pieces_from_ >= to_) return false;
    const Rows rows = database_.run(
        "SELECT first, gzip FROM piece WHERE sid = $1 AND rid = $2 AND first >= $3 AND first <"
        " (SELECT min(first) / 4096 * 4096 + 16384 FROM piece WHERE sid = $1 AND rid = $2 AND first >= $3)"
        " ORDER BY first",
        {series_.sid, series_.rid, pieces_from_});
    has_more_pieces_ = !rows.empty();
    if (rows.empty()) return false;
    pieces_ = points_of_pieces(rows);
    piece_ = 0;
    pieces_from_ = window_of(rows.front().integer(0)).start + pieces_at_once;
  }
}

bool PointReader::read(Point& point) {
  const bool in_block = fill_from_blocks(), in_piece = fill_from_pieces();
  if (!in_block && !in_piece) return false;
  const bool is_block_point = in_block && (!in_piece || buffer_[at_].time <= pieces_[piece_].time);
  if (is_block_point && before_ && buffer_[at_].time < *before_) has_block_point_before_ = true;
  if (in_piece && (!in_block || pieces_[piece_].time <= buffer_[at_].time)) {
    point = pieces_[piece_++];
    if (in_block && buffer_[at_].time == point.time) ++at_;
  } else {
    point = buffer_[at_++];
  }
  return true;
}

/// The last point before the time that is sought; false: there is none. The next one is then ahead_.
bool PointReader::next_before(Point& point) {
  read_first();
  std::optional<Point> last;
  Point next;
  for (;;) {
    if (!read(next)) break;
    if (next.time >= *before_) {
      ahead_ = next;
      break;
    }
    last = next;
  }
  // All points of the last block that begins before it come later: the point is in one before that.
  if (has_block_before_ && !has_block_point_before_) last = last_before(database_, series_, *before_);
  before_.reset();
  if (last) point = *last;
  return last.has_value();
}

bool PointReader::next(Point& point) {
  if (before_ && next_before(point)) return true;
  if (ahead_) {
    point = *std::exchange(ahead_, std::nullopt);
    return true;
  }
  return read(point);
}

std::string text_of_days(std::string_view gzip) {
  std::string text;
  const history::GzipEnd end = history::gunzip(gzip, day_span_s / 86'400 * history::day_bytes, text);
  text.resize(end.kind == history::GzipEnd::Kind::whole ? end.size : 0);
  return text;
}

namespace {

std::optional<Point> last_in_blocks(Database& database, const history::Series& series, std::int64_t time) {
  for (std::int64_t before = time;;) {
    const Rows rows = database.run(
        "SELECT bid, gzip, level FROM block WHERE sid = $1 AND rid = $2 AND bid < $3 ORDER BY bid DESC LIMIT "
        "1",
        {series.sid, series.rid, before});
    if (rows.empty()) return {};
    const BlockId id = id_of(rows.front());
    StoredReader reader(rows.front().text(1), id);
    if (id.holds(reader.tail().time) && reader.tail().time < time) return reader.tail();
    std::optional<Point> last;
    std::vector<Point> points(points_at_once);
    while (const std::size_t count = reader.read(points)) {
      for (std::size_t i = 0; i < count && points[i].time < time; ++i) last = points[i];
      if (points[count - 1].time >= time) break;
    }
    if (last) return last;
    before = id.start;  // the block's points all come later
  }
}

std::optional<Point> last_in_pieces(Database& database, const history::Series& series, std::int64_t time) {
  const auto points = points_of_pieces(
      database.run("SELECT first, gzip FROM piece WHERE sid = $1 AND rid = $2 AND first < $3 AND first >="
                   " (SELECT max(first) / 4096 * 4096 FROM piece WHERE sid = $1 AND rid = $2 AND first < $3)",
                   {series.sid, series.rid, time}));
  std::optional<Point> last;
  for (const Point& point : points)
    if (point.time < time) last = point;
  return last;
}

}  // namespace

std::optional<Point> last_before(Database& database, const history::Series& series, std::int64_t time) {
  const auto in_block = last_in_blocks(database, series, time),
             in_piece = last_in_pieces(database, series, time);
  if (!in_block || !in_piece) return in_block ? in_block : in_piece;
  return in_block->time > in_piece->time ? in_block : in_piece;
}

}  // namespace flm::server

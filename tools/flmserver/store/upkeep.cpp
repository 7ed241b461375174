#include "tools/flmserver/store/upkeep.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "tools/flmserver/store/point_reader.hpp"
#include "tools/history/compaction.hpp"
#include "tools/history/rollup/days.hpp"

namespace flm::server {

using history::BlockId;
using history::Point;
using history::Series;

namespace {

constexpr std::int64_t day_s = 86'400, window_s = 4'096;
constexpr int most_spans = 100;                // looked at in one step
constexpr std::size_t enough_points = 50'000;  // for the days of one step

std::int64_t day_of(std::int64_t time) { return time / day_s * day_s; }
std::int64_t end_of_span(int level, std::int64_t time) { return BlockId::at(level, time).end(); }
bool is_end_of_span(int level, std::int64_t time) { return BlockId::at(level, time).start == time; }

/// Nothing is known of the day.
bool is_empty_day(std::string_view bins) {
  return bins.substr(8, history::day_bytes - 16).find_first_not_of('\0') == bins.npos;
}

/// Rows of a series' days, from a day on, that are made anew as the days come.
class DayRows {
 public:
  DayRows(Database& database, const Series& series, std::int64_t from)
      : database_(database), series_(series), next_(from) {
    const Rows rows = database_.run("SELECT bins FROM day WHERE sid = $1 AND rid = $2 AND day = $3",
                                    {series_.sid, series_.rid, day_span_of(from)});
    if (rows.empty()) return;
    const std::string text = text_of_days(rows.front().text(0));
    const history::Days days(text);
    is_damaged_ = days.empty() || days.end() < from;
    if (is_damaged_ || days.begin() >= from) return;
    text_ = text.substr(0, static_cast<std::size_t>((from - days.begin()) / day_s) * history::day_bytes);
    is_known_ = true;
  }
  void add(const std::string& day) {
    text_ += day;
    is_known_ = is_known_ || !is_empty_day(day);
    next_ += day_s;
    if (next_ % day_span_s == 0) put();
  }
  void put() {
    if (text_.empty()) return;
    const std::int64_t span = day_span_of(next_ - 1);
    database_.run("DELETE FROM day WHERE sid = $1 AND rid = $2 AND day = $3",
                  {series_.sid, series_.rid, span});
    if (is_known_)
      database_.run("INSERT INTO day (sid, rid, day, bins) VALUES ($1, $2, $3, $4)",
                    {series_.sid, series_.rid, span, Bound::bytes(history::gzip(text_))});
    text_.clear();
    is_known_ = false;
  }
  /// The row lacks days before those that come: they have to be made anew, from its span's begin on.
  [[nodiscard]] bool is_damaged() const { return is_damaged_; }
  /// Begin of the day that comes next.
  [[nodiscard]] std::int64_t next() const { return next_; }

 private:
  Database& database_;
  const Series& series_;
  std::int64_t next_;
  std::string text_;
  bool is_known_ = false, is_damaged_ = false;
};

}  // namespace

Upkeep::Upkeep(Database& database, Falls falls)
    : database_(database),
      falls_(std::move(falls)),
      lock_sql_(fmt::format(
          "SELECT newest_time, merged_until, days_until FROM series WHERE sid = $1 AND rid = $2{}",
          database.for_update())) {}

bool Upkeep::step() {
  const auto due = next_due();
  if (!due) {
    after_ = {"", -1};
    return std::exchange(has_worked_, false);
  }
  bool has_worked = false;
  try {
    if (due->merged_until + window_s + grace_s <= due->newest_time)
      has_worked = merge_next(*due);
    else if (const std::optional<bool> falls = falls_(due->series.sid))
      has_worked = roll(*due, *falls);
  } catch (const DatabaseError& error) {
    if (error.kind() != DatabaseError::Kind::collision) throw;
  }
  // The search goes on from here: series before it need nothing in this round. One that somebody else changed
  // comes in the next.
  has_worked_ = has_worked_ || has_worked;
  after_ = {due->series.sid, has_worked ? due->series.rid - 1 : due->series.rid};
  return true;
}

std::optional<Upkeep::Due> Upkeep::next_due() {
  const Rows rows = database_.run(
      "SELECT sid, rid, newest_time, merged_until, days_until FROM series"
      " WHERE sid >= $1 AND (sid > $1 OR rid > $2) AND (merged_until + $3 <= newest_time OR days_until + "
      "$4 <= newest_time)"
      " ORDER BY sid, rid LIMIT 1",
      {after_.sid, after_.rid, window_s + grace_s, day_s});
  if (rows.empty()) return {};
  const Row& row = rows.front();
  return Due{{row.text(0), static_cast<int>(row.integer(1))}, row.integer(2), row.integer(3), row.integer(4)};
}

/// True when it is done; false when somebody else changed the series meanwhile.
bool Upkeep::merge_next(const Due& due) {
  std::int64_t merged_until = due.merged_until;
  std::optional<Merge> merge;
  {
    Transaction reading(database_, Database::Mode::read);
    merge = plan(due, merged_until);
    reading.commit();
  }
  Transaction transaction(database_, Database::Mode::write);
  const Rows rows = database_.run(lock_sql_, {due.series.sid, due.series.rid});
  if (rows.empty() || rows.front().integer(1) != due.merged_until) return false;
  if (merge) {
    if (pieces(due.series, merge->id) != merge->from.pieces) return false;
    if (!merge->to.blocks.empty() && blocks(due.series, merge->id) != merge->from.blocks) return false;
    put(due.series, *merge);
  }
  if (merged_until != due.merged_until)
    database_.run("UPDATE series SET merged_until = $3 WHERE sid = $1 AND rid = $2",
                  {due.series.sid, due.series.rid, merged_until});
  transaction.commit();
  return true;
}

/// What is to be merged next; and until where all is, once that is done.
std::optional<Upkeep::Merge> Upkeep::plan(const Due& due, std::int64_t& merged_until) {
  for (int spans = 0; spans < most_spans; ++spans) {
    const auto end = next_end(due, merged_until);
    if (!end) {
      merged_until = window_of(due.newest_time - grace_s).start;
      return {};
    }
    for (int level = 12; level <= 20 && is_end_of_span(level, *end); level += 4) {
      auto found = merge(due.series, {level, *end - (std::int64_t{1} << level)});
      if (!found) continue;
      if (level == 20 || !is_end_of_span(level + 4, *end)) merged_until = *end;
      return found;
    }
    merged_until = *end;
  }
  return {};
}

/// End of the next span that has something to merge, or may have: of level 12 where there is a piece or a
/// block below level 20; of level 16 and 20 because one below it was looked at. Nothing: none that is
/// finished.
std::optional<std::int64_t> Upkeep::next_end(const Due& due, std::int64_t merged_until) {
  std::optional<std::int64_t> end;
  const auto earliest = [&](std::int64_t other) { end = end ? std::min(*end, other) : other; };
  for (const std::string_view sql :
       {"SELECT first FROM piece WHERE sid = $1 AND rid = $2 AND first >= $3 ORDER BY first LIMIT 1",
        "SELECT bid FROM block WHERE sid = $1 AND rid = $2 AND bid >= $3 AND level < 20 ORDER BY bid LIMIT "
        "1"})
    if (const Rows rows = database_.run(sql, {due.series.sid, due.series.rid, merged_until}); !rows.empty())
      earliest(window_of(rows.front().integer(0)).end());
  if (!is_end_of_span(16, merged_until))
    earliest(end_of_span(16, merged_until));
  else if (!is_end_of_span(20, merged_until))
    earliest(end_of_span(20, merged_until));
  if (end && *end > due.newest_time - grace_s) end.reset();
  return end;
}

std::vector<Upkeep::Sources::Block> Upkeep::blocks(const Series& series, BlockId id) {
  std::vector<Sources::Block> result;
  for (Row& row : database_.run(
           "SELECT level, bid, own, gzip FROM block WHERE sid = $1 AND rid = $2 AND bid >= $3 AND bid < $4"
           " ORDER BY bid",
           {series.sid, series.rid, id.start, id.end()}))
    result.push_back({{static_cast<int>(row.integer(0)), row.integer(1)},
                      row.integer(2) != 0,
                      std::move(row.columns[3].text)});
  return result;
}

std::vector<Upkeep::Sources::Piece> Upkeep::pieces(const Series& series, BlockId id) {
  std::vector<Sources::Piece> result;
  for (Row& row : database_.run(
           "SELECT first, gzip FROM piece WHERE sid = $1 AND rid = $2 AND first >= $3 AND first < $4"
           " ORDER BY first",
           {series.sid, series.rid, id.start, id.end()}))
    result.push_back({row.integer(0), std::move(row.columns[1].text)});
  return result;
}

/// What a span's block is made of, and the block; nothing: it needs none.
std::optional<Upkeep::Merge> Upkeep::merge(const Series& series, BlockId id) {
  bool is_covered = false, has_children = false;
  for (const Row& row :
       database_.run("SELECT level, own FROM block WHERE sid = $1 AND rid = $2 AND bid > $3 AND bid < $4"
                     " AND bid + (1 << CAST(level AS INTEGER)) > $5",
                     {series.sid, series.rid, id.start - (1 << 20), id.end(), id.start})) {
    const bool is_small_own = id.level == 12 && row.integer(1) != 0;
    has_children = has_children || row.integer(0) < id.level;
    is_covered = is_covered || row.integer(0) > id.level || (row.integer(0) == id.level && !is_small_own);
  }
  Merge merge{id, {{}, pieces(series, id)}, {}};
  const bool has_pieces = !merge.from.pieces.empty();
  // Nothing is made of what is damaged, and it stays where it is.
  if (std::any_of(merge.from.pieces.begin(), merge.from.pieces.end(),
                  [](const auto& piece) { return points_of(piece.gzip, window_of(piece.first)).empty(); }))
    return {};
  if (is_covered) {
    // Pieces over a block become one.
    if (id.level > 12 || merge.from.pieces.size() < 2) return {};
    std::vector<Point> all;
    for (const auto& piece : merge.from.pieces)
      for (const Point& point : points_of(piece.gzip, id)) all.push_back(point);
    std::sort(all.begin(), all.end());
    merge.to.pieces.push_back({all.front().time, history::pack(id, all)});
    return merge;
  }
  if (!has_pieces && !has_children) return {};
  merge.from.blocks = blocks(series, id);
  const auto& children = merge.from.blocks;
  if (has_pieces ||
      std::any_of(children.begin(), children.end(), [](const auto& block) { return block.own; })) {
    if (std::any_of(children.begin(), children.end(),
                    [](const auto& block) { return StoredReader(block.gzip, block.id).is_damaged(); }))
      return {};
    std::vector<Point> all;
    PointReader reader(database_, series, id.start, id.end());
    for (Point point; reader.next(point);) all.push_back(point);
    merge.to.blocks.push_back({id, true, history::pack(id, all)});
    return merge;
  }
  // Of a device's blocks alone, what the device makes of them.
  std::vector<BlockId> ids;
  for (const auto& child : children) ids.push_back(child.id);
  const auto read = [&](BlockId child) {
    return std::find_if(children.begin(), children.end(),
                        [&](const auto& block) { return block.id == child; })
        ->gzip;
  };
  history::Compaction compaction(id, ids, read);
  while (!compaction.step()) {
  }
  if (compaction.bytes().empty()) return {};
  merge.to.blocks.push_back({id, false, compaction.bytes()});
  return merge;
}

void Upkeep::put(const Series& series, const Merge& merge) {
  const std::int64_t begin = merge.id.start, end = merge.id.end();
  if (!merge.from.pieces.empty())
    database_.run("DELETE FROM piece WHERE sid = $1 AND rid = $2 AND first >= $3 AND first < $4",
                  {series.sid, series.rid, begin, end});
  for (const auto& piece : merge.to.pieces)
    database_.run("INSERT INTO piece (sid, rid, first, gzip) VALUES ($1, $2, $3, $4)",
                  {series.sid, series.rid, piece.first, Bound::bytes(piece.gzip)});
  if (!merge.from.blocks.empty())
    database_.run("DELETE FROM block WHERE sid = $1 AND rid = $2 AND bid >= $3 AND bid < $4",
                  {series.sid, series.rid, begin, end});
  for (const auto& block : merge.to.blocks)
    database_.run(
        "INSERT INTO block (sid, rid, bid, level, own, gzip) VALUES ($1, $2, $3, $4, $5, $6)",
        {series.sid, series.rid, block.id.start, block.id.level, block.own, Bound::bytes(block.gzip)});
}

/// Makes days, under the series' lock: a late point must not pass by. True when it is done.
bool Upkeep::roll(const Due& due, bool falls) {
  const Series& series = due.series;
  Transaction transaction(database_, Database::Mode::write);
  const Rows rows = database_.run(lock_sql_, {series.sid, series.rid});
  if (rows.empty() || rows.front().integer(2) != due.days_until) return false;

  const std::int64_t from =
      DayRows(database_, series, due.days_until).is_damaged() ? day_span_of(due.days_until) : due.days_until;
  PointReader reader(database_, series, from, due.newest_time + 1);
  Point point;
  if (!reader.next(point)) return false;
  const auto before = last_before(database_, series, from);
  const std::int64_t begin = before ? from : day_of(point.time);
  DayRows days(database_, series, begin);
  history::DayMaker maker(begin, falls, [&](const std::string& day) { days.add(day); });
  if (before) maker.add(*before);
  std::size_t count = 0;
  do {
    maker.add(point);
    ++count;
  } while ((count < enough_points || days.next() == begin) && reader.next(point));
  days.put();
  database_.run("UPDATE series SET days_until = $3 WHERE sid = $1 AND rid = $2",
                {series.sid, series.rid, days.next()});
  transaction.commit();
  return days.next() != due.days_until;
}

}  // namespace flm::server

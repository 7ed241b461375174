#include "tools/flmserver/store/series_store.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "tools/common/input_error.hpp"
#include "tools/flmserver/store/point_reader.hpp"
#include "tools/history/history.hpp"
#include "tools/history/rollup/days.hpp"

namespace flm::server {

using history::BlockId;
using history::Point;
using history::Series;

namespace {

constexpr std::int64_t day_s = 86'400;
constexpr std::size_t longest_block = 16 << 20;  // bytes, as the stock server has it

std::int64_t day_of(std::int64_t time) { return time / day_s * day_s; }
bool is_earlier(const Point& a, const Point& b) { return a.time < b.time; }
bool is_same_second(const Point& a, const Point& b) { return a.time == b.time; }

/// The points of a block that came in, all of which are right.
std::vector<Point> checked_points(const Series& series, BlockId id, std::string_view gzip, std::int64_t now) {
  const auto refuse = [&](const std::string& what) {
    throw InputError(fmt::format("block {}/{} of sensor {}: {}", id.level, id.start, series.sid, what));
  };
  if (!history::is_right(series)) refuse("not 32 lower-case hex digits, or a negative rid");
  if (!id.is_right()) refuse("levels are 8, 12, 16 and 20, and a start is a multiple of 2^level s");
  if (history::is_packed(gzip))
    refuse("its gzip has the extra field \"FP\", which only blocks of this store have");
  if (gzip.size() > longest_block) refuse(fmt::format("{} bytes; allowed: {}", gzip.size(), longest_block));
  history::Block block = history::decode(gzip, id, series.sid);
  if (block.damage && block.damage->fault != history::Fault::repeated_joins) refuse(text_of(*block.damage));
  if (block.points.empty()) refuse("no points");
  if (block.points.front().time < history::earliest_time)
    refuse("before 2009: its device's clock was not set");
  if (block.points.back().time > now + day_s) refuse(fmt::format("more than a day after now, {}", now));
  return std::move(block.points);
}

}  // namespace

SeriesStore::SeriesStore(Database& database)
    : database_(database),
      lock_sql_(fmt::format("SELECT newest_time, newest_value, merged_until, days_until FROM series"
                            " WHERE sid = $1 AND rid = $2{}",
                            database.for_update())) {}

/// The row of a series, made when it is not there, and locked.
SeriesStore::State SeriesStore::lock(const Series& series, std::int64_t first_time) {
  for (int tries = 0; tries < 3; ++tries) {
    if (const Rows rows = database_.run(lock_sql_, {series.sid, series.rid}); !rows.empty()) {
      const Row& row = rows.front();
      return {row.integer(0), row.integer(1), row.integer(2), row.integer(3)};
    }
    database_.run(
        "INSERT INTO series (sid, rid, newest_time, newest_value, merged_until, days_until)"
        " VALUES ($1, $2, 0, 0, $3, $4) ON CONFLICT DO NOTHING",
        {series.sid, series.rid, window_of(first_time).start, day_of(first_time)});
  }
  throw DatabaseError(DatabaseError::Kind::collision, "a series is made and removed by others");
}

void SeriesStore::save(const Series& series, const State& state) {
  database_.run(
      "UPDATE series SET newest_time = $3, newest_value = $4, merged_until = $5, days_until = $6"
      " WHERE sid = $1 AND rid = $2",
      {series.sid, series.rid, state.newest_time, state.newest_value, state.merged_until, state.days_until});
}

/// Points in the order of their times as pieces, one for each window.
void SeriesStore::put_pieces(const Series& series, std::span<const Point> points) {
  while (!points.empty()) {
    const std::int64_t end = window_of(points.front().time).end();
    const auto count = static_cast<std::size_t>(
        std::lower_bound(points.begin(), points.end(), Point{end, 0}, is_earlier) - points.begin());
    const std::string gzip = history::pack(window_of(points.front().time), points.first(count));
    database_.run("INSERT INTO piece (sid, rid, first, gzip) VALUES ($1, $2, $3, $4)",
                  {series.sid, series.rid, points.front().time, Bound::bytes(gzip)});
    points = points.subspan(count);
  }
}

/// What was made of points later than one that comes now is made anew.
void SeriesStore::set_back(const Series& series, State& state, std::int64_t first_time) {
  state.merged_until = std::min(state.merged_until, window_of(first_time).start);
  if (first_time > state.newest_time) return;
  // The counter rose from the point before it, perhaps days before, by another way than was thought.
  const auto before = last_before(database_, series, first_time);
  const std::int64_t day = day_of(before ? before->time : first_time);
  state.days_until = std::min(state.days_until, day);
}

/// New points, of seconds that have none, in order.
void SeriesStore::put_points(const Series& series, State& state, std::span<const Point> points) {
  set_back(series, state, points.front().time);
  put_pieces(series, points);
  if (points.back().time > state.newest_time) {
    state.newest_time = points.back().time;
    state.newest_value = points.back().value;
  }
}

Added SeriesStore::add(const Series& series, std::span<const Point> points, std::int64_t now) {
  std::vector<Point> wanted;
  wanted.reserve(points.size());
  for (const Point& point : points)
    if (point.time >= history::earliest_time && point.time <= now + day_s) wanted.push_back(point);
  if (!std::is_sorted(wanted.begin(), wanted.end(), is_earlier))
    std::stable_sort(wanted.begin(), wanted.end(), is_earlier);
  Added added{.refused = points.size() - wanted.size()};
  wanted.erase(std::unique(wanted.begin(), wanted.end(), is_same_second), wanted.end());
  if (!wanted.empty()) {
    State state = lock(series, wanted.front().time);
    if (wanted.front().time <= state.newest_time) {
      PointReader reader(database_, series, wanted.front().time, wanted.back().time + 1);
      Point there;
      bool is_there = reader.next(there);
      std::erase_if(wanted, [&](const Point& point) {
        if (is_there && there.time < point.time) {
          reader.skip_to(point.time);
          is_there = reader.next(there);
        }
        return is_there && there.time == point.time;
      });
    }
    if (!wanted.empty()) {
      put_points(series, state, wanted);
      save(series, state);
    }
  }
  added.stored = wanted.size();
  added.known = points.size() - added.refused - added.stored;
  return added;
}

Added SeriesStore::add_block(const Series& series, BlockId id, std::string_view gzip, std::int64_t now) {
  const std::vector<Point> points = checked_points(series, id, gzip, now);
  State state = lock(series, id.start);

  // What the series has in the block's span: points that the block lacks or has otherwise, and how many it
  // has, too.
  std::vector<Point> fresh, rest;
  bool is_covered = false, is_known = false, has_children = false;
  if (id.start > state.newest_time) {
    fresh = points;
  } else {
    PointReader reader(database_, series, id.start, id.end());
    auto point = points.begin();
    for (Point there; reader.next(there);) {
      for (; point != points.end() && point->time < there.time; ++point) fresh.push_back(*point);
      if (point == points.end() || *point != there) rest.push_back(there);
      if (point != points.end() && point->time == there.time) ++point;
    }
    fresh.insert(fresh.end(), point, points.end());
    for (const Row& row :
         database_.run("SELECT level, own FROM block WHERE sid = $1 AND rid = $2 AND bid > $3 AND bid < $4"
                       " AND bid + (1 << CAST(level AS INTEGER)) > $5",
                       {series.sid, series.rid, id.start - (1 << 20), id.end(), id.start})) {
      has_children = has_children || row.integer(0) <= id.level;
      is_covered = is_covered || row.integer(0) > id.level || (row.integer(0) == id.level && !rest.empty());
      is_known = is_known || (row.integer(0) == id.level && row.integer(1) == 0 && fresh.empty());
    }
  }
  const Added added{.stored = fresh.size(), .known = points.size() - fresh.size()};
  if (is_known || (is_covered && fresh.empty())) return added;
  if (is_covered) {
    put_points(series, state, fresh);
    save(series, state);
    return added;
  }

  if (id.start <= state.newest_time) {
    // Pieces of the span give way to the block; but for what it has not, and what of them lies outside.
    const Rows pieces = database_.run(
        "SELECT first, gzip FROM piece WHERE sid = $1 AND rid = $2 AND first >= $3 AND first < $4",
        {series.sid, series.rid, window_of(id.start).start, id.end()});
    for (const Point& point : points_of_pieces(pieces))
      if (!id.holds(point.time)) rest.push_back(point);
    std::sort(rest.begin(), rest.end());
    if (!pieces.empty())
      database_.run("DELETE FROM piece WHERE sid = $1 AND rid = $2 AND first >= $3 AND first < $4",
                    {series.sid, series.rid, window_of(id.start).start, id.end()});
    if (has_children)
      database_.run("DELETE FROM block WHERE sid = $1 AND rid = $2 AND bid >= $3 AND bid < $4",
                    {series.sid, series.rid, id.start, id.end()});
    put_pieces(series, rest);
  }
  database_.run("INSERT INTO block (sid, rid, bid, level, own, gzip) VALUES ($1, $2, $3, $4, 0, $5)",
                {series.sid, series.rid, id.start, id.level, Bound::bytes(gzip)});
  if (!fresh.empty()) set_back(series, state, fresh.front().time);
  state.merged_until = std::min(state.merged_until, window_of(id.start).start);
  if (points.back().time > state.newest_time) {
    state.newest_time = points.back().time;
    state.newest_value = points.back().value;
  }
  save(series, state);
  return added;
}

void SeriesStore::remove(std::string_view sid) {
  database_.run(fmt::format("SELECT rid FROM series WHERE sid = $1{}", database_.for_update()), {sid});
  for (const std::string_view sql : {"DELETE FROM day WHERE sid = $1", "DELETE FROM piece WHERE sid = $1",
                                     "DELETE FROM block WHERE sid = $1", "DELETE FROM series WHERE sid = $1"})
    database_.run(sql, {sid});
}

void SeriesStore::forget_days(std::string_view sid) {
  database_.run("UPDATE series SET days_until = 0 WHERE sid = $1", {sid});
  database_.run("DELETE FROM day WHERE sid = $1", {sid});
}

std::optional<Point> SeriesStore::newest(const Series& series) {
  const Rows rows = database_.run("SELECT newest_time, newest_value FROM series WHERE sid = $1 AND rid = $2",
                                  {series.sid, series.rid});
  if (rows.empty()) return {};
  return Point{rows.front().integer(0), rows.front().integer(1)};
}

std::optional<int> SeriesStore::newest_rid(std::string_view sid) {
  const auto rid =
      database_.run("SELECT max(rid) FROM series WHERE sid = $1", {sid}).front().maybe_integer(0);
  if (!rid) return {};
  return static_cast<int>(*rid);
}

void SeriesStore::points(const Series& series, std::int64_t from, std::int64_t to,
                         const std::function<void(Point)>& call) {
  PointReader reader(database_, series, from, to, true);
  for (Point point; reader.next(point);) call(point);
}

bool SeriesStore::add_to(history::Bins& bins, const Series& series, std::int64_t stands_until) {
  // The series, and its days as far as they can be of use, in one statement: each row has both.
  const std::int64_t from = bins.from();
  const bool takes_days = bins.grid().is_of_quarters();
  const Rows rows = database_.run(
      "SELECT s.newest_time, s.newest_value, s.days_until, d.bins FROM series s LEFT JOIN day d"
      " ON d.sid = $1 AND d.rid = $2 AND d.day >= $3 AND d.day < $4 AND d.day < s.days_until"
      " WHERE s.sid = $1 AND s.rid = $2 ORDER BY d.day",
      {series.sid, series.rid, day_span_of(from), takes_days ? bins.to() : 0});
  if (rows.empty()) return false;
  const Row& state = rows.front();
  const Point newest{state.integer(0), state.integer(1)};
  const std::int64_t days_until = state.integer(2);
  for (const Row& row : rows)
    if (!row.is_null(3)) {
      const std::string days = text_of_days(row.text(3));
      history::Days(days).add_to(bins, days_until);
    }
  const std::int64_t points_from = takes_days ? std::max(from, days_until) : from;
  if (points_from >= bins.to()) return true;
  PointReader reader(database_, series, points_from, newest.time + 1, true);
  for (Point point; reader.next(point);) {
    bins.add(point);
    if (point.time >= bins.to()) return true;
  }
  if (stands_until > newest.time) bins.add(Point{stands_until, newest.value});
  return true;
}

std::vector<SeriesStore::Listed> SeriesStore::blocks_after(std::string_view sid, int rid, BlockId known) {
  const std::int64_t end = known.level == 0 ? 0 : known.end();
  std::vector<Listed> list;
  for (const Row& row :
       database_.run("SELECT rid, level, bid FROM block WHERE sid = $1 AND rid >= $2"
                     " AND bid + (1 << CAST(level AS INTEGER)) > $3 ORDER BY rid, level DESC, bid",
                     {sid, rid, end}))
    list.push_back({static_cast<int>(row.integer(0)), {static_cast<int>(row.integer(1)), row.integer(2)}});
  return list;
}

std::optional<std::string> SeriesStore::block(const Series& series, BlockId id) {
  Rows rows = database_.run("SELECT gzip FROM block WHERE sid = $1 AND rid = $2 AND bid = $3 AND level = $4",
                            {series.sid, series.rid, id.start, id.level});
  if (rows.empty()) return {};
  std::string gzip = std::move(rows.front().columns.front().text);
  if (!history::is_packed(gzip)) return gzip;
  const std::vector<Point> points = points_of(gzip, id);
  if (points.empty()) return {};  // it is damaged
  return history::encode("{}", points, history::quick_effort);
}

std::optional<SeriesStore::Listed> SeriesStore::last_block(std::string_view sid) {
  const Rows rows = database_.run(
      "SELECT rid, level, bid FROM block WHERE sid = $1 AND own = 0"
      " ORDER BY rid DESC, bid + (1 << CAST(level AS INTEGER)) DESC, level DESC LIMIT 1",
      {sid});
  if (rows.empty()) return {};
  return Listed{static_cast<int>(rows.front().integer(0)),
                {static_cast<int>(rows.front().integer(1)), rows.front().integer(2)}};
}

}  // namespace flm::server

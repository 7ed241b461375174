// Points, blocks and rollups of series in a database. All of a series is found by its sid, so that tables can
// be partitioned by it.
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tools/flmserver/store/database.hpp"
#include "tools/history/point.hpp"
#include "tools/history/query/bins.hpp"
#include "tools/history/series.hpp"
#include "tools/history/tmpo_block.hpp"

namespace flm::server {

/// What became of points that came in.
struct Added {
  std::size_t stored = 0;
  std::size_t known = 0;    ///< their second has a value already, which stays
  std::size_t refused = 0;  ///< before 2009 (history::earliest_time) or more than a day after now
};

/// Rules: each second of a series has one value, the one that came first. Points may come late, and twice;
/// what is stored is never changed. Points of measurements and those of a device's blocks are one series. The
/// functions that write belong into a transaction of the caller, one of Mode::write; the others into any.
class SeriesStore {
 public:
  explicit SeriesStore(Database& database) : database_(database) {}

  /// Adds points in the order of their times.
  Added add(const history::Series&, std::span<const history::Point>, std::int64_t now);
  /// Adds a device's block as it is, when it can be read whole; children of it that it covers go. Throws
  /// InputError with what is wrong: not aligned, no such level, not gzip, too large, of another sensor,
  /// damaged at a place, beyond now.
  void add_block(const history::Series&, history::BlockId, std::string_view gzip, std::int64_t now);

  /// Point with the latest time.
  [[nodiscard]] std::optional<history::Point> newest(const history::Series&);
  /// Highest rid that there is of a sensor; nothing: no points.
  [[nodiscard]] std::optional<int> newest_rid(std::string_view sid);
  /// Adds to bins all that they need: days made beforehand, points, and the present value at `now`.
  void add_to(history::Bins&, const history::Series&, std::int64_t now);
  /// Calls with each point of [from, to), in order; and with the last one before `from`, first, where there
  /// is one.
  void points(const history::Series&, std::int64_t from, std::int64_t to,
              const std::function<void(history::Point)>&);

  /// Blocks of a sensor whose end is later than the known one's, rids ascending from `rid`, levels
  /// descending, starts ascending, as a TMPO reader wants them.
  struct Listed {
    int rid;
    history::BlockId id;
  };
  [[nodiscard]] std::vector<Listed> blocks_after(std::string_view sid, int rid, history::BlockId known);
  [[nodiscard]] std::optional<std::string> block(const history::Series&, history::BlockId);
  /// Latest block of the highest rid, for a sync answer; nothing: none.
  [[nodiscard]] std::optional<Listed> last_block(std::string_view sid);

  /// Deletes all of a sensor.
  void remove(std::string_view sid);

 private:
  Database& database_;
};

/// Work that makes the store smaller and its answers faster, in small transactions of its own: pieces to
/// blocks of level 12, those to 16 and 20; days. Any number of servers may do it at once.
class Upkeep {
 public:
  explicit Upkeep(Database& database) : database_(database) {}
  /// One series' next piece of work. False: all of them were looked at; again in a minute.
  bool step(std::int64_t now);

 private:
  Database& database_;
  std::string after_;  // the sid that was looked at last
};

/// Version of the tables that this program knows. Brings an older database to it, one version a transaction;
/// a new one has them all. Throws InputError when the database is newer.
void migrate(Database&);

}  // namespace flm::server

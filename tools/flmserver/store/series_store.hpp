// Points, blocks and days of series, in a database. All of a series is found by its sid, so that tables can
// be partitioned by it.
//
// What is stored of a series' points:
// * blocks: devices' own, byte for byte, and such as Upkeep makes of smaller ones and of pieces. They do not
// overlap.
// * pieces: points that came in one batch, at most those of 4096 s, as the text of a block. They have no
// second in common. A
//   piece may lie over a block: the point of the piece is the one that came first, or one that the block
//   lacks.
// Days are made of these, and can be made again.
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
/// what is stored is never changed. Points of measurements and those of a device's blocks are one series. A
/// device's block takes the place of smaller blocks and of pieces that it covers.
///
/// Functions that write belong into a transaction of Mode::write, the others into any. A series that is
/// written stays locked until the transaction's end: who writes several, does so in the order of their sids,
/// so that no two wait for each other.
class SeriesStore {
 public:
  explicit SeriesStore(Database& database);

  /// Adds points, in any order; of two with the same time the first one counts.
  Added add(const history::Series&, std::span<const history::Point>, std::int64_t now);
  /// Adds a device's block as it is. Where it or a block that covers it is there already, only points that
  /// are not. Throws InputError with what is wrong: no such level or start, longer than 16 MiB, damaged at a
  /// place, of another sensor, before 2009, or more than a day after now.
  Added add_block(const history::Series&, history::BlockId, std::string_view gzip, std::int64_t now);
  /// Deletes all of a sensor.
  void remove(std::string_view sid);
  /// Has a sensor's days made anew: for one whose counter may fall from now on, or may not.
  void forget_days(std::string_view sid);

  /// The point with the latest time.
  [[nodiscard]] std::optional<history::Point> newest(const history::Series&);
  /// The highest rid of a sensor that has points.
  [[nodiscard]] std::optional<int> newest_rid(std::string_view sid);
  /// Calls with the last point before `from`, where there is one, and with each of [from, to), in order.
  void points(const history::Series&, std::int64_t from, std::int64_t to,
              const std::function<void(history::Point)>&);
  /// Adds to bins all that they need: days made beforehand, points, and the newest value once more at
  /// `stands_until`, a time until which it is known to stand (0: none). False: the series has no points.
  bool add_to(history::Bins&, const history::Series&, std::int64_t stands_until = 0);

  struct Listed {
    int rid;
    history::BlockId id;
    auto operator<=>(const Listed&) const = default;
  };
  /// Blocks of a sensor whose end is later than the known one's: rids ascending from `rid`, levels
  /// descending, starts ascending, as a TMPO reader wants them. {0, 0}: all.
  [[nodiscard]] std::vector<Listed> blocks_after(std::string_view sid, int rid, history::BlockId known);
  /// A TMPO block: a device's as it came, of the others one with their points and without parameters.
  [[nodiscard]] std::optional<std::string> block(const history::Series&, history::BlockId);
  /// The device's latest block of its highest rid, for a sync answer.
  [[nodiscard]] std::optional<Listed> last_block(std::string_view sid);

 private:
  /// What the row of a series says.
  struct State {
    std::int64_t newest_time, newest_value;
    std::int64_t merged_until;  ///< pieces before it wait for no Upkeep
    std::int64_t days_until;    ///< days before it are made
  };
  State lock(const history::Series&, std::int64_t first_time);
  void save(const history::Series&, const State&);
  void put_pieces(const history::Series&, std::span<const history::Point>);
  void put_points(const history::Series&, State&, std::span<const history::Point>);
  void set_back(const history::Series&, State&, std::int64_t first_time);

  Database& database_;
  std::string lock_sql_;
};

}  // namespace flm::server

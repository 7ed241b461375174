// Work that makes the store smaller and its answers faster.
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "tools/flmserver/store/database.hpp"
#include "tools/history/series.hpp"
#include "tools/history/tmpo_block.hpp"

namespace flm::server {

/// Makes a block of level 12 of the pieces and blocks of each span that is finished, of those one of level
/// 16, of those one of level 20; and days. A span is finished when a point lies `grace_s` behind it, so a
/// series that gets no points needs no work. Devices' blocks of level 12 and above stay as they are; pieces
/// over them wait for the level above.
///
/// Any number of programs may do it at once, on connections of their own: a block is made beside the store's
/// other work, and put in its place when what it was made of is still there.
class Upkeep {
 public:
  /// s for which a device's own blocks are waited for.
  static constexpr std::int64_t grace_s = 1'024;

  /// Whether a sensor's counter may fall; nothing for a sensor that is not known, whose days are not made.
  using Falls = std::function<std::optional<bool>(const std::string& sid)>;
  /// `falls` is called outside of a transaction.
  Upkeep(Database& database, Falls falls);

  /// The next piece of work, a block made or a series' days: some ms, a second for a block of level 20 of a
  /// sensor that changes each second. False: no series needs any; again in a minute. Throws DatabaseError;
  /// what collides with other work is left for later.
  bool step();

 private:
  struct Due {
    history::Series series;
    std::int64_t newest_time, merged_until, days_until;
  };
  /// What lies in a span.
  struct Sources {
    struct Block {
      history::BlockId id;
      bool own;
      std::string gzip;
      bool operator==(const Block&) const = default;
    };
    struct Piece {
      std::int64_t first;
      std::string gzip;
      bool operator==(const Piece&) const = default;
    };
    std::vector<Block> blocks;
    std::vector<Piece> pieces;
    bool operator==(const Sources&) const = default;
  };
  /// What to put in its place.
  struct Merge {
    history::BlockId id;
    Sources from, to;
  };

  std::optional<Due> next_due();
  bool merge_next(const Due&);
  std::optional<Merge> plan(const Due&, std::int64_t& merged_until);
  std::optional<std::int64_t> next_end(const Due&, std::int64_t merged_until);
  std::optional<Merge> merge(const history::Series&, history::BlockId);
  std::vector<Sources::Block> blocks(const history::Series&, history::BlockId);
  std::vector<Sources::Piece> pieces(const history::Series&, history::BlockId);
  void put(const history::Series&, const Merge&);
  bool roll(const Due&, bool falls);

  Database& database_;
  Falls falls_;
  std::string lock_sql_;
  history::Series after_{"", -1};  // those up to it were looked at in this round
  bool has_worked_ = false;        // in this round
};

}  // namespace flm::server

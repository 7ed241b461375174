// The history of a main board, or of a server: every point of every series, kept.
//
// A point goes to its series' open block of 256 s in memory, and within 10 s to the journal on disk. When its
// time is over, the block is written as a file, and the journal begins anew. Blocks of 256 s become one of 68
// min when that is over, those one of 18.2 h, those one of 12.1 days. What is on disk is never changed, and
// each second of a series has one value:
//
// * A point is late, and dropped and counted, when a block on disk holds its time, or when it is not later
// than its open
//   block's last. After a clock that stepped back, points of times that are on disk already are dropped, all
//   others kept. A clock that is wrong for less than `settle_s` costs at most 256 s of resolution: until then
//   nothing is compacted.
// * A counter loses nothing by that: its next point has all that was counted.
//
// The class has no thread and no clock: tick() says the time once a second, step() does one small piece of
// work. When the disk fails, points stay in memory and in the journal, and the work is tried again every ten
// ticks.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iterator>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "tools/history/compaction.hpp"
#include "tools/history/disk/disk.hpp"
#include "tools/history/disk/point_journal.hpp"
#include "tools/history/disk/shelf.hpp"
#include "tools/history/point.hpp"
#include "tools/history/series.hpp"
#include "tools/history/tmpo_block.hpp"

namespace flm::history {

/// Unix s below which a clock is not set; stock's TIMESTAMP_MIN.
inline constexpr std::int64_t earliest_time = 1'234'567'890;

struct HistoryOptions {
  /// s between two writes of the journal. With a tick a second, a power cut loses one second more.
  std::int64_t journal_s = 9;
  /// s from the end of a block of 256 s to its file. Stock draws 4 to 19, so that not all devices report at
  /// once.
  std::int64_t grace_s = 10;
  /// s that the clock must have gone evenly before blocks are compacted.
  std::int64_t settle_s = 600;
  /// Bytes of blocks; above it the oldest go, those of 12.1 days first. 0: no limit.
  std::uint64_t limit_bytes = 0;
  /// Bytes that stay free on the file system; below it the oldest blocks of 12.1 days go, then those of 18.2
  /// h, no others.
  std::uint64_t free_bytes = std::uint64_t{1} << 20;
  /// Points in memory, 16 bytes each, while the disk takes no blocks. Above it new points are dropped, and
  /// that is reported.
  std::size_t open_points = 250'000;
};

/// What somebody should know.
struct Notice {
  enum class Kind : std::uint8_t {
    odd_file,       ///< among the blocks, left alone
    damaged_block,  ///< read as far as it goes, or set aside
    torn_journal,   ///< its end was not whole: a crash, or a power cut
    late_points,    ///< the first of a row
    memory_full,    ///< the first of a row
    disk_failed,    ///< the first of a row; the work is tried again
    disk_works,     ///< again
    removed,        ///< a block, for want of place
  };
  Kind kind;
  std::string text;
};

class PointStream;

class History {
 public:
  struct Listeners {
    /// A block was closed or compacted: its gzip, to be published.
    std::function<void(const Series&, BlockId, std::string_view gzip)> on_block;
    std::function<void(const Notice&)> on_notice;
  };

  /// Reads what is there: the list of blocks, the newest block of each level, the journal. The disk must
  /// outlive the history. Throws DiskError.
  History(Disk&, HistoryOptions, Listeners);
  History(const History&) = delete;
  History& operator=(const History&) = delete;

  /// Parameters of a series' blocks from now on: a JSON object, as config/sensor has it, without `enable` and
  /// `counter`. Without a call they are its id and rid. Throws std::invalid_argument, also for a series with
  /// a wrong sid or rid.
  void describe(const Series&, std::string_view cfg);

  enum class Taken : std::uint8_t { stored, late, clock_not_set, memory_full };
  /// Throws std::invalid_argument for a series with a wrong sid or rid.
  Taken add(const Series&, Point);

  /// The time, once a second; writes the journal when that is due.
  void tick(std::int64_t now);
  /// One piece of work, of some ms: a block closed, the journal begun anew, 2048 points compacted, a block
  /// removed. True while there is more to do now.
  bool step();
  /// Writes what is only in memory to the journal: before the program ends. Open blocks stay open.
  void sync();
  /// Closes every open block at the next steps: for somebody who takes the files away. Points of their times
  /// are late from then on.
  void close_all();

  /// All that have points or were described.
  [[nodiscard]] std::vector<Series> series() const;
  /// Points of [from, to), one block in memory at a time. The stream stays right while the history goes on.
  [[nodiscard]] PointStream points(const Series&, std::int64_t from, std::int64_t to);
  /// Points later than a time: what a reporter has not sent yet.
  [[nodiscard]] PointStream points_since(const Series&, std::int64_t time);
  /// The last point before a time: what the value was then.
  [[nodiscard]] std::optional<Point> last_before(const Series&, std::int64_t time);
  /// The point with the latest time.
  [[nodiscard]] std::optional<Point> newest(const Series&) const;
  /// Blocks on disk whose end is later than a known block's, by level from 20 to 8, then by start: what a
  /// reader who has that block must fetch. {0, 0}: all.
  [[nodiscard]] std::vector<BlockId> blocks_after(const Series&, BlockId known) const;
  /// A block's gzip, as it is on disk; nothing when it is not there. Throws DiskError.
  [[nodiscard]] std::optional<std::string> block(const Series&, BlockId) const;

  [[nodiscard]] std::uint64_t bytes_on_disk() const { return shelf_.bytes(); }
  [[nodiscard]] std::size_t points_in_memory() const { return open_points_; }
  [[nodiscard]] std::uint64_t late_points() const { return late_points_; }

 private:
  friend class PointStream;

  struct Open {
    BlockId id;
    std::vector<Point> points;
    std::size_t in_journal = 0;  ///< so many of them
  };
  struct State {
    std::string cfg;
    std::vector<Open> open;  ///< by start
    std::optional<Point> newest_on_disk;
    bool last_was_late = false;
  };
  enum class Work : std::uint8_t { journal, closing, compaction, removal, count };
  struct Trouble {
    bool failed = false;
    int ticks = 0;  ///< until it is tried again
  };

  State& state(const Series&);
  void notice(Notice::Kind, std::string text);
  bool try_work(Work, const std::function<void()>&);
  [[nodiscard]] bool waits(Work work) const { return trouble_[static_cast<std::size_t>(work)].ticks > 0; }
  void damaged(const Series&, BlockId, const Damage&);

  void check_newest();
  void remove_covered();
  void replay();

  [[nodiscard]] std::vector<Journal::Entry> entries(bool all) const;
  void all_in_journal();
  void begin_journal();
  void write_journal();
  bool close_next();
  bool restart_journal();
  bool make_room();
  bool compact();
  bool begin_compaction();
  void end_compaction();
  [[nodiscard]] std::optional<std::pair<Series, BlockId>> oldest(bool is_limit) const;
  [[nodiscard]] bool is_due(const Open& open) const {
    return closing_all_ || open.id.end() + options_.grace_s <= now_;
  }
  [[nodiscard]] bool has_open_within(const Series&, BlockId) const;

  Disk& disk_;
  HistoryOptions options_;
  Listeners listeners_;
  Shelf shelf_;
  Journal journal_;
  std::map<Series, State> states_;
  std::size_t open_points_ = 0;
  std::uint64_t late_points_ = 0;

  std::int64_t now_ = 0, settled_from_ = 0;
  std::int64_t journal_time_ = 0;    ///< of its last write
  bool journal_has_closed_ = false;  ///< points of blocks that are on disk
  bool closing_all_ = false, is_memory_full_ = false, is_full_ = false;
  int ticks_to_free_check_ = 0;
  std::array<Trouble, static_cast<std::size_t>(Work::count)> trouble_;
  struct Compacting {
    Series series;
    std::unique_ptr<Compaction> work;
  };
  std::optional<Compacting> compacting_;
  std::int64_t next_compaction_ = 0;                 ///< when it is worth looking again
  std::set<std::pair<Series, BlockId>> unreadable_;  ///< parents with a child that cannot be read
  std::set<std::pair<Series, BlockId>> reported_;    ///< damaged blocks
};

/// Points one after the other: next(), or a range for a loop over it once. The history must outlive it.
class PointStream {
 public:
  /// False: the end.
  bool next(Point& point) {
    if (at_ == size_ && !fill()) return false;
    point = buffer_[at_++];
    return true;
  }

  class Iterator {
   public:
    using iterator_concept = std::input_iterator_tag;
    using value_type = Point;
    using difference_type = std::ptrdiff_t;
    Iterator() = default;
    explicit Iterator(PointStream& stream) : stream_(&stream) { ++*this; }
    const Point& operator*() const { return point_; }
    const Point* operator->() const { return &point_; }
    Iterator& operator++() {
      if (!stream_->next(point_)) stream_ = nullptr;
      return *this;
    }
    void operator++(int) { ++*this; }
    bool operator==(std::default_sentinel_t) const { return stream_ == nullptr; }

   private:
    PointStream* stream_ = nullptr;
    Point point_;
  };
  Iterator begin() { return Iterator(*this); }
  static std::default_sentinel_t end() { return {}; }

 private:
  friend class History;
  PointStream(History& history, Series series, std::int64_t from, std::int64_t to)
      : history_(&history), series_(std::move(series)), from_(from), to_(to) {}
  bool fill();
  bool open_next();

  History* history_;
  Series series_;
  std::int64_t from_, to_;  ///< what is still to be read
  BlockId id_;
  std::unique_ptr<BlockReader> reader_;
  std::vector<Point> buffer_;
  std::size_t at_ = 0, size_ = 0;
};

}  // namespace flm::history

#include "tools/history/history.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

namespace flm::history {
namespace {

constexpr int retry_ticks = 10;
constexpr int free_check_ticks = 60;
constexpr std::int64_t jump_s = 300;             ///< a clock that goes on by more between two ticks was set
constexpr std::int64_t compaction_look_s = 256;  ///< how often parents are looked for
constexpr std::size_t stream_points = 1024;

std::string name_of(const Series& series, BlockId id) { return fmt::format("block {}", path_of(series, id)); }

}  // namespace

History::History(Disk& disk, HistoryOptions options, Listeners listeners)
    : disk_(disk),
      options_(options),
      listeners_(std::move(listeners)),
      shelf_(disk,
             [this](const std::string& path) {
               notice(Notice::Kind::odd_file, fmt::format("{} is no block, and is left alone", path));
             }),
      journal_(disk) {
  disk_.remove("new");  // Half a file of a power cut.
  disk_.remove("journal.new");
  check_newest();
  remove_covered();
  replay();
  for (const Series& series : shelf_.series()) state(series);
}

void History::notice(Notice::Kind kind, std::string text) {
  if (listeners_.on_notice) listeners_.on_notice({kind, std::move(text)});
}

/// A piece of work that the disk may refuse. It is said once that it does, and once that it does no more.
bool History::try_work(Work work, const std::function<void()>& job) {
  Trouble& trouble = trouble_[static_cast<std::size_t>(work)];
  try {
    job();
  } catch (const DiskError& error) {
    if (!trouble.failed)
      notice(Notice::Kind::disk_failed,
             fmt::format("{}; it is tried again, and points are kept meanwhile", error.what()));
    trouble = {true, retry_ticks};
    is_full_ = is_full_ || error.is_full();
    return false;
  }
  if (trouble.failed) notice(Notice::Kind::disk_works, "the disk takes the history again");
  trouble = {};
  return true;
}

void History::damaged(const Series& series, BlockId id, const Damage& damage) {
  if (reported_.emplace(series, id).second)
    notice(Notice::Kind::damaged_block,
           fmt::format("{} is damaged: {}", name_of(series, id), text_of(damage)));
}

/// The newest block of each level is the one that a foreign program may have left half-written.
void History::check_newest() {
  for (const Series& series : shelf_.series())
    for (const int level : levels) {
      const auto id = shelf_.newest(series, level);
      if (!id) continue;
      Block block;
      try {
        block = decode(shelf_.read(series, *id), *id, series.sid);
      } catch (const DiskError& error) {
        notice(Notice::Kind::damaged_block,
               fmt::format("{} cannot be read: {}", name_of(series, *id), error.what()));
        continue;
      }
      if (block.damage) damaged(series, *id, *block.damage);
      bool has_children = false;
      for (const int below : levels)
        for (const BlockId child : below < level ? shelf_.blocks(series, below) : std::vector<BlockId>{})
          has_children = has_children || id->holds(child.start);
      if (block.damage && (block.points.empty() || has_children)) {
        notice(Notice::Kind::damaged_block,
               fmt::format("{} is moved to {}", name_of(series, *id), shelf_.set_aside(series, *id)));
        continue;
      }
      std::optional<Point>& newest = state(series).newest_on_disk;
      if (!newest || newest->time < block.points.back().time) newest = block.points.back();
    }
}

/// A power cut after a parent was written leaves children.
void History::remove_covered() {
  for (const Series& series : shelf_.series())
    for (const int level : levels)
      for (const BlockId id : shelf_.blocks(series, level))
        if (shelf_.holding(series, id.start) != id) shelf_.remove(series, id);
}

void History::replay() {
  const std::size_t dropped = journal_.replay([this](const Journal::Entry& entry) {
    State& its = state(entry.series);
    its.cfg = entry.cfg;
    for (const Point& point : entry.points) {
      its.last_was_late = true;  // Points whose block is on disk are none to speak of.
      if (add(entry.series, point) == Taken::late) --late_points_;
    }
  });
  for (auto& [series, its] : states_) its.last_was_late = false;
  if (dropped != 0)
    notice(Notice::Kind::torn_journal,
           fmt::format("the journal's last {} bytes are not whole, and are dropped: at most {} s of readings",
                       dropped, options_.journal_s + 1));
  // A new file at the first step: nothing is appended to what may be torn.
  journal_has_closed_ = true;
}

History::State& History::state(const Series& series) {
  const auto [found, is_new] = states_.try_emplace(series);
  if (is_new) {
    if (!is_right(series)) {
      states_.erase(found);
      throw std::invalid_argument(fmt::format(
          "series '{}' {}: allowed: 32 lower-case hex digits, and 0 or more", series.sid, series.rid));
    }
    found->second.cfg = fmt::format(R"({{"id":"{}","rid":{}}})", series.sid, series.rid);
  }
  return found->second;
}

void History::describe(const Series& series, std::string_view cfg) {
  std::string checked = checked_cfg(cfg);
  state(series).cfg = std::move(checked);
}

History::Taken History::add(const Series& series, Point point) {
  if (point.time < earliest_time) return Taken::clock_not_set;
  State& its = state(series);
  const BlockId id = BlockId::at(8, point.time);
  auto open =
      std::find_if(its.open.begin(), its.open.end(), [&](const Open& o) { return o.id.start >= id.start; });
  const bool is_open = open != its.open.end() && open->id == id;
  if (is_open ? point.time <= open->points.back().time : shelf_.holding(series, point.time).has_value()) {
    ++late_points_;
    if (!its.last_was_late)
      notice(Notice::Kind::late_points, fmt::format("sensor {}: a reading of {} is dropped: there is one of "
                                                    "that time, or of a later one in its block; "
                                                    "was the clock set back?",
                                                    series.sid, point.time));
    its.last_was_late = true;
    return Taken::late;
  }
  if (open_points_ >= options_.open_points) {
    if (!is_memory_full_)
      notice(Notice::Kind::memory_full,
             fmt::format("{} readings wait for the disk: further ones are dropped", open_points_));
    is_memory_full_ = true;
    return Taken::memory_full;
  }
  is_memory_full_ = false;
  its.last_was_late = false;
  if (!is_open) open = its.open.insert(open, Open{id, {}, 0});
  open->points.push_back(point);
  ++open_points_;
  return Taken::stored;
}

// The journal.

/// What the journal must hold, or what it does not hold yet.
std::vector<Journal::Entry> History::entries(bool all) const {
  std::vector<Journal::Entry> result;
  for (const auto& [series, its] : states_) {
    Journal::Entry entry{series, its.cfg, {}};
    for (const Open& open : its.open)
      entry.points.insert(entry.points.end(),
                          open.points.begin() + static_cast<std::ptrdiff_t>(all ? 0 : open.in_journal),
                          open.points.end());
    if (!entry.points.empty()) result.push_back(std::move(entry));
  }
  return result;
}

void History::all_in_journal() {
  for (auto& [series, its] : states_)
    for (Open& open : its.open) open.in_journal = open.points.size();
  journal_time_ = now_;
}

void History::begin_journal() {
  journal_.restart(entries(true));
  all_in_journal();
  journal_has_closed_ = false;
}

void History::write_journal() {
  try_work(Work::journal, [this] {
    if (journal_.is_closed()) return begin_journal();
    if (const auto new_ones = entries(false); !new_ones.empty()) journal_.append(new_ones);
    all_in_journal();
  });
}

void History::tick(std::int64_t now) {
  if (now_ == 0 || now < now_ || now > now_ + jump_s) settled_from_ = now;
  if (now < now_) next_compaction_ = 0;
  now_ = now;
  for (Trouble& trouble : trouble_) trouble.ticks = std::max(0, trouble.ticks - 1);
  ticks_to_free_check_ = std::max(0, ticks_to_free_check_ - 1);
  const bool is_time = now >= journal_time_ + options_.journal_s || now < journal_time_;
  if (is_time && !waits(Work::journal)) write_journal();
}

void History::sync() { write_journal(); }

bool History::restart_journal() {
  return journal_has_closed_ && !waits(Work::journal) && try_work(Work::journal, [this] { begin_journal(); });
}

// Pieces of work.

bool History::step() { return close_next() || restart_journal() || make_room() || compact(); }

void History::close_all() { closing_all_ = true; }

bool History::close_next() {
  if (waits(Work::closing)) return false;
  for (auto& [series, its] : states_) {
    const auto due =
        std::find_if(its.open.begin(), its.open.end(), [this](const Open& open) { return is_due(open); });
    if (due == its.open.end()) continue;
    const BlockId id = due->id;
    const Point last = due->points.back();
    const std::string gzip = encode(its.cfg, due->points);
    const Series& its_series = series;
    if (!try_work(Work::closing, [&] { shelf_.put(its_series, id, gzip); })) return false;
    if (!its.newest_on_disk || its.newest_on_disk->time < last.time) its.newest_on_disk = last;
    open_points_ -= due->points.size();
    its.open.erase(due);
    journal_has_closed_ = true;
    next_compaction_ = 0;
    if (listeners_.on_block) listeners_.on_block(series, id, gzip);
    return true;
  }
  closing_all_ = false;
  return false;
}

std::optional<std::pair<Series, BlockId>> History::oldest(bool is_limit) const {
  for (const int level : levels)
    if (level >= 16 || is_limit)
      if (auto found = shelf_.oldest(level)) return found;
  return std::nullopt;
}

bool History::make_room() {
  if (waits(Work::removal) || compacting_) return false;
  const bool is_limit = options_.limit_bytes != 0 && shelf_.bytes() > options_.limit_bytes;
  bool removed = false;
  try_work(Work::removal, [&] {
    if (!is_limit) {
      if (!is_full_ && ticks_to_free_check_ > 0) return;
      ticks_to_free_check_ = free_check_ticks;
      const bool is_short = disk_.free_bytes() < options_.free_bytes;
      const bool was_full = std::exchange(is_full_, false);
      if (!is_short && !was_full) return;
    }
    const char* const why = is_limit ? "the history is over its limit" : "the file system is full";
    if (shelf_.remove_set_aside()) {
      notice(Notice::Kind::removed, fmt::format("a damaged block that was set aside is removed: {}", why));
    } else if (const auto found = oldest(is_limit)) {
      shelf_.remove(found->first, found->second);
      notice(Notice::Kind::removed,
             fmt::format("{} is removed: {}", name_of(found->first, found->second), why));
    } else {
      return;
    }
    removed = true;
    // There may be place now: what waits is tried at once, and the free bytes are looked at again.
    for (Trouble& trouble : trouble_) trouble.ticks = 0;
    ticks_to_free_check_ = 0;
  });
  return removed;
}

bool History::has_open_within(const Series& series, BlockId parent) const {
  const auto found = states_.find(series);
  return found != states_.end() && std::any_of(found->second.open.begin(), found->second.open.end(),
                                               [&](const Open& open) { return parent.holds(open.id.start); });
}

/// Looks for children whose parent's time is over, of the lowest level first.
bool History::begin_compaction() {
  if (now_ < settled_from_ + options_.settle_s || now_ < next_compaction_) return false;
  for (const Series& series : shelf_.series())
    for (auto level = levels.rbegin(); *level != levels.front(); ++level) {
      std::vector<BlockId> children;
      BlockId parent;
      for (const BlockId child : shelf_.blocks(series, *level)) {
        // Its parent was made, and it could not be removed then.
        if (shelf_.holding(series, child.start) != child)
          return try_work(Work::compaction, [&] { shelf_.remove(series, child); });
        if (!children.empty() && child.parent() != parent) break;
        parent = child.parent();
        if (parent.end() > now_) break;
        if (!has_open_within(series, parent) && !unreadable_.contains({series, parent}))
          children.push_back(child);
      }
      if (children.empty()) continue;
      compacting_ =
          Compacting{series, std::make_unique<Compaction>(
                                 children.front().parent(), children,
                                 [this, series](BlockId id) { return shelf_.read(series, id); }, series.sid)};
      return true;
    }
  next_compaction_ = now_ + compaction_look_s;
  return false;
}

bool History::compact() {
  if (waits(Work::compaction)) return false;
  if (!compacting_) return begin_compaction();
  bool is_done = false;
  const bool went_well = try_work(Work::compaction, [&] {
    try {
      is_done = compacting_->work->step();
    } catch (const DiskError& error) {
      // The others are compacted all the same.
      unreadable_.emplace(compacting_->series, compacting_->work->parent());
      throw;
    }
    if (is_done) end_compaction();
  });
  if (!went_well || is_done) compacting_.reset();
  return went_well;
}

void History::end_compaction() {
  const Series& series = compacting_->series;
  const Compaction& work = *compacting_->work;
  // A late point may have opened a block meanwhile, which belongs to the parent.
  if (has_open_within(series, work.parent())) return;
  for (const auto& [child, damage] : work.damaged()) damaged(series, child, damage);
  if (!work.bytes().empty()) shelf_.put(series, work.parent(), work.bytes());
  for (const BlockId child : work.children()) {
    const bool is_damaged = std::any_of(work.damaged().begin(), work.damaged().end(),
                                        [&](const auto& one) { return one.first == child; });
    if (is_damaged)
      notice(Notice::Kind::damaged_block,
             fmt::format("{} is moved to {}; what can be read of it is in its parent", name_of(series, child),
                         shelf_.set_aside(series, child)));
    else
      shelf_.remove(series, child);
  }
  if (!work.bytes().empty() && listeners_.on_block) listeners_.on_block(series, work.parent(), work.bytes());
}

// Reading.

std::vector<Series> History::series() const {
  std::vector<Series> all;
  for (const auto& [series, its] : states_) all.push_back(series);
  return all;
}

PointStream History::points(const Series& series, std::int64_t from, std::int64_t to) {
  return {*this, series, std::max<std::int64_t>(from, 0), to};
}

PointStream History::points_since(const Series& series, std::int64_t time) {
  constexpr std::int64_t last = std::numeric_limits<std::int64_t>::max();
  return points(series, time < last ? time + 1 : last, last);
}

std::optional<Point> History::last_before(const Series& series, std::int64_t time) {
  std::optional<Point> last;
  if (const auto found = states_.find(series); found != states_.end())
    for (const Open& open : found->second.open)
      for (const Point& point : open.points)
        if (point.time < time) last = point;
  // A block that begins before the time may have its points after it, or be damaged: then the one before it
  // is asked.
  for (auto id = shelf_.before(series, time); id; id = shelf_.before(series, id->start)) {
    if (last && last->time >= id->end()) break;
    std::optional<Point> on_disk;
    for (const Point& point : points(series, id->start, std::min(time, id->end()))) on_disk = point;
    if (on_disk && (!last || last->time < on_disk->time)) last = on_disk;
    if (on_disk) break;
  }
  return last;
}

std::optional<Point> History::newest(const Series& series) const {
  const auto found = states_.find(series);
  if (found == states_.end()) return std::nullopt;
  std::optional<Point> newest = found->second.newest_on_disk;
  if (!found->second.open.empty())
    if (const Point last = found->second.open.back().points.back(); !newest || newest->time < last.time)
      newest = last;
  return newest;
}

std::vector<BlockId> History::blocks_after(const Series& series, BlockId known) const {
  std::vector<BlockId> all;
  for (const int level : levels)
    for (const BlockId id : shelf_.blocks(series, level))
      if (id.end() > known.end()) all.push_back(id);
  return all;
}

std::optional<std::string> History::block(const Series& series, BlockId id) const {
  if (!id.is_right() || !shelf_.has(series, id)) return std::nullopt;
  return shelf_.read(series, id);
}

bool PointStream::open_next() {
  const auto on_disk = history_->shelf_.next(series_, from_);
  const History::Open* open = nullptr;
  if (const auto found = history_->states_.find(series_); found != history_->states_.end())
    for (const History::Open& one : found->second.open)
      if (one.points.back().time >= from_) {
        open = &one;
        break;
      }
  if (open != nullptr && (!on_disk || open->id.start < on_disk->start)) {
    const auto at = [&](std::int64_t time) {
      return std::lower_bound(open->points.begin(), open->points.end(), time,
                              [](const Point& p, std::int64_t t) { return p.time < t; });
    };
    buffer_.assign(at(from_), at(to_));
    at_ = 0;
    size_ = buffer_.size();
    if (size_ == 0) return false;
    from_ = buffer_.back().time + 1;  // What is added meanwhile is still to come.
    return true;
  }
  if (!on_disk || on_disk->start >= to_) return false;
  id_ = *on_disk;
  try {
    reader_ = std::make_unique<BlockReader>(history_->shelf_.read(series_, id_), id_, series_.sid);
  } catch (const DiskError& error) {
    if (history_->reported_.emplace(series_, id_).second)
      history_->notice(Notice::Kind::damaged_block, error.what());
    from_ = id_.end();
  }
  return true;
}

bool PointStream::fill() {
  while (from_ < to_) {
    if (!reader_) {
      if (!open_next()) break;
      if (at_ != size_) return true;
      continue;
    }
    buffer_.resize(stream_points);
    size_ = reader_->read(buffer_);
    at_ = 0;
    if (size_ == 0) {
      if (reader_->damage()) history_->damaged(series_, id_, *reader_->damage());
      reader_.reset();
      from_ = id_.end();
      continue;
    }
    while (at_ != size_ && buffer_[at_].time < from_) ++at_;
    if (buffer_[size_ - 1].time >= to_) {
      while (size_ != at_ && buffer_[size_ - 1].time >= to_) --size_;
      reader_.reset();
      from_ = to_;
    }
    if (at_ != size_) return true;
  }
  return false;
}

}  // namespace flm::history

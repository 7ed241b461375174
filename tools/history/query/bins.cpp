#include "tools/history/query/bins.hpp"

#include <algorithm>
#include <utility>

namespace flm::history {
namespace {

constexpr std::int64_t nano_per_milli = 1'000'000;

/// Billionths that a counter rises in the first `elapsed` of `seconds` in which it rises by `rise` evenly,
/// cut towards zero. |rise| <= 1000 * fastest * seconds and seconds <= heartbeat, so that 64 bits suffice.
std::int64_t part(Milli rise, std::int64_t elapsed, std::int64_t seconds) {
  const std::int64_t whole = rise / seconds * elapsed, rest = rise % seconds * elapsed;
  return (whole + rest / seconds) * nano_per_milli + rest % seconds * nano_per_milli / seconds;
}

/// Rise between two points, if it is known.
std::optional<Milli> rise_between(Point from, Point to, bool falls) {
  if (to.value < from.value && !falls) return {};
  std::int64_t seconds = 0;
  Milli rise = 0;
  if (__builtin_sub_overflow(to.time, from.time, &seconds) ||
      __builtin_sub_overflow(to.value, from.value, &rise))
    return {};
  if (seconds > Bins::heartbeat) return {};
  const Milli most = 1'000 * Bins::fastest * seconds;
  if (rise > most || rise < -most) return {};
  return rise;
}

}  // namespace

Bins::Bins(Grid grid, bool falls, Sink sink)
    : grid_(grid),
      falls_(falls),
      sink_(std::move(sink)),
      cell_(grid_.cell_after(grid_.begin())),
      from_(cell_ ? cell_->begin : grid_.begin()),  // a night can begin before its row's bin
      told_(from_) {}

void Bins::close_cells(std::int64_t until) {
  while (cell_ && cell_->end <= until) {
    sink_({cell_->begin, cell_->end, std::exchange(nano_, 0), std::exchange(known_, 0)}, *cell_);
    cell_ = grid_.cell_after(cell_->end);
  }
}

void Bins::stretch(Point from, Point to) {
  if (!cell_ || to.time <= cell_->begin) return;
  const std::int64_t begin = std::max(from.time, told_);
  if (begin >= to.time) return;
  told_ = to.time;
  const std::optional<Milli> rise = rise_between(from, to, falls_);
  if (!rise) return close_cells(to.time);
  if (begin == from.time && begin >= cell_->begin &&
      to.time <= cell_->end) {  // the usual case, without a division
    nano_ += *rise * nano_per_milli;
    known_ += to.time - begin;
    return close_cells(to.time);
  }
  const std::int64_t seconds = to.time - from.time;
  while (cell_ && cell_->begin < to.time) {
    const std::int64_t first = std::max(begin, cell_->begin), last = std::min(to.time, cell_->end);
    if (first < last) {
      nano_ += part(*rise, last - from.time, seconds) - part(*rise, first - from.time, seconds);
      known_ += last - first;
    }
    if (cell_->end > to.time) return;
    close_cells(cell_->end);
  }
}

void Bins::add(const Bin& bin) {
  close_cells(bin.begin);
  if (bin.begin < told_) return;
  told_ = bin.end;
  if (cell_ && cell_->begin <= bin.begin && bin.end <= cell_->end) {
    nano_ += bin.nano;
    known_ += bin.known;
  }
  close_cells(bin.end);
}

bool Bins::in_one_cell(std::int64_t from, std::int64_t to) const {
  const auto cell = grid_.cell_after(from);
  return !cell || to <= cell->begin || (cell->begin <= from && to <= cell->end);
}

void Bins::finish() {
  while (cell_) close_cells(cell_->end);
}

}  // namespace flm::history

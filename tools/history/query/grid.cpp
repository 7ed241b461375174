#include "tools/history/query/grid.hpp"

#include <algorithm>
#include <chrono>

namespace flm::history {
namespace {

constexpr std::int64_t day = 86'400;

/// Largest multiple of a step that is not above a time, before 1970 too.
std::int64_t multiple(std::int64_t time, std::int64_t step) {
  return time / step * step - (time % step < 0 ? step : 0);
}

std::int64_t seconds_since_1970(std::chrono::sys_days date) {
  return std::chrono::seconds{date.time_since_epoch()}.count();
}

/// Begin of the calendar month of a time, or of one some months later.
std::int64_t month_of(std::int64_t time, int later, const Zone& zone) {
  using namespace std::chrono;
  const year_month_day date{std::chrono::floor<days>(sys_seconds{seconds{time + zone.offset(time)}})};
  return zone.time_of(seconds_since_1970(sys_days{(date.year() / date.month() + months{later}) / 1}));
}

}  // namespace

std::int64_t seconds_of(Resolution resolution) {
  switch (resolution) {
    case Resolution::minute: return 60;
    case Resolution::quarter_hour: return 900;
    case Resolution::hour: return 3'600;
    case Resolution::day: return day;
    case Resolution::week: return 7 * day;
    case Resolution::month: return 31 * day;
  }
  return day;
}

std::int64_t longest_of(Resolution resolution) {
  switch (resolution) {
    case Resolution::minute: return day;
    case Resolution::quarter_hour: return 7 * day;
    case Resolution::day: return 365 * day;
    default: return 3'650 * day;
  }
}

Grid::Grid(Resolution resolution, const Zone& zone, std::int64_t first, std::int64_t last, bool nights)
    : resolution_(resolution), nights_(nights), zone_(&zone), begin_(floor(first)), end_(next(last)) {}

std::int64_t Grid::floor(std::int64_t time) const {
  return resolution_ == Resolution::month ? month_of(time, 0, *zone_)
                                          : multiple(time, seconds_of(resolution_));
}

std::int64_t Grid::next(std::int64_t time) const {
  if (resolution_ != Resolution::month)
    return multiple(time, seconds_of(resolution_)) + seconds_of(resolution_);
  // Where clocks are set back from a month's first midnight, the hour before it comes twice, and the month
  // begins in between.
  for (int later = 1;; ++later)
    if (const std::int64_t begin = month_of(time, later, *zone_); begin > time) return begin;
}

std::optional<Cell> Grid::cell_after(std::int64_t time) const {
  time = std::max(time, begin_);
  if (nights_) {
    Cell night = night_after(time, *zone_);
    if (night.end > end_) return {};
    night.row = next(night.end - 1);
    return night;
  }
  if (time >= end_) return {};
  return Cell{floor(time), next(time), next(time)};
}

bool Grid::is_of_quarters() const {
  if (!nights_ && resolution_ != Resolution::month) return resolution_ != Resolution::minute;
  for (auto cell = cell_after(begin_); cell; cell = cell_after(cell->end))
    if (cell->begin % 900 != 0 || cell->end % 900 != 0) return false;
  return true;
}

Cell Grid::night_after(std::int64_t time, const Zone& zone) {
  constexpr std::int64_t length = 12 * 900, end_of_night = 5 * 3'600;
  for (std::int64_t midnight = multiple(time + zone.offset(time), day);; midnight += day)
    if (const std::int64_t end = zone.time_of(midnight + end_of_night); end > time)
      return {end - length, end, end};
}

}  // namespace flm::history

// Days of quarter hours, made beforehand: what lets a year of a sensor that changed each second be answered
// without its points.
//
// A series has one file of them, a cache: whoever loses it, or finds it wrong, makes it anew from the points.
// Days follow one another without a gap. A day is 784 bytes, numbers most significant byte first:
//
// | bytes | what |
// |---|---|
// | 8 | begin of the day, Unix s, a multiple of 86 400 |
// | 96 * 8 | a quarter hour each: billionths counted * 1 024 + seconds known |
// | 4 | 0x464C4D31, "FLM1" |
// | 4 | CRC-32 of all before, as zlib's crc32() |
//
// A year is 286 160 bytes.
#pragma once
#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "tools/history/query/bins.hpp"

namespace flm::history {

inline constexpr std::size_t day_bytes = 784;

/// Makes days from a counter's points. A day is ready when a point lies at its end or behind it, because what
/// is before that point depends on it; so the last day is never handed over while it goes on.
class DayMaker {
 public:
  /// Makes days from the one that holds `from` on, and hands over the bytes of each. Points are added from
  /// the last one before that day's begin on, where there is one.
  DayMaker(std::int64_t from, bool falls, std::function<void(const std::string& day)> sink);
  DayMaker(const DayMaker&) = delete;
  DayMaker& operator=(const DayMaker&) = delete;

  void add(Point point) { bins_.add(point); }

 private:
  void take(const Bin&);

  std::function<void(const std::string&)> sink_;
  std::vector<Bin> quarters_;
  Bins bins_;
};

/// Days of a file's text: those from its begin that are whole, right, and follow one another. A file that
/// ends in anything else is to be cut to size() bytes before more is appended.
class Days {
 public:
  /// The text outlives it.
  explicit Days(std::string_view text);

  /// Bytes of the days.
  std::size_t size() const { return text_.size(); }
  bool empty() const { return text_.empty(); }
  /// Begin of the first day and end of the last; 0 when there is none.
  std::int64_t begin() const;
  std::int64_t end() const;
  /// Adds the quarter hours that bins need, of days that begin before `until`. Points may follow, from the
  /// last one before end(), or before `until`, on.
  void add_to(Bins&, std::int64_t until = std::numeric_limits<std::int64_t>::max()) const;

 private:
  std::string_view text_;
};

}  // namespace flm::history

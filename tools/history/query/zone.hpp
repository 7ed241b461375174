// Local time of a place, without a word of the process's own time zone.
#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string_view>
#include <vector>

namespace flm::history {

/// Time zone: seconds east of UTC at any time. It reads the system's zone files (TZif, RFC 8536) itself: C's
/// functions know one zone a process, and the library of this compiler has none of C++20's.
class Zone {
 public:
  /// UTC.
  Zone() = default;
  /// Zone of that name. "" and "UTC" need no file; a name such as "Europe/Brussels" is a file in `files`; a
  /// rule as POSIX writes it and routers have it, such as "CET-1CEST,M3.5.0,M10.5.0/3", needs none. Throws
  /// InputError otherwise.
  explicit Zone(std::string_view name, const std::filesystem::path& files = "/usr/share/zoneinfo");

  /// Seconds east of UTC at a time, Unix s.
  std::int64_t offset(std::int64_t time) const;
  /// Unix s at which clocks there show a local time (s since 1970 as if it were UTC): the first of two when
  /// clocks go back; in the hour that is left out when they go forward, the time counted with the offset
  /// before it.
  std::int64_t time_of(std::int64_t local) const;

  /// Day of a year on which clocks change: the `week`th (5: the last) `weekday` (0: Sunday) of `month`; or,
  /// when month is 0, day `day` of the year from 0, in which 29 February counts or not.
  struct Change {
    int month = 0, week = 0, weekday = 0, day = 0;
    bool leap_day = false;
    std::int64_t seconds = 7'200;  // local time of the change, from midnight
  };
  /// What holds after the last transition of a file, for ever.
  struct Rule {
    std::int64_t standard = 0, summer = 0;  // seconds east
    bool has_summer = false;
    Change start, end;
    std::int64_t offset(std::int64_t time) const;
  };
  struct Transition {
    std::int64_t time;  // from here on
    std::int64_t offset;
  };

 private:
  bool read(std::string_view file);

  std::int64_t first_ = 0;  // before all transitions
  std::vector<Transition> transitions_;
  std::optional<Rule> rule_;
};

}  // namespace flm::history

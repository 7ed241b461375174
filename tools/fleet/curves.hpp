// Load curves of a made-up house: what its appliances take, as counters that are read each second.
#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "tools/history/point.hpp"

namespace flm::fleet {

/// What a sensor of the house counts; a device's sensors take these in turn.
struct Kind {
  std::string_view function;      ///< "main", "sun", ...
  std::string_view type;          ///< electricity, water or gas
  std::string_view sensor_class;  ///< analog or pulse
};
inline constexpr std::array<Kind, 8> kinds{{{"main", "electricity", "analog"},
                                            {"sun", "electricity", "pulse"},
                                            {"fridge", "electricity", "analog"},
                                            {"kitchen", "electricity", "analog"},
                                            {"water", "water", "pulse"},
                                            {"gas", "gas", "pulse"},
                                            {"laundry", "electricity", "analog"},
                                            {"standby", "electricity", "analog"}}};

/// A number that depends on its arguments alone, evenly from 0 to 2^64 - 1.
std::uint64_t hash(std::uint64_t a, std::uint64_t b = 0, std::uint64_t c = 0);

/// A sensor's counter. The same house, sensor and start give the same readings, on any machine.
class Curve {
 public:
  /// `house`: which one; `sensor`: from 0; the first reading is of `start`, Unix s.
  Curve(std::uint64_t house, int sensor, std::int64_t start);

  /// The next second's reading: whole Wh or L, never lower than the one before.
  history::Point next();
  /// Time of the next reading, Unix s.
  [[nodiscard]] std::int64_t time() const { return time_; }

 private:
  /// An appliance that is switched on at most once a slot of some minutes.
  struct Run {
    std::int64_t slot = -1, begin = 0, end = 0;
  };
  bool is_on(std::size_t appliance, std::int64_t slot_s, int percent, std::int64_t least_s,
             std::int64_t most_s);
  [[nodiscard]] std::int64_t hour() const { return time_ % 86'400 / 3'600; }
  [[nodiscard]] bool is_day() const { return hour() >= 6 && hour() < 23; }
  std::int64_t fridge();
  std::int64_t kitchen();
  std::int64_t laundry();
  std::int64_t standby();
  std::int64_t sun();
  std::int64_t millionths();  ///< of a Wh or L, that the second that ends now adds

  std::uint64_t house_;
  int kind_;
  std::int64_t time_, counter_;
  std::uint64_t noise_;
  std::array<Run, 4> runs_{};
};

}  // namespace flm::fleet

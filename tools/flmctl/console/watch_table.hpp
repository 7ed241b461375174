// Content of `watch`: the sensors' latest readings, their history, and lines of text made from them. No
// terminal here.
#pragma once
#include <array>
#include <deque>
#include <string>
#include <vector>

#include "tools/mainboard/board/board.hpp"

namespace flm::ctl {

using namespace mainboard;

/// Name of a sensor, and its unit.
struct SensorLabel {
  std::string name;
  std::string counter_unit, rate_unit;  ///< "Wh" and "W", "l" and "l/h"; rates are counts an hour
};

/// A sensor, as it has been read.
struct WatchedSensor {
  int sensor = 0;  ///< 1..6
  SensorKind kind = SensorKind::none;
  SensorLabel label;
  bool enabled = false;
  bool read = false;
  double read_at = 0.0;  ///< s, of the last reading
  Reading last;
  bool has_rate = false;
  double rate = 0.0;  ///< W, or counts an hour
  bool clipped = false,
       was_clipped =
           false;  ///< a clamp of it had samples at full scale in its last second, or once: it reads low
  double step_counts = 0.0, step_seconds = 0.0;  ///< pulse: between its last two readings
  std::deque<double> history;                    ///< rate at each poll, the newest last

  /// A poll found this sensor changed. A pulse meter's rate is that of its last two readings, by the board's
  /// own time.
  void take(const Reading&, double t);
  /// Whether a clamp of it is clipped now.
  void take_clipped(bool now) {
    clipped = now;
    was_clipped = was_clipped || now;
  }
  /// A poll is over: one more place in the history.
  void poll_over(double t);
};

/// Everything that is on the screen.
struct WatchView {
  std::string title;
  double t = 0.0;  ///< s
  std::vector<WatchedSensor> sensors;
  LinkCounters link;
  std::vector<std::pair<std::string, std::uint32_t>> errors;  ///< the board's error counters, by name
  std::string refused;  ///< "sensor 6: 5 telegrams refused, ...", of the smart meter; or empty
  std::string note;     ///< last line
};

/// Lines of at most `columns` places, without line ends. `blocks`: the chart may use U+2581 to U+2588.
std::vector<std::string> watch_lines(const WatchView&, std::size_t columns, bool blocks);

/// A chart of one line: the last `places` values, between 0 and the largest (or the smallest and 0 where they
/// are negative).
std::string sparkline(const std::deque<double>& values, std::size_t places, bool blocks);

/// A rate for reading: whole numbers from 10 on.
std::string rate_text(double rate);

/// The first `columns` places of UTF-8 text.
std::string clipped(const std::string& text, std::size_t columns);

}  // namespace flm::ctl

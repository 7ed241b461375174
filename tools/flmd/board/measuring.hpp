// From what the board reports to readings of sensors, each with its time and unit.
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <optional>

#include "tools/flmd/board/clock.hpp"
#include "tools/flmd/board/pulse_gauge.hpp"
#include "tools/flmd/board/smart_meter.hpp"
#include "tools/flmd/site/reading.hpp"
#include "tools/flmd/site/sensors.hpp"
#include "tools/mainboard/readings/records.hpp"

namespace flm::flmd {

/// Rules, as stock has them (its fluksod), for each sensor:
///
/// * A counter is given when it has changed; the first one after the start too.
/// * A clamp's and a smart meter's gauge is the board's power, each second.
/// * A pulse sensor's is PulseGauge's.
/// * One reading of a quantity a second at most, and none of a time that is not after the one before, unless
///   the clock was set back: then the time begins anew.
/// * None at all while the clock is not set (before history::earliest_time).
///
/// Other than stock, both quantities are given whatever reports are on, and numbers of a smart meter have
/// their sign.
class Measuring {
 public:
  using Sink = std::function<void(const Reading&)>;
  Measuring(Sensors&, State&, Sink sink, std::function<void()> sensors_changed);

  /// A record of the board, and when it came.
  void take(const mainboard::Record&, Moment);
  /// A telegram of a smart meter whose line ends here: a sensor for each register. Its net energy is left to
  /// the board's sensor 6, where that is a smart meter; what the board says of registers is not taken then.
  void take(std::span<const MeterValue>, Moment);
  /// All records of a poll have been taken: gauges of pulse sensors that had no pulse until then fall.
  void polled(Moment);

 private:
  struct Last {
    std::optional<history::Point> gauge, counter;
    struct Pending {
      history::Milli value;
      std::string_view unit;
    };
    std::optional<Pending> pending;  ///< a counter of a second that had one already
  };
  void take(const mainboard::Reading&, Moment);
  void take(const mainboard::MeterReport&, std::int64_t unix_ms);
  void give_register(std::string_view name, Quantity, history::Milli, std::string_view unit,
                     std::int64_t unix_ms);
  void give(const SiteSensor&, Quantity, history::Milli value, std::string_view unit, std::int64_t unix_ms);
  PulseGauge& pulse_gauge(const SiteSensor&, Moment);

  Sensors& sensors_;
  State& state_;
  Sink sink_;
  std::function<void()> sensors_changed_;
  std::map<int, Last> last_;
  struct Pulses {
    std::string type;  ///< as the gauge was made for
    history::Milli constant;
    PulseGauge gauge;
  };
  std::map<int, Pulses> pulses_;
  bool has_line_ = false;  ///< telegrams have come on a line that ends here
};

}  // namespace flm::flmd

// A house with everything on an FLM02B, for days: three clamps, two meters whose contacts bounce, a smart
// meter, a radio sensor, a host that polls and commits, and two power failures a day; and the audit of what
// the board says of it.
#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "sim/results/run.hpp"
#include "sim/scenario/scenario.hpp"
#include "sim/world/environment.hpp"

namespace flm::longrun {

/// From when to when the board is awake, in s.
struct Awake {
  double from, to;
};

struct House {
  sim::Scenario scenario;
  std::vector<Awake> awake;
};

constexpr double radio_every = 10.0;     ///< s between two packets
constexpr double telegram_every = 60.0;  ///< s between two telegrams
constexpr int telegram_wh = 17;          ///< energy between two telegrams

/// `folder` gets the files of telegrams and packets. The first pulse meter's counter is set so that it passes
/// 2^32 half way, and the first clamp's so that it does after a few hours. Failures, and the end, come when
/// no contact moves.
House make_house(double days, int failures_a_day, const std::filesystem::path& folder);

/// Follows the readings of a house, second by second, and holds them against what was put in.
class Audit {
 public:
  Audit(const House&, const sim::Environment&);

  void take(const sim::Record&);
  /// After the last record.
  void finish();

  // Results: pulses
  std::int64_t pulses_put_in = 0;
  std::int64_t pulses_wrong = 0;  ///< difference at the end of the run, both meters
  int counter_wraps = 0;          ///< counters that passed 2^32
  int stamp_wraps = 0;            ///< stamps that passed 2^32 ms without a reset
  std::int64_t stamps_wrong = 0;  ///< stamps that went back otherwise
  // clamps
  double energy_ppm = 0.0;  ///< worst difference of a counter and the integral of its readings
  double drift_ppm =
      0.0;  ///< worst difference between the halves of the run, of read energy to energy put in
  double estimator_percent = 0.0;  ///< worst error of the energy itself, by the estimator's accuracy
  std::int64_t readings = 0, readings_missing = 0;
  // smart meter
  std::int64_t telegrams_put_in = 0, telegrams_wrong = 0;
  std::int64_t meter_errors = 0;  ///< refused telegrams, lost bytes, by the board's own counters
  // radio
  std::int64_t packets_put_in = 0, packets_wrong = 0;

 private:
  struct Clamp {
    double truth_w = 0.0;
    double last_t = -1.0;
    std::uint32_t last = 0;
    std::int64_t first_wh = -1, total_wh = 0;  ///< unwrapped
    double power_w = 0.0;                      ///< power of the last reading
    double joules = 0.0, put_in_joules = 0.0;
    double half_joules[2] = {0, 0}, half_put_in[2] = {0, 0};
  };
  struct Meter {
    int port = 0;
    std::int64_t per_pulse = 0;  ///< thousandths
    bool begun = false;
    sim::Reading last{};
    std::int64_t counted = 0;  ///< thousandths since the first reading
    std::int64_t from_ns = 0;  ///< when its stamp says that it began
  };

  [[nodiscard]] std::size_t period_of(double t) const;
  void take_clamp(Clamp&, const sim::Reading&);
  void take_pulses(Meter&, const sim::Reading&);
  void take_smart_meter(const sim::Reading&);

  const House& house_;
  const sim::Environment& environment_;
  std::vector<Clamp> clamps_;
  std::vector<Meter> meters_;
  std::int64_t next_packet_ = -1;
  std::int64_t telegram_ = -1;
  double smart_meter_t_ = 0.0;
};

}  // namespace flm::longrun

// Inputs of a sensor and readings of the board, second by second: the numbers of the report.
#pragma once
#include <cstdint>
#include <utility>
#include <vector>

#include "sim/results/run.hpp"
#include "sim/world/environment.hpp"
#include "tools/common/plot/svg.hpp"

namespace flm::sim {

/// One sensor of a run, compared with the truth.
///
/// Clamps: the board's first second is short (metering::first_second_ms after kFirstSample), then they are
/// whole. A reading asked at time t holds the power of the last whole board second before t, and so it is
/// compared with the input of exactly that second. The host enables sensors before 1.0 s, and a clamp counts
/// from the first whole board second after that. Pulses: a reading at t is compared with the pulses before t.
struct SensorView {
  const Sensor* sensor = nullptr;
  std::size_t readings = 0;  ///< lines that the board sent for this sensor
  svg::Series read;  ///< clamp: W per board second; pulse: counter in Wh or litre per host second; NaN before
                     ///< the first
  svg::Series truth;      ///< the input, likewise
  bool has_truth = true;  ///< false: a class of sensor whose input the simulator cannot judge
  double mean_read = 0.0,
         mean_true = 0.0;  ///< clamps: W, over the seconds that have a reading; NaN: none has
  double counter_read = 0.0, counter_true = 0.0;  ///< Wh or litre at the end; NaN: no reading
  std::size_t clipped =
      0;  ///< clamps: readings of seconds with samples at the converter's full scale, which are low
  std::int64_t samples = 0, clipped_samples = 0;  ///< in those seconds; 0: not known, where the supply fails
                                                  ///< and the board's seconds move
  double worst_error = 0.0;  ///< clamps: largest deviation of a second's power, W, with its sign
};

SensorView view_of(const Run&, const Environment&, const Sensor&);

/// A moment to zoom into for a clamp: inside the second whose power is the median of those in which a load is
/// on.
Nanoseconds typical_moment(const SensorView&);

/// The edges of a port's contact around the first pulse after `from`: the level before it, then each change,
/// until the contact has rested again. Empty when there is no pulse before `end`.
std::vector<std::pair<double, bool>> first_pulse(const Environment&, int port, Nanoseconds from,
                                                 Nanoseconds end);

}  // namespace flm::sim

// A board's surroundings, as functions of time: clamp currents after the analog front end, pulse contacts,
// lines, air, the supply.
//
// A board takes its crystal or resonator for exact. What its chip asks for, it asks for in its own time; the
// world's is what scenarios, hosts and reports speak of. A clock that is fast by some ppm sees a world that
// is slow by as much. Bits on the serial line and on the air keep their length in the board's time, which a
// receiver forgives; when telegrams and packets begin does not.
#pragma once
#include <cstdint>
#include <memory>

#include "sim/scenario/board_model.hpp"
#include "sim/scenario/scenario.hpp"
#include "sim/scenario/time.hpp"
#include "sim/world/supply_plan.hpp"

namespace flm::sim {

class Air;
class SerialLine;

class Environment {
 public:
  /// Loads recordings and computes what can be computed ahead. Throws InputError.
  Environment(const Scenario&, const BoardModel&);
  ~Environment();
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

  /// Code (0..1023) of the conversion number `tick` (BoardModel::tick_time) of clamp port 1..3. A pure
  /// function of its arguments: both engines, in whatever order they ask, get the same code.
  [[nodiscard]] std::uint16_t convert(int port, std::int64_t tick) const;

  /// True if any code so far was the converter's last, 1023: the current was over the board's range.
  [[nodiscard]] bool reached_full_scale() const;

  // Contacts move at converter triggers: an edge takes effect at the first trigger after it. The firmware
  // looks at the contacts when a conversion has ended, between two triggers, so both engines see the same,
  // whatever the interrupt's latency.

  /// Level of a pulse port's pin at time t of the board: true = open, pulled high.
  [[nodiscard]] bool level(int port, Nanoseconds t) const;
  /// The first time after t, both the board's, at which any pulse port changes, or kNever.
  [[nodiscard]] Nanoseconds next_edge(Nanoseconds t) const;

  /// Packets that other senders put on the air.
  [[nodiscard]] const Air& air() const;
  /// Bytes that arrive on port 6.
  [[nodiscard]] const SerialLine& serial() const;
  /// Times at which the supply fails and comes back.
  [[nodiscard]] const SupplyPlan& supply() const;
  /// The board's own parts.
  [[nodiscard]] const BoardParts& parts() const;
  /// Conversion between the world's time and the board's.
  [[nodiscard]] const BoardClock& clock() const;
  /// The scenario's seed, for what else is left to chance.
  [[nodiscard]] std::uint64_t seed() const;

  // The truth, in the world's time.

  /// True RMS of the current through a clamp, in A, before the front end: the mean over [from, to) of that of
  /// each cycle of the mains (20 ms, from t = 0), so that times the volts it is the power of loads that come
  /// and go.
  [[nodiscard]] double true_rms(int port, Nanoseconds from, Nanoseconds to) const;
  /// Current through a clamp at time t, in A.
  [[nodiscard]] double current(int port, Nanoseconds t) const;
  /// Falling edges that a perfect counter would count on a pulse port in [from, to): bounce and spikes left
  /// out.
  [[nodiscard]] std::int64_t true_pulses(int port, Nanoseconds from, Nanoseconds to) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace flm::sim

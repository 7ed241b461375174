// The main board: configures a board from the scenario's sensors, polls it, sends scripted commands; as stock
// main boards do.
#pragma once
#include <deque>
#include <functional>

#include "sim/engine/engine.hpp"
#include "sim/results/run.hpp"
#include "sim/run/engine_bus.hpp"
#include "sim/run/meter_uart.hpp"
#include "sim/scenario/scenario.hpp"
#include "tools/mainboard/board/poller.hpp"

namespace flm::sim {

/// What happens on the link, for whoever wants to see it.
struct LinkObserver {
  std::function<void(const Record&)> record;
  EngineBus::Observer byte;
  std::function<void(Nanoseconds now)> progress;  ///< after each exchange
  std::function<bool()> clips;  ///< whether a clamp may have been clipped; only then the board is asked, and
                                ///< nothing else changes on the link
};

/// The messages that configure a board for a scenario's sensors (tools/mainboard/config).
std::vector<Message> setup(const Scenario&, const BoardModel&);
/// When a stock main board begins with them.
inline constexpr Nanoseconds configure_at = 200'000'000;

class MainBoard {
 public:
  /// Not `configures`: the board comes with its settings, and is only polled.
  MainBoard(const Scenario&, const BoardModel&, Engine&, LinkObserver, bool configures = true);

  /// Runs board and link up to `end`.
  void run(Nanoseconds end);

  /// Messages that got no valid reply, and were sent again (up to three times).
  [[nodiscard]] unsigned retries() const { return board_.counters().retries; }

 private:
  [[nodiscard]] mainboard::PollPlan plan() const;
  /// When there are bytes of a smart meter's line to forward, or kNever.
  [[nodiscard]] Nanoseconds forward_at() const;
  void forward();
  void scripted(const HostCommand&);
  void ask();
  [[nodiscard]] Nanoseconds power_back(Nanoseconds t) const;

  const Scenario& scenario_;
  const BoardModel& model_;
  Engine& engine_;
  LinkObserver observer_;
  EngineBus bus_;
  mainboard::Board board_;
  mainboard::Poller poller_;
  MeterUart meter_;
  std::deque<Message> setup_;
};

}  // namespace flm::sim

// The main board: configures a board from the scenario's sensors, polls it, sends scripted commands; as stock
// hosts do.
#pragma once
#include <deque>
#include <functional>
#include <optional>
#include <string>

#include "sim/engine/engine.hpp"
#include "sim/results/run.hpp"
#include "sim/run/link_host.hpp"
#include "sim/run/meter_uart.hpp"
#include "sim/scenario/scenario.hpp"
#include "tools/mainboard/readings/reports.hpp"

namespace flm::sim {

/// What happens on the link, for whoever wants to see it.
struct LinkObserver {
  std::function<void(const Record&)> record;
  LinkHost::Observer byte;
  std::function<void(Nanoseconds now)> progress;  ///< after each exchange
  std::function<bool()> clips;  ///< whether a clamp may have been clipped; only then the board is asked, and
                                ///< nothing else changes on the link
};

/// The command lines that configure a board for a scenario's sensors: disable all, lines, map, constants,
/// fractions, ports, enable, commit.
std::deque<std::string> configuration(const Scenario&, const BoardModel&);
/// When a stock main board begins with them.
inline constexpr Nanoseconds configure_at = 200'000'000;

class MainBoard {
 public:
  /// Not `configures`: the board comes with its settings, and is only polled.
  MainBoard(const Scenario&, const BoardModel&, Engine&, LinkObserver, bool configures = true);

  /// Runs board and link up to `end`.
  void run(Nanoseconds end);

  /// Messages that got no valid reply, and were sent again (up to three times).
  [[nodiscard]] int retries() const { return link_.retries(); }

 private:
  void get_data(Nanoseconds scheduled);
  [[nodiscard]] SensorKind kind_of(int sensor) const;
  [[nodiscard]] bool is_clipped(const Health&, int sensor) const;
  std::optional<Message> ask(const Message&);
  /// When there are bytes of a smart meter's line to forward, or kNever.
  [[nodiscard]] Nanoseconds forward_at() const;
  void forward();
  void scripted(const HostCommand&);
  [[nodiscard]] Nanoseconds power_back(Nanoseconds t) const;

  const Scenario& scenario_;
  const BoardModel& board_;
  Engine& engine_;
  LinkObserver observer_;
  LinkHost link_;
  MeterUart meter_;
  std::deque<std::string> configuration_;
  std::vector<std::uint32_t> refused_ =
      std::vector<std::uint32_t>(12);  ///< of the smart meter, when it was recorded last
};

}  // namespace flm::sim

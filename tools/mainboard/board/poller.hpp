// What a main board asks of a sensor board over and over: readings each second, the `u` channel between.
#pragma once
#include <cstdint>
#include <functional>
#include <vector>

#include "tools/mainboard/board/board.hpp"
#include "tools/mainboard/readings/records.hpp"

namespace flm::mainboard {

/// What is asked, and how often.
struct PollPlan {
  Time period = 1s;       ///< from readings to readings
  Time channel_period{};  ///< from look to look at the `u` channel; 0: it is only seen with replies
  KindOf kind_of;         ///< what feeds a sensor
  /// Whether a clamp of a sensor was clipped.
  std::function<bool(const Health&, int sensor)> is_clipped;
  std::function<bool()> asks_health;               ///< whether a clamp may have been clipped; empty: never
  std::function<void(const Health&)> sees_health;  ///< each time that it was asked; empty: nobody
  std::function<bool()> asks_meter;                ///< whether a smart meter feeds a sensor; empty: never
};

/// Asks what is due, and hands on what it gets as records. Owns neither thread nor clock: next() says when it
/// wants to be called again. A time that was missed is left out, not made up for: the board keeps its counts.
class Poller {
 public:
  using Sink = std::function<void(const Record&)>;

  /// Records carry the time since `start` on the bus's clock at which their question was due.
  /// Takes the board's `u` channel as long as it lives.
  Poller(Board& board, PollPlan plan, Sink sink, Time start = {});
  ~Poller() { board_.link().on_channel = nullptr; }
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;

  [[nodiscard]] Time readings_at() const { return readings_at_; }
  /// When to look at the `u` channel; Time::max() where that is not planned.
  [[nodiscard]] Time channel_at() const { return channel_at_; }
  [[nodiscard]] Time next() const { return std::min(readings_at_, channel_at_); }

  /// Does the one thing that is due, readings first. Throws NoAnswer when the board gives no readings.
  void step();
  /// Leaves out looks at the channel that were due by now.
  void skip_looks();
  /// The main board was away until now.
  void skip_all();

 private:
  void get_readings(Time due);
  [[nodiscard]] std::optional<Message> ask_also(char letter);
  [[nodiscard]] Time after(Time now) const;
  [[nodiscard]] double seconds_at(Time due) const { return in_seconds(due - start_); }

  Board& board_;
  PollPlan plan_;
  Sink sink_;
  Time start_, readings_at_, channel_at_;
  std::vector<std::uint32_t> refused_;  ///< of the smart meter, when it was recorded last
};

}  // namespace flm::mainboard

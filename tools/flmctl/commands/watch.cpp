// flmctl watch: readings as they come: a live table on a terminal, else a line a reading.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <optional>

#include "tools/common/command_line.hpp"
#include "tools/common/files.hpp"
#include "tools/common/stop_on_signal.hpp"
#include "tools/flmctl/commands/commands.hpp"
#include "tools/flmctl/console/screen.hpp"
#include "tools/flmctl/console/watch_table.hpp"
#include "tools/mainboard/board/poller.hpp"
#include "tools/mainboard/bus/clock.hpp"
#include "tools/mainboard/config/config.hpp"
#include "tools/mainboard/readings/record_json.hpp"

namespace flm::ctl {
namespace {

constexpr int kErrorsEvery = 5;  ///< polls between two looks at the board's error counters
constexpr int kMostSilentPolls =
    5;  ///< one after the other, until a board is given up that has answered before

struct Arguments {
  bool jsonl = false;
  bool keep_on = false;                                       ///< asks on when the board is lost
  std::string config;                                         ///< file that names the sensors, or empty
  double duration = std::numeric_limits<double>::infinity();  ///< s

  [[nodiscard]] Time limit() const { return std::isinf(duration) ? Time::max() : time_of(duration); }
};

/// To whole ms.
double rounded(double seconds) { return std::round(seconds * 1000.0) / 1000.0; }

/// `config`: what a file says of the sensor, or nullptr.
SensorLabel label_of(SensorKind kind, const SensorConfig* config) {
  SensorLabel label{config != nullptr ? config->name : "", "Wh", "W"};
  if (kind != SensorKind::pulse) return label;
  const bool known = config != nullptr && config->has_class && config->sensor_class == SensorClass::pulse;
  if (!known) {  // Wh or litre: the board does not know.
    label.counter_unit = "";
    label.rate_unit = "/h";
  } else if (config->type != SensorType::electricity) {
    label.counter_unit = "l";
    label.rate_unit = "l/h";
  }
  return label;
}

class Watch {
 public:
  /// `since`: time since the watching began, for a board that was lost and is back.
  Watch(Board& board, const Arguments& arguments, const std::optional<Config>& config, bool jsonl, Time since)
      : board_(board),
        arguments_(arguments),
        config_(config),
        jsonl_(jsonl),
        live_(!jsonl && isatty(STDOUT_FILENO) != 0),
        since_(since) {}

  int run() {
    const Identity& id = board_.identity();
    const auto& config = config_;
    if (config && id.facts != config->board)
      throw BoardRefused(fmt::format("{}: is for {}, and the board on {} is {}", config->file,
                                     config->board->name, board_.name(), id.board()));
    tells_ = id.extended;
    find_sensors();
    if (view_.sensors.empty() && !live_)
      fmt::print(stderr,
                 "flmctl: note: {}: no sensor is enabled, so there are no readings; 'flmctl config push "
                 "FILE' configures the board\n",
                 board_.name());
    view_.title =
        fmt::format("{}{} {} on {}", config && !config->name.empty() ? config->name + ": " : "", id.board(),
                    id.extended ? "OpenFLM " + id.version() : "stock firmware", board_.name());
    std::optional<StopOnSignal> stop;
    if (!arguments_.keep_on) stop.emplace();  // else it is there already
    if (live_) {
      blocks_ = Screen::utf8();
      screen_.emplace();
      board_.bus().pace(1.0);
    }
    poll_until_the_end();
    if (screen_) {  // What stays.
      view_.note.clear();
      screen_->draw(watch_lines(view_, Screen::columns(), blocks_));
      screen_.reset();
    }
    if (stopped() && !std::isinf(arguments_.duration))
      fmt::print(stderr, "flmctl: stopped after {:.0f} s; the readings of the last {:.0f} s are missing\n",
                 view_.t, arguments_.duration - view_.t);
    return done;
  }

 private:
  /// The sensors that are enabled. A board without any may be configured while it is watched.
  void find_sensors() {
    layout_ = board_.layout();
    for (int sensor = 1; sensor <= 6; ++sensor) {
      WatchedSensor s;
      s.sensor = sensor;
      s.kind = layout_.sensor_kind(sensor);
      s.label = label_of(s.kind, config_ ? config_->sensor(sensor) : nullptr);
      s.enabled = layout_.enabled[sensor - 1];
      if (s.enabled) view_.sensors.push_back(s);
    }
  }

  [[nodiscard]] const WatchedSensor* meter() const {
    const auto found = std::find_if(view_.sensors.begin(), view_.sensors.end(),
                                    [](const WatchedSensor& s) { return s.kind == SensorKind::meter; });
    return found == view_.sensors.end() ? nullptr : &*found;
  }

  PollPlan plan() {
    PollPlan plan;
    plan.kind_of = [this](int sensor) { return layout_.sensor_kind(sensor); };
    plan.is_clipped = [this](const Health& health, int sensor) {
      tells_ = health.now.has_value();
      return layout_.is_clipped(health, sensor);
    };
    plan.asks_health = [this] { return tells_; };
    plan.asks_meter = [this] { return meter() != nullptr && board_.identity().extended; };
    return plan;
  }

  void poll_until_the_end() {
    const Time start = board_.now() - since_;
    Poller poller(
        board_, plan(), [this](const Record& record) { take(record); }, start);
    poller.skip_all();
    int silent = 0;
    for (int polls = 1; poller.next() - start <= arguments_.limit(); ++polls) {
      if (!wait_unless_stopped(board_.bus(), poller.next() - board_.now())) return;
      view_.t = in_seconds(board_.now() - start);
      try {
        if (view_.sensors.empty()) find_sensors();
        poller.step();
        look_at_errors(polls);
        view_.link = board_.counters();
        if (!live_) flush_output();
        silent = 0;
        view_.note = "ctrl-C ends";
      } catch (const NoAnswer& error) {
        if (++silent == kMostSilentPolls || !live_) throw;
        view_.note = error.what();
      }
      for (WatchedSensor& s : view_.sensors) s.poll_over(view_.t);
      if (live_) screen_->draw(watch_lines(view_, Screen::columns(), blocks_));
    }
  }

  void take(const Record& record) {
    if (const auto* reading = std::get_if<Reading>(&record)) take(*reading);
    if (const auto* report = std::get_if<MeterReport>(&record)) take(*report);
  }

  void take(const Reading& reading) {
    for (WatchedSensor& s : view_.sensors)
      if (s.sensor == reading.sensor) {
        s.take_clipped(reading.clipped);
        s.take(reading, view_.t);
        if (!live_) print(s);
      }
  }

  /// What a smart meter's line is refused for: also before the first reading.
  void take(const MeterReport& report) {
    const std::string text = meter_refusal_text(report);
    if (text == refused_) return;
    refused_ = text;
    const int sensor = meter()->sensor;
    view_.refused = text.empty() ? "" : fmt::format("sensor {}: {}", sensor, text);
    if (live_ || text.empty()) return;
    if (!jsonl_) {
      fmt::print("{:>9.1f} s  sensor {}  {:>12}  {}\n", view_.t, sensor, "-", text);
      return;
    }
    print_json(
        {{"t", rounded(view_.t)}, {"sensor", sensor}, {"refused", Json::parse(meter_refusal_json(report))}});
  }

  void look_at_errors(int polls) {
    if (!live_ || !board_.identity().extended || polls % kErrorsEvery != 1) return;
    if (const auto errors = board_.errors())
      view_.errors = {{"malformed messages", errors->malformed},
                      {"dropped", errors->dropped},
                      {"wrong packets", errors->channel_wrong},
                      {"without room", errors->channel_dropped}};
  }

  void print(const WatchedSensor& s) const {
    if (jsonl_) {
      LineExtras extras;
      extras.t = Json(rounded(view_.t)).dump();
      extras.name = s.label.name;
      if (board_.bus().live()) {
        using Seconds = std::chrono::duration<double>;
        extras.unix =
            std::floor(Seconds(std::chrono::system_clock::now().time_since_epoch()).count() * 1000.0) /
            1000.0;
      }
      Reading reading = s.last;
      reading.clipped = s.clipped;
      fmt::print("{}\n", to_json(reading, extras));
      return;
    }
    const std::string rate =
        s.has_rate ? fmt::format("{} {}{}", rate_text(s.rate), s.label.rate_unit, s.clipped ? " clipped" : "")
                   : "-";
    fmt::print("{:>9.1f} s  sensor {}  {:>12}  {:>14} {}{}{}\n", view_.t, s.sensor, rate,
               counter_text(s.last), s.label.counter_unit, s.label.name.empty() ? "" : "  ", s.label.name);
  }

  Board& board_;
  const Arguments& arguments_;
  const std::optional<Config>& config_;
  bool jsonl_, live_, blocks_ = false;
  Time since_;
  bool tells_ = false;   ///< the board tells which clamps are clipped
  std::string refused_;  ///< of the smart meter, told last
  Layout layout_;
  WatchView view_;
  std::optional<Screen> screen_;
};

/// Watches a board for as long as it takes: one that is lost is asked for again each second, its port opened
/// anew, and what was missed is said.
class LongWatch {
 public:
  LongWatch(const Globals& globals, const Arguments& arguments, const std::optional<Config>& config)
      : globals_(globals), arguments_(arguments), config_(config), jsonl_(arguments.jsonl || globals.json) {}

  int run() {
    const StopOnSignal stop;  // Its own, while no board is there.
    while (true) {
      try {
        return with_board(globals_, [&](Board& board) { return watch(board); });
      } catch (const NoAnswer& error) {
        lost(error.what());
      } catch (const OutputFull&) {
        throw;
      } catch (const InputError& error) {  // The device has gone.
        lost(error.what());
      }
      sleep_for(1s);
      if (stopped() || now() >= arguments_.limit()) return still_lost();
    }
  }

 private:
  [[nodiscard]] Time now() const { return started_ ? steady_now() - *started_ : Time{}; }

  int watch(Board& board) {
    if (!started_) started_ = steady_now();
    if (lost_at_) {
      const double t = in_seconds(now()), lost = in_seconds(*lost_at_);
      if (jsonl_) print_json({{"t", rounded(t)}, {"board", "back"}, {"missed_s", rounded(t - lost)}});
      fmt::print(stderr, "flmctl: {}: the board is back at {:.1f} s; {:.1f} s were missed\n", board.name(), t,
                 t - lost);
      lost_at_.reset();
    }
    return Watch(board, arguments_, config_, jsonl_, now()).run();
  }

  /// Throws it on when there has been no board at all: a mistake in the port.
  void lost(const char* what) {
    if (!started_) throw;
    if (lost_at_) return;
    lost_at_ = now();
    if (jsonl_) print_json({{"t", rounded(in_seconds(*lost_at_))}, {"board", "lost"}});
    flush_output();
    fmt::print(stderr, "flmctl: {}; lost at {:.1f} s, asking on until it is back\n", what,
               in_seconds(*lost_at_));
  }

  int still_lost() const {
    fmt::print(stderr, "flmctl: ended at {:.1f} s; the board was lost at {:.1f} s and is not back\n",
               in_seconds(now()), in_seconds(*lost_at_));
    return no_answer;
  }

  const Globals& globals_;
  const Arguments& arguments_;
  const std::optional<Config>& config_;
  bool jsonl_;
  std::optional<Time> started_, lost_at_;  ///< on this machine; since then
};

int watch(const Globals& globals, const Arguments& arguments) {
  std::optional<Config> config;
  if (!arguments.config.empty()) config = read_config(arguments.config);
  if (arguments.keep_on) return LongWatch(globals, arguments, config).run();
  return with_board(globals, [&](Board& board) {
    return Watch(board, arguments, config, arguments.jsonl || globals.json, Time{}).run();
  });
}

}  // namespace

void add_watch(CLI::App& app, Globals& globals) {
  auto* command = app.add_subcommand("watch", "Show readings as they come, once a second, until ctrl-C");
  auto arguments = std::make_shared<Arguments>();
  command->add_flag("--jsonl", arguments->jsonl,
                    "an object a line and reading (keys: sim/results/jsonl.md); so does --json");
  command->add_option("--config", arguments->config,
                      "configuration (.toml) that says what the sensors are called and count");
  command->add_option("--for", arguments->duration, "end after so many seconds")->check(number(1.0, 1e9));
  command->add_flag("--keep-on", arguments->keep_on,
                    "when the board is lost, ask on, and say how long it was away");
  command->callback([&globals, arguments] { globals.status = watch(globals, *arguments); });
}

}  // namespace flm::ctl

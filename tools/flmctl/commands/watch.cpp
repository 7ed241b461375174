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
#include "tools/flmctl/commands/commands.hpp"
#include "tools/flmctl/console/screen.hpp"
#include "tools/flmctl/console/watch_table.hpp"
#include "tools/mainboard/bus/clock.hpp"
#include "tools/mainboard/config/config.hpp"
#include "tools/mainboard/readings/record_json.hpp"

namespace flm::ctl {
namespace {

constexpr double kPeriod = 1.0;  ///< s between two polls
constexpr int kErrorsEvery = 5;  ///< polls between two looks at the board's error counters
constexpr int kMostSilentPolls =
    5;  ///< one after the other, until a board is given up that has answered before

struct Arguments {
  bool jsonl = false;
  bool keep_on = false;                                       ///< asks on when the board is lost
  std::string config;                                         ///< file that names the sensors, or empty
  double duration = std::numeric_limits<double>::infinity();  ///< s
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
  /// `since`: s since the watching began, for a board that was lost and is back.
  Watch(Board& board, const Arguments& arguments, const std::optional<Config>& config, bool jsonl,
        double since)
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

  void poll_until_the_end() {
    const double start = board_.bus().now() - since_;
    int silent = 0;
    for (int polls = 1; since_ + polls * kPeriod <= arguments_.duration + 1e-9; ++polls) {
      if (!wait_unless_stopped(board_.bus(), start + since_ + polls * kPeriod - board_.bus().now())) return;
      view_.t = board_.bus().now() - start;
      try {
        poll(polls);
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

  /// Which clamps are clipped, of a board that tells.
  void look_at_clamps() {
    if (!tells_) return;
    const auto health = board_.health();
    tells_ = health && health->now;
    if (!tells_) return;
    for (WatchedSensor& s : view_.sensors) s.take_clipped(layout_.is_clipped(*health, s.sensor));
  }

  /// What a smart meter's line is refused for, of a board that tells: also before the first reading.
  void look_at_meter() {
    const auto meter = std::find_if(view_.sensors.begin(), view_.sensors.end(),
                                    [](const WatchedSensor& s) { return s.kind == SensorKind::meter; });
    if (meter == view_.sensors.end() || !board_.identity().extended) return;
    const auto told = board_.meter();
    if (!told) return;
    const std::string text = mainboard::meter_refusal_text(*told);
    if (text == refused_) return;
    refused_ = text;
    view_.refused = text.empty() ? "" : fmt::format("sensor {}: {}", meter->sensor, text);
    if (live_ || text.empty()) return;
    if (!jsonl_) {
      fmt::print("{:>9.1f} s  sensor {}  {:>12}  {}\n", view_.t, meter->sensor, "-", text);
      return;
    }
    print_json({{"t", rounded(view_.t)},
                {"sensor", meter->sensor},
                {"refused", Json::parse(mainboard::meter_refusal_json(*told))}});
  }

  void poll(int number) {
    if (view_.sensors.empty()) find_sensors();
    look_at_clamps();
    for (const Reading& reading : board_.poll(layout_, view_.t))
      for (WatchedSensor& s : view_.sensors)
        if (s.sensor == reading.sensor) {
          s.take(reading, view_.t);
          if (!live_) print(s);
        }
    look_at_meter();
    if (live_ && board_.identity().extended && number % kErrorsEvery == 1)
      if (const auto errors = board_.errors())
        view_.errors = {{"malformed messages", errors->malformed},
                        {"dropped", errors->dropped},
                        {"wrong packets", errors->channel_wrong},
                        {"without room", errors->channel_dropped}};
    view_.link = board_.counters();
    if (!live_) flush_output();
  }

  void print(const WatchedSensor& s) const {
    if (jsonl_) {
      mainboard::LineExtras extras;
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
      fmt::print("{}\n", mainboard::to_json(reading, extras));
      return;
    }
    const std::string rate =
        s.has_rate ? fmt::format("{} {}{}", rate_text(s.rate), s.label.rate_unit, s.clipped ? " clipped" : "")
                   : "-";
    fmt::print("{:>9.1f} s  sensor {}  {:>12}  {:>14} {}{}{}\n", view_.t, s.sensor, rate,
               mainboard::counter_text(s.last), s.label.counter_unit, s.label.name.empty() ? "" : "  ",
               s.label.name);
  }

  Board& board_;
  const Arguments& arguments_;
  const std::optional<Config>& config_;
  bool jsonl_, live_, blocks_ = false;
  double since_;
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
      sleep_for(1.0);
      if (stopped() || now() >= arguments_.duration) return still_lost();
    }
  }

 private:
  [[nodiscard]] double now() const { return started_ ? steady_now() - *started_ : 0.0; }

  int watch(Board& board) {
    if (!started_) started_ = steady_now();
    if (lost_at_) {
      const double t = now();
      if (jsonl_) print_json({{"t", rounded(t)}, {"board", "back"}, {"missed_s", rounded(t - *lost_at_)}});
      fmt::print(stderr, "flmctl: {}: the board is back at {:.1f} s; {:.1f} s were missed\n", board.name(), t,
                 t - *lost_at_);
      lost_at_.reset();
    }
    return Watch(board, arguments_, config_, jsonl_, now()).run();
  }

  /// Throws it on when there has been no board at all: a mistake in the port.
  void lost(const char* what) {
    if (!started_) throw;
    if (lost_at_) return;
    lost_at_ = now();
    if (jsonl_) print_json({{"t", rounded(*lost_at_)}, {"board", "lost"}});
    flush_output();
    fmt::print(stderr, "flmctl: {}; lost at {:.1f} s, asking on until it is back\n", what, *lost_at_);
  }

  int still_lost() const {
    fmt::print(stderr, "flmctl: ended at {:.1f} s; the board was lost at {:.1f} s and is not back\n", now(),
               *lost_at_);
    return no_answer;
  }

  const Globals& globals_;
  const Arguments& arguments_;
  const std::optional<Config>& config_;
  bool jsonl_;
  std::optional<double> started_, lost_at_;  ///< s of this machine; s since then
};

int watch(const Globals& globals, const Arguments& arguments) {
  std::optional<Config> config;
  if (!arguments.config.empty()) config = read_config(arguments.config);
  if (arguments.keep_on) return LongWatch(globals, arguments, config).run();
  return with_board(globals, [&](Board& board) {
    return Watch(board, arguments, config, arguments.jsonl || globals.json, 0.0).run();
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

// flmctl counter: what the sensors have counted.
#include <fmt/format.h>

#include "tools/common/command_line.hpp"
#include "tools/flmctl/commands/commands.hpp"

namespace flm::ctl {
namespace {

/// Counters of a smart meter have a sign.
std::int64_t whole(std::uint32_t counter, SensorKind kind) {
  return kind == SensorKind::meter ? std::int64_t{static_cast<std::int32_t>(counter)} : std::int64_t{counter};
}

int get(const Globals& globals, int only) {
  return with_board(globals, [&](Board& board) {
    const Layout layout = board.layout();
    Json list = Json::array();
    for (int sensor = 1; sensor <= 6; ++sensor) {
      if (only != 0 && sensor != only) continue;
      const SensorKind kind = layout.sensor_kind(sensor);
      const std::int64_t count = whole(board.get('c', sensor - 1).at(0), kind);
      if (globals.json) {
        list.push_back({{"sensor", sensor},
                        {"class", name_of(kind)},
                        {"enabled", layout.enabled[sensor - 1]},
                        {"counter", count}});
      } else {
        fmt::print("sensor {}  {:>10}  {}{}\n", sensor, count, name_of(kind),
                   layout.enabled[sensor - 1] ? "" : "  off");
      }
    }
    if (globals.json) print_json({{"counters", list}});
    return done;
  });
}

int set(const Globals& globals, int sensor, std::int64_t value) {
  return with_board(globals, [&](Board& board) {
    const SensorKind kind = board.layout().sensor_kind(sensor);
    if (value < 0 && kind != SensorKind::meter)
      throw InputError(
          fmt::format("VALUE: {} for sensor {}; allowed: 0 to 4294967295, and below 0 only for a smart meter",
                      value, sensor));
    const std::int64_t before = whole(board.get('c', sensor - 1).at(0), kind);
    if (value < before)
      confirm(globals, fmt::format("Sensor {} stands at {}; set it back to {}? Host software takes that for "
                                   "a counter that has wrapped.",
                                   sensor, before, value));
    if (value != before) {
      board.set('c', sensor - 1, {static_cast<std::uint32_t>(value)});
      const std::int64_t now = whole(board.get('c', sensor - 1).at(0), kind);
      if (now < value)
        throw BoardRefused(
            fmt::format("{}: sensor {} reads {} after it was set to {}", board.name(), sensor, now, value));
      board.commit();
    }
    if (globals.json)
      print_json({{"sensor", sensor}, {"before", before}, {"counter", value}, {"changed", value != before}});
    else if (value != before)
      fmt::print("sensor {}: {}, was {}\n", sensor, value, before);
    else
      fmt::print("sensor {}: {} already, nothing was written\n", sensor, value);
    return done;
  });
}

}  // namespace

void add_counter(CLI::App& app, Globals& globals) {
  auto* command = app.add_subcommand("counter", "Get or set what a sensor has counted");
  command->require_subcommand(1);
  struct Arguments {
    int sensor = 0;
    std::int64_t value = 0;
  };
  auto arguments = std::make_shared<Arguments>();
  auto* getter = command->add_subcommand("get", "Print the counters, in Wh or litre");
  getter->add_option("SENSOR", arguments->sensor, "1 to 6; absent: all")->check(whole_number(1, 6));
  getter->callback([&globals, arguments] { globals.status = get(globals, arguments->sensor); });
  auto* setter =
      command->add_subcommand("set", "Set a counter and save it; asks first when it would go backwards");
  setter->add_option("SENSOR", arguments->sensor, "1 to 6")->required()->check(whole_number(1, 6));
  setter->add_option("VALUE", arguments->value, "Wh or litre")
      ->required()
      ->check(whole_number(-2147483648, 4294967295));
  setter->callback(
      [&globals, arguments] { globals.status = set(globals, arguments->sensor, arguments->value); });
}

}  // namespace flm::ctl

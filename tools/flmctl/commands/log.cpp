// flmctl log: resets, power failures, errors, and for how long the board has been up.
#include <fmt/format.h>

#include "tools/flmctl/commands/commands.hpp"
#include "tools/mainboard/link/meanings.hpp"

namespace flm::ctl {
namespace {

struct Row {
  std::string name;  ///< in JSON
  std::string text;
  std::uint32_t value;
};

int log(const Globals& globals) {
  return with_board(globals, [&](Board& board) {
    std::vector<Row> rows = {{"power_failures", "power failures", board.get('b').at(0)},
                             {"watchdog_resets", "watchdog resets", board.get('w').at(0)}};
    const auto health = board.health();
    if (const auto errors = board.errors()) {
      const bool radio = board.identity().facts != nullptr && board.identity().facts->has_radio();
      const char* wrong = radio ? "radio packets with a wrong CRC" : "RS-485 bytes that were wrong";
      const char* dropped = radio ? "radio packets without room" : "RS-485 bytes without room";
      const char* refused = radio ? "the host's radio packets refused" : "the host's RS-485 bytes refused";
      rows.push_back({"link_malformed", "malformed messages on the link", errors->malformed});
      rows.push_back({"link_dropped", "messages dropped, one was waiting", errors->dropped});
      rows.push_back({"channel_wrong", wrong, errors->channel_wrong});
      rows.push_back({"channel_dropped", dropped, errors->channel_dropped});
      rows.push_back({"channel_refused", refused, errors->channel_refused});
      if (radio) rows.push_back({"radio_restarts", "restarts of the radio", errors->radio_restarts});
    }
    if (board.layout().sensor_of[5] != 0)
      if (const auto meter = board.meter())
        for (const MeterRefusal& one : meter_refusals(*meter))
          rows.push_back(
              {fmt::format("meter_{}", one.name), fmt::format("smart meter: {}", one.name), one.count});
    const LinkCounters& link = board.counters();
    if (globals.json) {
      Json json;
      if (health)
        json = {{"uptime_s", health->uptime_s}, {"reset_cause", meaning_of_reset(health->reset_cause)}};
      for (const Row& row : rows) json[row.name] = row.value;
      json["flmctl_retries"] = link.retries;
      print_json(json);
      return done;
    }
    if (health) {
      fmt::print("{:<36}{}\n", "up for", time_text(health->uptime_s));
      fmt::print("{:<36}{}\n", "last reset by", meaning_of_reset(health->reset_cause));
    }
    for (const Row& row : rows) fmt::print("{:<36}{}\n", row.text, row.value);
    fmt::print("{:<36}{}\n", "messages that flmctl sent again", link.retries);
    return done;
  });
}

}  // namespace

void add_log(CLI::App& app, Globals& globals) {
  app.add_subcommand("log", "Print resets, power failures, errors and up-time")->callback([&globals] {
    globals.status = log(globals);
  });
}

}  // namespace flm::ctl

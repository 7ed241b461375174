// flmctl log: resets, power failures, errors, and for how long the board has been up.
#include <fmt/format.h>

#include "tools/flmctl/commands/commands.hpp"

namespace flm::ctl {
namespace {

struct Row {
  const char* name;  ///< in JSON
  const char* text;
  std::uint32_t value;
};

/// Bits of `gr`'s cause.
std::string cause_text(std::uint32_t cause) {
  std::vector<std::string> causes;
  if ((cause & 1) != 0) causes.emplace_back("power on");
  if ((cause & 2) != 0) causes.emplace_back("external");
  if ((cause & 4) != 0) causes.emplace_back("brown-out");
  if ((cause & 8) != 0) causes.emplace_back("watchdog");
  return causes.empty() ? "unknown" : fmt::format("{}", fmt::join(causes, ", "));
}

std::string time_text(std::uint32_t seconds) {
  const std::uint32_t days = seconds / 86400;
  return fmt::format("{}{:02}:{:02}:{:02}", days != 0 ? fmt::format("{} d ", days) : "", seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
}

int log(const Globals& globals) {
  return with_board(globals, [&](Board& board) {
    std::vector<Row> rows = {{"power_failures", "power failures", board.get('b').at(0)}, {"watchdog_resets", "watchdog resets", board.get('w').at(0)}};
    const auto reset = board.try_get('r');
    if (const auto errors = board.try_get('x')) {
      const bool radio = board.identity().facts != nullptr && board.identity().facts->has_radio;
      const char* wrong = radio ? "radio packets with a wrong CRC" : "RS-485 bytes that were wrong";
      const char* dropped = radio ? "radio packets without room" : "RS-485 bytes without room";
      const char* refused = radio ? "the host's radio packets refused" : "the host's RS-485 bytes refused";
      rows.push_back({"link_malformed", "malformed messages on the link", errors->at(0)});
      rows.push_back({"link_dropped", "messages dropped, one was waiting", errors->at(1)});
      rows.push_back({"channel_wrong", wrong, errors->at(2)});
      rows.push_back({"channel_dropped", dropped, errors->at(3)});
      rows.push_back({"channel_refused", refused, errors->at(4)});
      if (radio) rows.push_back({"radio_restarts", "restarts of the radio", errors->at(5)});
    }
    const LinkCounters& link = board.counters();
    if (globals.json) {
      Json json;
      if (reset) json = {{"uptime_s", reset->at(1)}, {"reset_cause", cause_text(reset->at(0))}};
      for (const Row& row : rows) json[row.name] = row.value;
      json["flmctl_retries"] = link.retries;
      print_json(json);
      return done;
    }
    if (reset) {
      fmt::print("{:<36}{}\n", "up for", time_text(reset->at(1)));
      fmt::print("{:<36}{}\n", "last reset by", cause_text(reset->at(0)));
    }
    for (const Row& row : rows) fmt::print("{:<36}{}\n", row.text, row.value);
    fmt::print("{:<36}{}\n", "messages that flmctl sent again", link.retries);
    return done;
  });
}

}  // namespace

void add_log(CLI::App& app, Globals& globals) {
  app.add_subcommand("log", "Print resets, power failures, errors and up-time")->callback([&globals] { globals.status = log(globals); });
}

}  // namespace flm::ctl

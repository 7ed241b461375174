// flmctl version: this program, and the board that is there.
#include <fmt/format.h>

#include "tools/flmctl/commands/commands.hpp"
#include "tools/mainboard/link/meanings.hpp"

namespace flm::ctl {
namespace {

int version(const Globals& globals) {
  return with_board(globals, [&](Board& board) {
    const Identity& id = board.identity();
    std::optional<Health> health;
    if (id.extended) health = board.health();
    if (globals.json) {
      Json json = {{"flmctl", FLM_VERSION},
                   {"port", board.name()},
                   {"board", id.board()},
                   {"hardware", fmt::format("{}.{}", id.hardware_major, id.hardware_minor)},
                   {"software", fmt::format("{}.{}", id.software_major, id.software_minor)}};
      json["firmware"] = id.extended ? Json(id.version()) : Json(nullptr);
      json["features"] = id.feature_names();
      if (health) {
        json["uptime_s"] = health->uptime_s;
        json["reset_cause"] = meaning_of_reset(health->reset_cause);
      }
      if (health && health->now) {
        json["supply_low"] = health->now->supply_low;
        json["eeprom_worn"] = health->now->worn;
      }
      print_json(json);
      return done;
    }
    fmt::print("flmctl    {}\n", FLM_VERSION);
    fmt::print("board     {} on {}\n", id.board(), board.name());
    fmt::print("hardware  {}.{}\n", id.hardware_major, id.hardware_minor);
    fmt::print("software  {}.{}\n", id.software_major, id.software_minor);
    if (id.extended)
      fmt::print("firmware  OpenFLM {}: {}\n", id.version(), fmt::join(id.feature_names(), ", "));
    else
      fmt::print("firmware  stock: no statistics, no calibration, no error counters\n");
    if (health)
      fmt::print("up for    {}, last reset by {}\n", time_text(health->uptime_s),
                 meaning_of_reset(health->reset_cause));
    if (health && health->now) {
      fmt::print("supply    {}\n",
                 health->now->supply_low ? fmt::format("low: {}", meaning_of_supply_low) : "good");
      fmt::print("EEPROM    {}\n", health->now->worn ? fmt::format("worn: {}", meaning_of_worn) : "good");
    }
    return done;
  });
}

}  // namespace

void add_version(CLI::App& app, Globals& globals) {
  app.add_subcommand("version", "Say which board is there, and what it runs")->callback([&globals] {
    globals.status = version(globals);
  });
}

}  // namespace flm::ctl

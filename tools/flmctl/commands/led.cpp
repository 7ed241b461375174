// flmctl led: what the board's LED shows.
#include <fmt/format.h>

#include "firmware/metering/settings.hpp"  // heartbeat
#include "tools/common/command_line.hpp"
#include "tools/flmctl/commands/commands.hpp"

namespace flm::ctl {
namespace {

int led(const Globals& globals, const std::string& wanted) {
  return with_board(globals, [&](Board& board) {
    if (!board.try_get('i'))
      throw BoardRefused(fmt::format("{}: the LED of this board ({}) shows its heartbeat only", board.name(),
                                     board.identity().board()));
    if (!wanted.empty()) {
      const int port = wanted == "heartbeat" ? int{metering::heartbeat} : std::stoi(wanted) - 1;
      board.set('i', {}, {static_cast<std::uint32_t>(port)});
      board.commit();
    }
    const auto shown = board.get('i').at(0);
    if (globals.json)
      print_json({{"led", shown == metering::heartbeat ? Json("heartbeat") : Json(shown + 1)}});
    else if (shown == metering::heartbeat)
      fmt::print("the LED shows the heartbeat: lit, with a blink for each message\n");
    else
      fmt::print("the LED shows port {}: lit while its contact is closed\n", shown + 1);
    return done;
  });
}

}  // namespace

void add_led(CLI::App& app, Globals& globals) {
  auto* command = app.add_subcommand("led", "Say what the LED shows, or set it: a port, or the heartbeat");
  auto wanted = std::make_shared<std::string>();
  command->add_option("SHOW", *wanted, "a port, 1 to 6, or heartbeat; absent: as it is")
      ->check(one_of({"heartbeat", "1", "2", "3", "4", "5", "6"}));
  command->callback([&globals, wanted] { globals.status = led(globals, *wanted); });
}

}  // namespace flm::ctl

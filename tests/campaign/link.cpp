#include <fmt/format.h>

#include <cmath>

#include "sim/image/image_engine.hpp"
#include "sim/run/main_board.hpp"
#include "sim/world/environment.hpp"
#include "tests/bench/figure_table.hpp"
#include "tests/campaign/campaign.hpp"
#include "tests/protocol/attacker.hpp"
#include "tests/sim/stock_host.hpp"

namespace flm::campaign {
namespace {

using namespace sim;

/// A board that was configured by a stock host, with everything on its inputs.
struct LoadedBoard {
  LoadedBoard(const std::string& name, const std::filesystem::path& elf)
      : board(board_model(name)),
        scenario(full_load(name, 3.0)),
        environment(scenario, board),
        engine(board, environment, elf),
        host(board, engine) {
    MainBoard(scenario, board, engine, {}).run(nanoseconds(scenario.duration));
    host.wait_until(nanoseconds(scenario.duration + 0.5));
  }
  const BoardModel& board;
  Scenario scenario;
  Environment environment;
  ImageEngine engine;
  test::StockHost host;
};

/// Commands of 1 000 that got no valid reply the first time, with so long a gap between bytes.
double failing(const std::string& name, const std::filesystem::path& elf, Nanoseconds gap) {
  LoadedBoard b(name, elf);
  b.host.bus.set_byte_gap(gap);
  int failed = 0;
  const char* const asked[] = {"gd", "gc 3", "gm 1", "gp", "sm 0 5163", "ga 0", "ge 2", "gv"};
  for (int i = 0; i < 1000; ++i) {
    if (!b.host.try_exchange(asked[static_cast<unsigned>(i) % std::size(asked)])) ++failed;
    b.host.wait_until(b.host.now() + 3'000'000 + i * 1'777);
  }
  return failed;
}

}  // namespace

void link(const std::string& name, const std::filesystem::path& elf, long messages) {
  LoadedBoard b(name, elf);
  test::StockHost& host = b.host;
  const Nanoseconds gap = b.board.byte_gap.count();
  host.exchange("sc 5 42");
  test::Attacker attacker;
  long sent = 0, first = 0, second = 0, never = 0;
  while (sent < messages) {
    for (unsigned burst = 1 + attacker.below(4); burst != 0; --burst, ++sent) {
      host.bus.set_byte_gap(attacker.below(4) == 0 ? gap / 2 : gap);
      for (const char byte : attacker.next()) host.bus.clock_byte(static_cast<std::uint8_t>(byte));
    }
    host.bus.set_byte_gap(gap);
    const auto asked = [&] { return host.try_exchange("gm 0") == "gm 0 5163"; };  // 0.449 * 230 V * 50 A
    if (asked())
      ++first;
    else if (asked())
      ++second;
    else
      ++never;
  }
  const auto kept = host.exchange("gc 5");
  const double gap_us = b.board.name == "flm02b" ? 30 : 150,
               shortest_us = b.board.name == "flm02b" ? 25 : 125;
  const auto after = [](double us) { return static_cast<Nanoseconds>(us * 1e3); };

  bench::FigureTable t("link_" + name, fmt::format("{}: the link under attack, under full load", name));
  t.at_least("messages", "random, mutated, cut and merged messages", "", static_cast<double>(messages),
             static_cast<double>(sent), "");
  t.plain("first", "good messages after them, answered at once", "", static_cast<double>(first), "");
  t.plain("second", "answered the second time", "", static_cast<double>(second), "");
  t.at_most("never", "not answered", "", 0, static_cast<double>(never), "");
  t.at_most("changed", "counters and settings changed", "", 0, kept == "gc 5 42" ? 0 : 1, "");
  t.at_most("failing", fmt::format("commands of 1 000 that fail at a gap of {:.0f} us", gap_us),
            b.board.name == "flm02b" ? "320" : "90", 0, failing(name, elf, after(gap_us)), "");
  t.at_most("sent_twice",
            fmt::format("commands of 1 000 that are sent twice at a gap of {:.0f} us", shortest_us), "", 3,
            failing(name, elf, after(shortest_us)), "");
}

}  // namespace flm::campaign

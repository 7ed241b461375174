// flmctl selftest: what can be measured of a board without an instrument, in words.
#include "tools/flmctl/console/selftest.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "tools/common/command_line.hpp"
#include "tools/common/stop_on_signal.hpp"
#include "tools/flmctl/commands/commands.hpp"

namespace flm::ctl {
namespace {

int selftest(const Globals& globals, double minutes) {
  const auto run = [&](Board& board) {
    const BoardFacts* facts = board.identity().facts;
    if (facts == nullptr)
      throw BoardRefused(fmt::format("{}: is not a board that this flmctl knows", board.name()));
    const bool terminal = isatty(STDERR_FILENO) != 0;
    const auto progress = [&](double passed) {
      if (!terminal) return;
      fmt::print(stderr, "\r{:.0f} of {:.0f} s, ctrl-C ends with what is known", passed, minutes * 60.0);
      std::fflush(stderr);
    };
    SelfTest test;
    {
      const StopOnSignal stop;
      test = run_self_test(board, minutes * 60.0, progress);
    }
    if (terminal) fmt::print(stderr, "\r\x1b[K");
    const std::vector<SelfTestRow> rows = judge(test, *facts);
    const bool passed = std::none_of(rows.begin(), rows.end(),
                                     [](const SelfTestRow& row) { return row.verdict == Verdict::bad; });
    if (globals.json) {
      Json list = Json::array();
      for (const SelfTestRow& row : rows)
        list.push_back({{"row", row.name},
                        {"verdict", name_of(row.verdict)},
                        {"value", row.value},
                        {"meaning", row.meaning}});
      Json json = {
          {"board", facts->name}, {"port", board.name()}, {"seconds", test.seconds}, {"passed", passed}};
      if (test.clock) {
        json["clock_ppm"] = test.clock->ppm;
        json["clock_uncertainty_ppm"] = test.clock->uncertainty;
      }
      json["rows"] = list;
      print_json(json);
    } else {
      fmt::print("{} on {}, {:.0f} s\n", facts->name, board.name(), test.seconds);
      for (const SelfTestRow& row : rows)
        fmt::print("{:<8}{:<9}{}\n{:17}{}\n", name_of(row.verdict), row.name, row.value, "", row.meaning);
    }
    return passed ? done : refused;
  };
  // Its figures are of the link itself, and of its times.
  return with_board(globals, run, Manner::alone);
}

}  // namespace

void add_selftest(CLI::App& app, Globals& globals) {
  auto* command = app.add_subcommand("selftest", "Measure what needs no instrument, and say what it means");
  auto minutes = std::make_shared<double>(10.0);
  command->add_option("--for", *minutes, "minutes that it takes; the clock is seen the better the longer")
      ->check(number(0.1, 1440.0))
      ->capture_default_str();
  command->callback([&globals, minutes] { globals.status = selftest(globals, *minutes); });
}

}  // namespace flm::ctl

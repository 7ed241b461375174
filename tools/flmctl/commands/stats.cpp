// flmctl stats: a clamp's last second as the converter saw it.
#include <fmt/format.h>

#include <cmath>

#include "tools/common/command_line.hpp"
#include "tools/flmctl/commands/commands.hpp"

namespace flm::ctl {
namespace {

int stats(const Globals& globals, int port) {
  return with_board(globals, [&](Board& board) {
    if (!board.identity().extended)
      throw BoardRefused(fmt::format("{}: a board with stock firmware keeps no statistics", board.name()));
    const ClampStatistics s = board.statistics(port);
    if (s.samples == 0)
      throw BoardRefused(fmt::format("{}: no second of clamp {} was kept; is port {} a clamp port now?",
                                     board.name(), port, port));
    const double n = s.samples, mean = s.sum / n, rms = std::sqrt(s.squares / n),
                 step = std::sqrt(s.step_squares / n);
    if (globals.json) {
      print_json({{"port", port},
                  {"samples", s.samples},
                  {"mean", mean},
                  {"rms", rms},
                  {"step_rms", step},
                  {"smallest", s.smallest},
                  {"largest", s.largest},
                  {"last", s.last},
                  {"clipped", s.clipped},
                  {"sum", s.sum},
                  {"squares", s.squares},
                  {"step_squares", s.step_squares}});
      return done;
    }
    fmt::print("clamp {}, its last second, in converter codes (0 to 1023)\n", port);
    fmt::print("  samples        {}\n", s.samples);
    fmt::print("  mean           {:.3f}\n", mean);
    fmt::print("  RMS            {:.3f}{}\n", rms,
               mean > 1.0 ? fmt::format("  (RMS/mean {:.4f})", rms / mean) : "");
    fmt::print("  RMS of steps   {:.3f}\n", step);
    fmt::print("  smallest       {}\n", s.smallest);
    fmt::print("  largest        {}\n", s.largest);
    fmt::print("  at full scale  {}{}\n", s.clipped,
               s.clipped != 0 ? "  the current is over what this clamp can show" : "");
    return done;
  });
}

}  // namespace

void add_stats(CLI::App& app, Globals& globals) {
  auto* command = app.add_subcommand("stats", "Print a clamp's last second, raw");
  auto port = std::make_shared<int>(1);
  command->add_option("CLAMP", *port, "its port, 1 to 3")->required()->check(whole_number(1, 3));
  command->callback([&globals, port] { globals.status = stats(globals, *port); });
}

}  // namespace flm::ctl

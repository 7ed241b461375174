#include "tools/flmctl/console/session.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cctype>
#include <cstdio>

#include "tools/common/stop_on_signal.hpp"
#include "tools/mainboard/bus/lock.hpp"

namespace flm::ctl {

namespace {

/// The port, locked, or the way through the flmd that has it.
struct Way {
  Port port;
  std::unique_ptr<FlmdClient> aside;  ///< flmd has stepped aside as long as this is there
  std::unique_ptr<PortLock> lock;     ///< let go before flmd comes back
};

Way way_to(const std::string& text, Manner manner) {
  Way way;
  way.port = parse_port(text);
  if (way.port.kind != Port::Kind::flmd) {
    try {
      way.lock = std::make_unique<PortLock>(way.port);
      return way;
    } catch (const PortHeld& held) {
      if (held.socket.empty()) throw;
      if (manner == Manner::shared) {
        way.port = parse_port("flmd:" + held.socket);
        return way;
      }
      way.aside = std::make_unique<FlmdClient>(held.socket);
    }
  } else {
    if (manner == Manner::shared) return way;
    way.aside = std::make_unique<FlmdClient>(way.port.path);
    way.port = parse_port(way.aside->port());
  }
  way.aside->take_board();
  way.lock = std::make_unique<PortLock>(way.port);
  return way;
}

int open_board(const Globals& globals, Manner manner, bool silent, const std::function<int(Board&)>& use) {
  if (globals.port.empty())
    throw InputError(
        "which board? allowed: --port PORT, or FLMCTL_PORT in the environment; PORT: spi:/dev/spidevB.C, a "
        "serial device, "
        "sim:SCENARIO.toml, flmd: ('flmctl ports' lists what is here)");
  const Way way = way_to(globals.port, manner);
  const Port& port = way.port;
  const auto bus = open_bus(port);
  Board board(*bus, port.text);
  const Identity& identity = silent ? board.identity() : board.identify();
  if (identity.newer())
    fmt::print(stderr,
               "flmctl: warning: the board's firmware {} is newer than this flmctl {}: what it does not know "
               "stays as it is\n",
               identity.version(), FLM_VERSION);
  if (port.board != nullptr && identity.facts != nullptr && identity.facts != port.board)
    throw BoardRefused(fmt::format("{}: the board is {}, not {} as the port says", port.text,
                                   identity.board(), port.board->name));
  if (!port.meter.empty() && identity.facts != nullptr &&
      identity.facts->meter_line == boards::MeterLine::board)
    throw InputError(
        fmt::format("{}: meter={} is for a board whose smart meter's line ends here; {} has that line "
                    "itself: leave it out",
                    port.text, port.meter, identity.board()));
  const int status = use(board);
  bus->close();
  return status;
}

}  // namespace

int with_board(const Globals& globals, const std::function<int(Board&)>& use, Manner manner) {
  return open_board(globals, manner, false, use);
}
int with_silent_board(const Globals& globals, const std::function<int(Board&)>& use) {
  return open_board(globals, Manner::alone, true, use);
}

void confirm(const Globals& globals, const std::string& question, const std::string& otherwise) {
  if (globals.yes) return;
  fmt::print(stderr, "{} [y/N] ", question);
  std::fflush(stderr);
  const StopOnSignal stop;
  std::string answer;
  char c = 0;
  bool ended = false;
  while (!ended && !stopped()) {
    const ssize_t count = read(STDIN_FILENO, &c, 1);
    ended = count <= 0 || c == '\n';
    if (!ended) answer += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  if (!stopped() && (answer == "y" || answer == "yes")) return;
  if (answer.empty()) fmt::print(stderr, "\n");
  throw Cancelled(fmt::format("cancelled; {}", otherwise));
}

void print_json(const Json& json) {
  fmt::print("{}\n", json.dump(-1, ' ', false, Json::error_handler_t::replace));
}

std::string time_text(std::uint32_t seconds) {
  const std::uint32_t days = seconds / 86400;
  return fmt::format("{}{:02}:{:02}:{:02}", days != 0 ? fmt::format("{} d ", days) : "", seconds / 3600 % 24,
                     seconds / 60 % 60, seconds % 60);
}

}  // namespace flm::ctl

// flmctl console: commands of the link by hand, one board held open.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "tools/common/files.hpp"
#include "tools/common/stop_on_signal.hpp"
#include "tools/flmctl/commands/commands.hpp"
#include "tools/flmctl/console/line_editor.hpp"
#include "tools/mainboard/bus/clock.hpp"
#include "tools/mainboard/link/meanings.hpp"
#include "tools/mainboard/readings/record_json.hpp"

namespace flm::ctl {
namespace {

constexpr double kLongestWait = 86400.0;  ///< s

struct Word {
  const char *name, *arguments, *meaning;
};
constexpr Word kWords[] = {{"help", "", "what there is"},
                           {"read", "", "every sensor that changed, in words (gd)"},
                           {"u", "HEX", "bytes down the u channel: a radio packet, or RS-485"},
                           {"wait", "SECONDS", "lets time pass"},
                           {"quit", "", "ends; so does ctrl-D"}};

class Console {
 public:
  Console(Board& board, const Globals& globals) : board_(board), globals_(globals) {}

  int run() {
    LineEditor editor(fmt::format("{}> ", board_.identity().board()), history_file(),
                      [](const std::string& line) { return complete(line); });
    board_.link().on_channel = [](Time, const std::vector<std::uint8_t>& bytes) {
      fmt::print("u {:02x}\n", fmt::join(bytes, ""));
    };
    if (editor.interactive())
      fmt::print("{} on {}; 'help' says what there is, tab completes, ctrl-D ends\n",
                 board_.identity().board(), board_.name());
    std::optional<StopOnSignal> stop;  // A script ends after the line that ctrl-C meets.
    if (!editor.interactive()) stop.emplace();
    interactive_ = editor.interactive();
    Time left = steady_now();
    int number = 0;
    while (!over_) {
      const auto line = editor.next();
      if (stop && stopped())
        throw Cancelled(
            fmt::format("stopped after line {} of the script; what comes after it was not sent", number));
      if (!line) break;
      ++number;
      // A simulated board lives on while the prompt waits.
      if (editor.interactive() && !board_.bus().live()) board_.bus().wait(steady_now() - left);
      try {
        execute(*line);
      } catch (const InputError& error) {
        failed(wrong, error.what());
      } catch (const BoardRefused& error) {
        failed(refused, error.what());
      } catch (const NoAnswer& error) {
        if (!editor.interactive()) throw;
        failed(no_answer, error.what());
      }
      flush_output();
      left = steady_now();
    }
    return editor.interactive() ? done : status_;
  }

 private:
  void failed(int status, const std::string& what) {
    status_ = status;
    flush_output();
    fmt::print(stderr, "flmctl: {}\n", what);
  }

  void execute(std::string typed) {
    std::replace(typed.begin(), typed.end(), '\t', ' ');
    const auto first = typed.find_first_not_of(' '), last = typed.find_last_not_of(' ');
    if (first == typed.npos || typed[first] == '#') return;
    const std::string line = typed.substr(first, last - first + 1);
    const std::string word = line.substr(0, line.find(' '));
    if (word == "help") return help();
    if (word == "quit" || word == "exit") {
      over_ = true;
    } else if (word == "read") {
      read();
    } else if (word == "wait") {
      wait(line);
    } else if (word == "u") {
      board_.send_channel(line.substr(
          line.find_first_not_of(' ', 1) == line.npos ? line.size() : line.find_first_not_of(' ', 1)));
      (void)board_.link().read();
    } else {
      const std::string reply = board_.request(line);
      if (globals_.json)
        print_json({{"host", line}, {"reply", reply}});
      else
        fmt::print("{}\n", reply);
    }
  }

  static void help() {
    for (const Word& word : kWords)
      fmt::print("  {:<5} {:<16} {}\n", word.name, word.arguments, word.meaning);
    fmt::print(
        "Commands of the link, numbers in decimal, sensors, clamps and ports from 0 (protocol/README.md):\n");
    for (const CommandHelp& command : link_commands())
      fmt::print("  {:<5} {:<16} {}\n", command.letters, command.arguments, command.meaning);
  }

  void read() {
    const Layout layout = board_.layout();
    for (const Reading& r : board_.poll(layout)) {
      const SensorKind kind = r.kind;
      const std::string extra = kind == SensorKind::pulse
                                    ? fmt::format("last pulse at {:.3f} s", r.extra / 1000.0)
                                    : fmt::format("{} W", r.power());
      if (globals_.json)
        print_json({{"sensor", r.sensor},
                    {"counter", Json::parse(counter_text(r))},
                    {kind == SensorKind::pulse ? "stamp_ms" : "power",
                     kind == SensorKind::pulse ? std::int64_t{r.extra} : r.power()}});
      else
        fmt::print("sensor {}  {:>12}  {}\n", r.sensor, counter_text(r), extra);
    }
  }

  void wait(const std::string& line) {
    double seconds = -1.0;
    const std::string_view number = std::string_view(line).substr(std::min(line.size(), std::size_t{5}));
    const auto result = std::from_chars(number.data(), number.data() + number.size(), seconds);
    if (result.ec != std::errc{} || result.ptr != number.data() + number.size() ||
        !(seconds >= 0.0 && seconds <= kLongestWait))
      throw InputError(fmt::format("'{}': wait takes seconds; allowed: 0 to {:.0f}", line, kLongestWait));
    std::optional<StopOnSignal> stop;
    if (interactive_) stop.emplace();
    (void)wait_unless_stopped(board_.bus(), time_of(seconds));
  }

  static std::vector<std::string> complete(const std::string& line) {
    std::vector<std::string> names;
    if (line.find(' ') != line.npos) return names;
    for (const Word& word : kWords) names.emplace_back(word.name);
    for (const CommandHelp& command : link_commands()) names.push_back(command.letters);
    std::erase_if(names, [&](const std::string& name) { return !name.starts_with(line); });
    std::sort(names.begin(), names.end());
    return names;
  }

  Board& board_;
  const Globals& globals_;
  bool interactive_ = false, over_ = false;
  int status_ = done;
};

}  // namespace

void add_console(CLI::App& app, Globals& globals) {
  app.add_subcommand("console",
                     "Talk to the board by hand, with history and completion; or from a script on stdin")
      ->callback([&globals] {
        globals.status = with_board(globals, [&](Board& board) { return Console(board, globals).run(); });
      });
}

}  // namespace flm::ctl

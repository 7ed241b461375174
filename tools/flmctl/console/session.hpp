// Shared by all commands: global options, a board that is open and known, questions, and output.
#pragma once
#include <nlohmann/json.hpp>

#include <functional>
#include <string>

#include "tools/mainboard/board/board.hpp"

namespace flm::ctl {

using namespace mainboard;

using Json = nlohmann::ordered_json;

/// Options of every command, and how the command ended.
struct Globals {
  std::string port;   ///< --port, or FLMCTL_PORT
  bool json = false;  ///< --json
  bool yes = false;   ///< --yes: every question is answered with yes
  int status = 0;
};

/// With flmd, when that has the board: asked through it, or alone, while it steps aside.
enum class Manner { shared, alone };

/// Opens the port, or the way through the flmd that has it, finds out which board is there, hands it to `use`
/// and closes the port; the exit status. Warns on stderr of a firmware that is newer than this program.
/// Throws what `use` and the port throw.
int with_board(const Globals&, const std::function<int(Board&)>& use, Manner = Manner::shared);

/// Like with_board(), alone, but does not identify the board first, which a half-flashed one could not
/// answer.
int with_silent_board(const Globals&, const std::function<int(Board&)>& use);

/// Asks on stderr, reads an answer from stdin. Throws Cancelled, saying `otherwise`, unless it is yes; so
/// does ctrl-C.
void confirm(const Globals&, const std::string& question,
             const std::string& otherwise = "nothing was changed");

/// One line of JSON on stdout.
void print_json(const Json&);

/// "03:25:45", "12 d 03:25:45".
std::string time_text(std::uint32_t seconds);

}  // namespace flm::ctl

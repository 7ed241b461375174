// flmctl flash: new firmware by avrdude, with the board's settings and counters kept.
#include <fmt/format.h>

#include <cstdio>

#include "tools/common/command_line.hpp"
#include "tools/common/files.hpp"
#include "tools/common/places.hpp"
#include "tools/flash/flasher.hpp"
#include "tools/flmctl/commands/commands.hpp"

namespace flm::ctl {
namespace {

struct Arguments {
  std::string board, files, saved;
  bool no_save = false, dry_run = false;
};

void print_commands(const Globals& globals, const std::vector<flash::Command>& commands, Json& list) {
  for (const flash::Command& command : commands) {
    list.push_back(flash::as_typed(command));
    if (!globals.json) fmt::print("{}\n", flash::as_typed(command));
  }
}

/// Prints the commands for a board whose firmware is known. Lines that begin with # say what flmctl does
/// itself.
int show(const Globals& globals, const flash::FlashFiles& files, const flash::FlashOptions& options,
         bool openflm) {
  Json list = Json::array();
  const bool asks = options.saved.empty() && options.save;
  if (!globals.json && asks)
    fmt::print("# the board has {}; its settings and counters are saved in {}\n",
               openflm ? "OpenFLM" : "stock firmware", options.folder.string());
  print_commands(globals, flash::commands(files, options, openflm), list);
  if (!globals.json) {
    if (options.saved.empty() && !options.save)
      fmt::print("# nothing is saved: the board starts with nothing enabled\n");
    else
      fmt::print("# then settings and counters are compared with what was saved; what differs is sent\n");
  }
  if (globals.json) print_json({{"commands", list}});
  return done;
}

/// Prints the commands when there is no board to ask: for OpenFLM's firmware and for the stock one.
int show_both(const Globals& globals, const flash::FlashFiles& files, const flash::FlashOptions& options) {
  const auto openflm = flash::commands(files, options, true), stock = flash::commands(files, options, false);
  Json list = Json::array(), from_stock = Json::array();
  if (!globals.json)
    fmt::print("# no --port: which firmware the board has is not known. Where it is OpenFLM:\n");
  print_commands(globals, openflm, list);
  if (!globals.json) fmt::print("# where it is the stock firmware, whose settings are sent afterwards:\n");
  print_commands(globals, stock, from_stock);
  if (globals.json) print_json({{"commands", list}, {"commands_from_stock", from_stock}});
  return done;
}

int flash(const Globals& globals, const Arguments& arguments) {
  const flash::FlashFiles files = flash::find_files(arguments.board, arguments.files);
  flash::FlashOptions options;
  options.folder = state_folder();
  options.saved = arguments.saved;
  options.save = !arguments.no_save;
  options.say = [&globals](const std::string& line) {
    if (!globals.json) fmt::print("{}\n", line);
    flush_output();
  };
  const bool asks = options.saved.empty() && options.save;  ///< the board says first what it is and holds
  const auto check_board = [&](Board& board) {
    const std::string here = board.identity().board();
    if (here != arguments.board && here != "unknown" && asks)
      throw BoardRefused(fmt::format("{}: this is a {}, and it would be flashed with the firmware of a {}",
                                     board.name(), here, arguments.board));
  };
  if (arguments.dry_run) {
    if (!asks) return show(globals, files, options, true);
    if (globals.port.empty()) return show_both(globals, files, options);
    return with_board(globals, [&](Board& board) {
      check_board(board);
      return show(globals, files, options, board.identity().extended);
    });
  }
  const auto check_port = [](const std::string& port) {
    if (!port.empty() && parse_port(port).kind == Port::Kind::sim)
      throw InputError(
          fmt::format("{}: is simulated, and flash writes the controller that is wired to this machine; "
                      "allowed: a board's port, or --dry-run",
                      port));
  };
  check_port(globals.port);
  const auto run = [&](Board& board) {
    check_port(board.name());  // of an flmd
    check_board(board);
    confirm(globals,
            fmt::format("Write {} to the board on this main board's GPIO lines?", files.program.string()));
    try {
      flash::flash_board(board, files, options);
    } catch (const flash::FlashError& error) {
      throw BoardRefused(error.what());
    }
    if (globals.json) print_json({{"flashed", arguments.board}, {"program", files.program.string()}});
    return done;
  };
  // A board whose last flash was interrupted says nothing until it is flashed.
  if (asks) return with_board(globals, run, Manner::alone);
  return with_silent_board(globals, run);
}

}  // namespace

void add_flash(CLI::App& app, Globals& globals) {
  auto* command = app.add_subcommand(
      "flash", "Write the firmware by avrdude; settings and counters are saved, and put back");
  auto arguments = std::make_shared<Arguments>();
  command->add_option("BOARD", arguments->board, fmt::format("{}", fmt::join(flash::known_boards(), " or ")))
      ->required()
      ->check(one_of(flash::known_boards()));
  command->add_option("--files", arguments->files,
                      "a folder with BOARD.hex, BOARD.eep and avrdude.conf, instead of those installed");
  auto* saved = command->add_option("--saved", arguments->saved,
                                    "repeat what was interrupted, with the settings that were saved then");
  command->add_flag("--no-save", arguments->no_save, "save nothing: the board starts with nothing enabled")
      ->excludes(saved);
  command->add_flag("--dry-run", arguments->dry_run,
                    "print the command lines, and do nothing; with --port, as they are for that board");
  command->callback([&globals, arguments] { globals.status = flash(globals, *arguments); });
}

}  // namespace flm::ctl

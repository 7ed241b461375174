// flmctl flash: new firmware by avrdude, with the board's settings and counters kept.
#include <fmt/format.h>

#include <cstdio>

#include "tools/common/places.hpp"
#include "tools/flash/flasher.hpp"
#include "tools/flmctl/board_link.hpp"
#include "tools/flmctl/commands/commands.hpp"

namespace flm::ctl {
namespace {

struct Arguments {
  std::string board, files, saved;
  bool no_save = false, dry_run = false;
};

int flash(const Globals& globals, const Arguments& arguments) {
  const flash::FlashFiles files = flash::find_files(arguments.board, arguments.files);
  flash::FlashOptions options;
  options.folder = state_folder();
  options.saved = arguments.saved;
  options.save = !arguments.no_save;
  options.say = [&globals](const std::string& line) {
    if (!globals.json) fmt::print("{}\n", line);
    std::fflush(stdout);
  };
  if (arguments.dry_run) {
    Json list = Json::array();
    for (const flash::Command& command : flash::commands(files, options)) {
      list.push_back(flash::as_typed(command));
      if (!globals.json) fmt::print("{}\n", flash::as_typed(command));
    }
    if (globals.json) print_json({{"commands", list}});
    return done;
  }
  const auto run = [&](Board& board) {
    const std::string here = board.identity().board();
    if (here != arguments.board && here != "unknown" && options.saved.empty() && options.save)
      throw BoardRefused(fmt::format("{}: this is a {}, and it would be flashed with the firmware of a {}", board.name(), here,
                                     arguments.board));
    confirm(globals, fmt::format("Write {} to the board on this main board's GPIO lines?", files.program.string()));
    LinkOfBoard link(board);
    options.greet = [&board] { static_cast<void>(board.identify()); };
    try {
      flash::flash_board(link, files, options);
    } catch (const flash::FlashError& error) {
      throw BoardRefused(error.what());
    } catch (const Refused& error) {
      throw BoardRefused(error.what());
    }
    if (globals.json) print_json({{"flashed", arguments.board}, {"program", files.program.string()}});
    return done;
  };
  // A board whose last flash was interrupted says nothing until it is flashed.
  if (options.saved.empty() && options.save) return with_board(globals, run);
  return with_silent_board(globals, run);
}

}  // namespace

void add_flash(CLI::App& app, Globals& globals) {
  auto* command = app.add_subcommand("flash", "Write the firmware by avrdude; settings and counters are saved, and put back");
  auto arguments = std::make_shared<Arguments>();
  command->add_option("BOARD", arguments->board, "flm02a or flm02b")->required()->check(CLI::IsMember(flash::known_boards()));
  command->add_option("--files", arguments->files,
                      "a folder with BOARD.hex, BOARD.eep and avrdude.conf, instead of those installed");
  command->add_option("--saved", arguments->saved, "repeat what was interrupted, with the settings that were saved then");
  command->add_flag("--no-save", arguments->no_save, "save nothing: the board starts with nothing enabled");
  command->add_flag("--dry-run", arguments->dry_run, "print the command lines, and do nothing");
  command->callback([&globals, arguments] { globals.status = flash(globals, *arguments); });
}

}  // namespace flm::ctl

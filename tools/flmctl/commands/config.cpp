// flmctl config: a board's configuration as a file.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "tools/common/atomic_file.hpp"
#include "tools/common/files.hpp"
#include "tools/common/stop_on_signal.hpp"
#include "tools/flmctl/commands/commands.hpp"
#include "tools/mainboard/config/plan.hpp"
#include "tools/mainboard/link/link_text.hpp"

namespace flm::ctl {
namespace {

Json to_json(const std::vector<Difference>& differences) {
  Json list = Json::array();
  for (const Difference& d : differences)
    list.push_back({{"setting", describe(d.setting)},
                    {"command", text_of(d.setting.set_to(d.after))},
                    {"board", d.before.empty() ? Json(nullptr) : Json(describe(d.setting, d.before))},
                    {"file", describe(d.setting, d.after)}});
  return list;
}

void print(const std::vector<Difference>& differences, std::string_view arrow) {
  for (const Difference& d : differences)
    fmt::print("{:<24}  {} {} {}\n", describe(d.setting), describe(d.setting, d.before), arrow,
               describe(d.setting, d.after));
}

void warn(const std::vector<std::string>& notes) {
  for (const std::string& note : notes) fmt::print(stderr, "flmctl: note: {}\n", note);
}

/// Reads a file, and says on stderr what should be looked at.
Config read_and_question(const std::string& file) {
  Config config = read_config(file);
  for (const std::string& question : config.questions)
    fmt::print(stderr, "flmctl: warning: {}\n", visible(question));
  return config;
}

int check(const Globals& globals, const std::string& file) {
  const Config config = read_and_question(file);
  if (globals.json)
    print_json({{"file", file},
                {"board", config.board->name},
                {"sensors", config.sensors.size()},
                {"ports", config.ports.size()},
                {"questions", config.questions},
                {"ok", true}});
  else
    fmt::print("{}: fine for a {}: {} sensors, {} ports\n", file, config.board->name, config.sensors.size(),
               config.ports.size());
  return done;
}

int diff(const Globals& globals, const std::string& file) {
  const Config config = read_and_question(file);
  return with_board(globals, [&](Board& board) {
    std::vector<std::string> notes;
    const Settings current = read_current(board, config);
    const auto changes = differences(current, target_settings(config, current, board, notes));
    if (globals.json) {
      print_json({{"file", file}, {"differences", to_json(changes)}, {"notes", notes}});
    } else {
      warn(notes);
      print(changes, "on the board,");
      // A board does not report which settings are not saved yet; a push saves them.
      if (changes.empty())
        fmt::print(
            "{}: the board is as the file says; whether it is saved, 'flmctl config push' makes sure\n",
            file);
    }
    return changes.empty() ? done : refused;
  });
}

/// Saves what may have been set and not saved, by a push that did not come to its end. True: it was saved,
/// the board has written nothing.
bool save(Board& board) {
  const auto written = [&]() -> std::optional<int> {
    const auto health = board.health();
    return health && health->now ? std::optional<int>(health->now->eeprom_writes) : std::nullopt;
  };
  const auto before = written();
  board.commit();
  return before && written() == before;
}

int push_file(const Globals& globals, const std::string& file) {
  const Config config = read_and_question(file);
  return with_board(globals, [&](Board& board) {
    std::vector<std::string> notes;
    const Time start = board.now();
    const Settings current = read_current(board, config);
    const Settings target = target_settings(config, current, board, notes);
    const auto changes = differences(current, target);
    if (!globals.json) warn(notes);
    const bool was_saved = changes.empty() && save(board);
    if (!changes.empty()) {
      const StopOnSignal stop;
      push(board, current, target);
    }
    const double seconds = std::round(in_seconds(board.now() - start) * 1000.0) / 1000.0;
    if (globals.json) {
      print_json({{"file", file}, {"changed", to_json(changes)}, {"notes", notes}, {"seconds", seconds}});
    } else if (changes.empty()) {
      fmt::print("{}: the board is as the file says, {}\n", file,
                 was_saved ? "nothing was written" : "and has saved what was not");
    } else {
      print(changes, "->");
      fmt::print("{}: {} settings set, read back and saved in {:.1f} s\n", file, changes.size(), seconds);
    }
    if (!changes.empty() && board.name().starts_with("flmd:"))
      fmt::print(stderr,
                 "flmctl: note: flmd has the board, and sets it to its own file when it starts again: "
                 "change that one too\n");
    return done;
  });
}

/// A configuration, whole or with mistakes: it has one of its lines, and none of a scenario's.
const FileKind configuration = {
    "a configuration (.toml)", [](std::string_view bytes) {
      bool found = false;
      for (std::size_t from = 0; from < bytes.size();) {
        const std::size_t end = std::min(bytes.find('\n', from), bytes.size());
        std::string_view line = bytes.substr(from, end - from);
        from = end + 1;
        line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
        if (line.starts_with("duration") || line.starts_with("[[waveform]]") ||
            line.starts_with("[[pulses]]") || line.starts_with("[[expect]]"))
          return false;
        for (const std::string_view start : {"board", "[[sensor]]", "[[port]]", "[radio]", "phases"})
          found = found || line.starts_with(start);
      }
      return found;
    }};

bool is_empty(const std::string& file) {
  std::error_code error;
  return std::filesystem::file_size(file, error) == 0 && !error;
}

int pull(const Globals& globals, const std::string& file) {
  std::optional<Config> known;
  std::string broken;  ///< why what is there cannot be read
  const bool replaces = file != "-" && std::filesystem::exists(file);
  if (file.empty()) throw InputError("FILE is empty; allowed: the name of a file, or - for standard output");
  if (file != "-") {
    FileUse files;
    if (!globals.port.empty())
      if (const Port port = parse_port(globals.port); port.kind == Port::Kind::sim) {
        files.reads(port.path, "the scenario");
        files.reads(port.image, "the image");
        files.reads(port.eeprom, "the EEPROM");
      }
    files.writes(file, "config pull", configuration);
  }
  if (replaces) {
    try {
      known = read_config(file);
    } catch (const InputError& error) {
      if (!is_empty(file)) broken = error.what();
    }
  }
  return with_board(globals, [&](Board& board) {
    const BoardFacts* facts = board.identity().facts;
    if (facts == nullptr)
      throw BoardRefused(fmt::format("{}: says that it is hardware {}.{}, which this flmctl does not know",
                                     board.name(), board.identity().hardware_major,
                                     board.identity().hardware_minor));
    if (known && known->board != facts)
      throw BoardRefused(fmt::format("{}: is for {}, and the board on {} is {}; nothing was written", file,
                                     known->board->name, board.name(), facts->name));
    std::vector<std::string> notes;
    const Settings settings = read_settings(board, all_settings(*facts));
    Config config = config_of(settings, *facts, known ? &*known : nullptr, notes);
    warn(notes);
    const std::string text = config_text(config);
    if (file == "-") {
      fmt::print("{}", text);
      return done;
    }
    if (!broken.empty()) {
      confirm(globals, fmt::format("{}. Replace the file? Nothing of it is kept.", broken));
      if (globals.yes) fmt::print(stderr, "flmctl: note: {}: the file is replaced\n", broken);
    } else if (known) {
      confirm(
          globals,
          fmt::format("{} is there; replace it? Names, types and clamps are kept, comments are not.", file));
    }
    AtomicFile out(file);
    out.write(text);
    out.commit();
    if (globals.json)
      print_json({{"file", file}, {"board", facts->name}, {"settings", settings.size()}, {"notes", notes}});
    else
      fmt::print("{}: {} settings of the board\n", file, settings.size());
    return done;
  });
}

}  // namespace

void add_config(CLI::App& app, Globals& globals) {
  auto* command = app.add_subcommand("config", "A board's configuration as a file");
  command->require_subcommand(1);
  auto file = std::make_shared<std::string>();
  const auto add = [&](const char* name, const char* what, int (*run)(const Globals&, const std::string&)) {
    auto* part = command->add_subcommand(name, what);
    part->add_option("FILE", *file, "configuration (.toml)")->required();
    part->callback([&globals, file, run] { globals.status = run(globals, *file); });
  };
  add("pull", "Write what the board is set to into a file; - is standard output", pull);
  add("push", "Set the board to what a file says; what it does not name stays", push_file);
  add("diff", "Say where the board is not as a file says; exit status 1 where it is not", diff);
  add("check", "Check a file, without a board", check);
}

}  // namespace flm::ctl

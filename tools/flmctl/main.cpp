// flmctl: configure, calibrate, watch and flash a sensor board from the console.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "tools/common/nearest.hpp"
#include "tools/flmctl/commands/commands.hpp"

namespace {

using namespace flm;
using namespace flm::ctl;

/// Names that may stand on the command line: options, and commands at every level.
void collect(const CLI::App& app, std::vector<std::string>& names) {
  for (const CLI::Option* option : app.get_options())
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    names.push_back(command->get_name());
    collect(*command, names);
  }
}

/// "did you mean" for the first word that is nearly a name.
std::string suggestion(const CLI::App& app, int argc, char** argv) {
  std::vector<std::string> names;
  collect(app, names);
  const std::vector<std::string_view> views(names.begin(), names.end());
  for (int i = 1; i < argc; ++i) {
    const std::string word = std::string(argv[i]).substr(0, std::string_view(argv[i]).find('='));
    if (std::find(names.begin(), names.end(), word) != names.end() || word.size() < 3) continue;
    if (const auto meant = nearest(word, views)) return fmt::format("'{}' is not known; did you mean '{}'?", word, *meant);
  }
  return {};
}

int complain(int status, const std::string& what) {
  std::fflush(stdout);
  fmt::print(stderr, "flmctl: {}\n", what);
  return status;
}

int run(int argc, char** argv) {
  CLI::App app{"Configure, calibrate, watch and flash a Fluksometer sensor board from the console.", "flmctl"};
  Globals globals;
  app.set_version_flag("--version", "flmctl " FLM_VERSION);
  app.require_subcommand(1);
  app.fallthrough();
  app.add_option("--port", globals.port, "the board: spi:/dev/spidevB.C, a serial device, or sim:SCENARIO.toml")->envname("FLMCTL_PORT");
  app.add_flag("--json", globals.json, "machine-readable output");
  app.add_flag("--yes,-y", globals.yes, "answer every question with yes");
  app.footer("Exit status: 0 done; 1 the board said no, or a check failed; 2 wrong usage, file or port; 3 no answer from the board.");
  add_version(app, globals);
  add_watch(app, globals);
  add_config(app, globals);
  add_counter(app, globals);
  add_stats(app, globals);
  add_led(app, globals);
  add_log(app, globals);
  add_selftest(app, globals);
  add_raw(app, globals);
  add_console(app, globals);
  add_calibrate(app, globals);
  add_flash(app, globals);
  add_ports(app, globals);
  try {
    app.parse(argc, argv);
    if (std::fflush(stdout) != 0) throw InputError(fmt::format("standard output: {}", std::strerror(errno)));
    return globals.status;
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);
    const std::string meant = suggestion(app, argc, argv);
    return complain(wrong, fmt::format("{}{}", meant.empty() ? error.what() : meant, meant.empty() ? "; 'flmctl --help' says more" : ""));
  } catch (const InputError& error) {
    return complain(wrong, error.what());
  } catch (const NoAnswer& error) {
    return complain(no_answer, error.what());
  } catch (const BoardRefused& error) {
    return complain(refused, error.what());
  } catch (const Cancelled& error) {
    return complain(refused, error.what());
  } catch (const std::exception& error) {
    return complain(wrong, error.what());
  }
}

}  // namespace

int main(int argc, char** argv) { return run(argc, argv); }

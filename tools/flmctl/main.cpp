// flmctl: configure, calibrate, watch and flash a sensor board from the console.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <iostream>

#include "tools/common/command_line.hpp"
#include "tools/common/files.hpp"
#include "tools/flmctl/commands/commands.hpp"

namespace {

using namespace flm;
using namespace flm::ctl;

int complain(int status, const std::string& what) {
  std::fflush(stdout);
  fmt::print(stderr, "flmctl: {}\n", what);
  return status;
}

int run(int argc, char** argv) {
  CLI::App app{"Configure, calibrate, watch and flash a Fluksometer sensor board from the console.",
               "flmctl"};
  Globals globals;
  app.set_version_flag("--version", "flmctl " FLM_VERSION);
  app.require_subcommand(1);
  app.fallthrough();
  app.add_option("--port", globals.port,
                 "the board: spi:/dev/spidevB.C, a serial device, or sim:SCENARIO.toml")
      ->envname("FLMCTL_PORT");
  app.add_flag("--json", globals.json, "machine-readable output");
  app.add_flag("--yes,-y", globals.yes, "answer every question with yes");
  app.footer(
      "Exit status: 0 done; 1 the board said no, or a check failed; 2 wrong usage, file or port; 3 no answer "
      "from the board.");
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
    flush_output();
    return globals.status;
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() != 0) return complain(wrong, usage_complaint(app, error, argc, argv));
    const int status = app.exit(error);  // --help, --version
    return std::cout.flush() ? status : complain(wrong, "standard output: cannot be written");
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

int main(int argc, char** argv) {
  flm::hold_standard_files();
  return run(argc, argv);
}

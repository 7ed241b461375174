// Every command: each adds itself to the command line, in a file of its own name.
#pragma once
#include <CLI/CLI.hpp>

#include "tools/flmctl/console/session.hpp"

namespace flm::ctl {

void add_version(CLI::App&, Globals&);
void add_ports(CLI::App&, Globals&);
void add_raw(CLI::App&, Globals&);
void add_counter(CLI::App&, Globals&);
void add_stats(CLI::App&, Globals&);
void add_selftest(CLI::App&, Globals&);
void add_led(CLI::App&, Globals&);
void add_log(CLI::App&, Globals&);
void add_watch(CLI::App&, Globals&);
void add_calibrate(CLI::App&, Globals&);
void add_flash(CLI::App&, Globals&);
void add_config(CLI::App&, Globals&);
void add_console(CLI::App&, Globals&);

}  // namespace flm::ctl

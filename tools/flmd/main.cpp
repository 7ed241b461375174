// flmd: the main board's daemon.
#include <fmt/format.h>
#include <termios.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <exception>
#include <filesystem>
#include <iostream>
#include <string>

#include "tools/common/command_line.hpp"
#include "tools/common/files.hpp"
#include "tools/common/input_error.hpp"
#include "tools/flmd/daemon.hpp"
#include "tools/flmd/kubes/kubes.hpp"
#include "tools/flmd/kubes/pair_command.hpp"
#include "tools/flmd/owner/owner.hpp"
#include "tools/flmd/site/site.hpp"
#include "tools/flmd/stock/stock.hpp"

namespace flm::flmd {
namespace {

namespace fs = std::filesystem;

constexpr int kWrong = 2;  ///< exit status: command line, file, or an address that is taken

int complain(const std::string& what) {
  fmt::print(stderr, "flmd: {}\n", what);
  return kWrong;
}

int check(const std::string& file) {
  const Site site = read_site(file);
  KubeTypes types;
  read_kube_types(types, site.kubes.types);
  for (const std::string& question : site.board.questions)
    fmt::print(stderr, "flmd: warning: {}\n", question);
  fmt::print("{}: right: {} on {}, {} sensors, {}{}, {} reports\n", file, site.board.board->name,
             site.port.text, site.board.sensors.size(),
             site.listen.empty() ? "no HTTP" : "HTTP on " + site.listen.front(),
             site.mqtt ? fmt::format(", broker {}:{}", site.mqtt->host, site.mqtt->port) : ", no MQTT",
             site.reports.size());
  return 0;
}

/// A line of standard input without its end; from a terminal without echo, after a prompt. Throws InputError.
std::string ask_password(const char* prompt) {
  termios before{};
  const bool terminal = isatty(STDIN_FILENO) != 0 && tcgetattr(STDIN_FILENO, &before) == 0;
  if (terminal) {
    fmt::print(stderr, "{}: ", prompt);
    termios silent = before;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO | ISIG);  // ctrl-C would leave it silent
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
  }
  std::string line;
  const bool read = static_cast<bool>(std::getline(std::cin, line));
  if (terminal) {
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
    fmt::print(stderr, "\n");
  }
  if (!read) throw InputError("no password was given; allowed: a line of standard input");
  return line;
}

int set_password(const std::string& file) {
  const fs::path state = read_site(file).state_dir;
  const std::string password = ask_password("New password of the owner, 8 characters or more");
  if (isatty(STDIN_FILENO) != 0 && ask_password("Once more") != password)
    throw InputError("the two passwords are not the same; nothing was changed");
  std::error_code error;
  fs::create_directories(state, error);
  if (error) throw InputError(fmt::format("{}: {}", state.string(), error.message()));
  write_password(password_file(state), password);
  fmt::print("{}: the password is set\n", password_file(state).string());
  return 0;
}

void show(const std::vector<std::string>& lines) {
  for (const std::string& line : lines) fmt::print("{}\n", visible(line));
}

int run(int argc, char** argv) {
  CLI::App app{"Reads a sensor board; gives its readings to MQTT, HTTP and servers, and keeps their history.",
               "flmd"};
  app.set_version_flag("--version", "flmd " FLM_VERSION);
  app.require_subcommand(1);
  app.footer("Exit status: 0 done; 1 a check failed; 2 wrong usage or file, or an address that is taken.");
  std::string file;
  int status = 0;
  constexpr const char* what = "configuration (.toml); flmd(8) has every key";
  auto* run = app.add_subcommand("run", "Run in the foreground until SIGTERM or ctrl-C");
  run->add_option("CONFIG", file, what)->required();
  run->callback([&] { status = run_daemon(file); });
  auto* look = app.add_subcommand("check", "Say what is wrong with a configuration");
  look->add_option("CONFIG", file, what)->required();
  look->callback([&] { status = check(file); });
  auto* password = app.add_subcommand("password", "Set the password of whoever may change something");
  password->add_option("CONFIG", file, what)->required();
  password->callback([&] { status = set_password(file); });
  auto* pair = app.add_subcommand("pair", "Let the flmd that runs listen for a new kube");
  pair->add_option("CONFIG", file, what)->required();
  pair->callback([&] { status = pair_kube(read_site(file).state_dir); });
  stock::Import coming;
  auto* take = app.add_subcommand("import", "Take over a stock main board's configuration and history");
  take->add_option("FILE", coming.files, "its /etc/config/flukso, system and, where there is one, kube")
      ->required();
  take->add_option("--config", coming.configuration, "configuration to write (.toml)")->required();
  take->add_option("--state", coming.state_dir, "state folder to make")->default_val("/var/lib/flmd");
  take->add_option("--history", coming.history, "its history, /usr/share/tmpo");
  take->callback([&] { show(stock::import_stock(coming)); });
  fs::path folder;
  auto* give = app.add_subcommand("export", "Write what a stock main board reads");
  give->add_option("CONFIG", file, what)->required();
  give->add_option("DIR", folder, "folder of the files flukso, system and kube to write")->required();
  give->callback([&] { show(stock::export_stock(file, folder)); });
  try {
    app.parse(argc, argv);
    flush_output();
    return status;
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() != 0) return complain(usage_complaint(app, error, argc, argv));
    const int shown = app.exit(error);  // --help, --version
    return std::cout.flush() ? shown : complain("standard output: cannot be written");
  } catch (const std::exception& error) {
    return complain(error.what());
  }
}

}  // namespace
}  // namespace flm::flmd

int main(int argc, char** argv) {
  flm::hold_standard_files();
  return flm::flmd::run(argc, argv);
}

// flmctl ports: devices on this machine that a board may be connected to. Lists names, opens nothing.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "tools/flmctl/commands/commands.hpp"

namespace flm::ctl {
namespace {

namespace fs = std::filesystem;

struct Candidate {
  std::string port, what;
  bool usable = false;
};

std::vector<Candidate> candidates() {
  std::vector<Candidate> list;
  std::error_code error;
  const auto add = [&](const fs::path& device, const std::string& prefix, const std::string& what) {
    list.push_back({prefix + device.string(), what, access(device.c_str(), R_OK | W_OK) == 0});
  };
  for (const auto& entry : fs::directory_iterator("/dev/serial/by-id", error))
    add(entry.path(), "", fmt::format("USB serial, {}", fs::weakly_canonical(entry.path(), error).string()));
  for (const auto& entry : fs::directory_iterator("/dev", error)) {
    const std::string name = entry.path().filename();
    if (name.starts_with("spidev")) add(entry.path(), "spi:", "SPI");
    if (name.starts_with("ttyUSB") || name.starts_with("ttyACM")) add(entry.path(), "", "USB serial");
    if (name.starts_with("ttyAMA") || name.starts_with("ttyATH")) add(entry.path(), "", "UART");
  }
  std::sort(list.begin(), list.end(), [](const Candidate& a, const Candidate& b) { return a.port < b.port; });
  return list;
}

int ports(const Globals& globals) {
  const auto list = candidates();
  if (globals.json) {
    Json json = Json::array();
    for (const Candidate& c : list)
      json.push_back({{"port", c.port}, {"what", c.what}, {"usable", c.usable}});
    print_json({{"ports", json}});
    return done;
  }
  for (const Candidate& c : list)
    fmt::print("{:<40}  {}{}\n", c.port, c.what, c.usable ? "" : "  (no permission)");
  if (list.empty())
    fmt::print(
        "none: no /dev/spidev*, no /dev/ttyUSB*, ttyACM*, ttyAMA*, ttyATH*; a simulated board is "
        "sim:SCENARIO.toml\n");
  return done;
}

}  // namespace

void add_ports(CLI::App& app, Globals& globals) {
  app.add_subcommand("ports", "List devices that a board may be connected to, without opening them")
      ->callback([&globals] { globals.status = ports(globals); });
}

}  // namespace flm::ctl

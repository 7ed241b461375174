// fleet: plays any number of devices against a flmserver, to see what it stands.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cmath>
#include <ctime>
#include <exception>
#include <tuple>

#include "tools/common/command_line.hpp"
#include "tools/common/files.hpp"
#include "tools/fleet/play.hpp"
#include "tools/flmserver/config.hpp"
#include "tools/flmserver/store/schema.hpp"

namespace flm::fleet {
namespace {

int complain(const std::string& what) {
  fmt::print(stderr, "fleet: {}\n", what);
  return 2;
}

/// What became of it, a line each. True: all was sent, nothing refused, and the server answers what was sent.
bool report(const PlayOptions& options, const Played& played, int checked_devices) {
  fmt::print("{} readings in {} POSTs, {:.1f} s: {:.0f} readings/s\n", played.readings, played.posts,
             played.seconds, static_cast<double>(played.readings) / played.seconds);
  fmt::print("POST: p50 {:.1f} ms, p99 {:.1f} ms, longest {:.1f} ms\n", played.percentile(50),
             played.percentile(99), played.percentile(100));
  for (const auto& [reason, times] : played.refusals) fmt::print("not taken, {} times: {}\n", times, reason);
  if (played.unsent > 0) fmt::print("devices with something left to send: {}\n", played.unsent);
  const Checked checked = check(options, played, checked_devices);
  fmt::print("{} sensors asked for, {} answered otherwise than sent\n", checked.sensors, checked.wrong);
  if (checked.wrong > 0) fmt::print("the first: {}\n", checked.first_wrong);
  return played.unsent == 0 && checked.wrong == 0;
}

int run(int argc, char** argv) {
  CLI::App app{"Plays any number of devices against a flmserver.", "fleet"};
  app.require_subcommand(1);
  app.footer("Exit status: 0 all was taken, and is answered as it was sent; 1 not so; 2 wrong usage.");
  PlayOptions options;
  std::string file, url = "http://127.0.0.1:8090";
  std::vector<double> outage;
  int checked = 100, status = 0;
  const auto of_fleet = [&](CLI::App* command) {
    command->add_option("--devices", options.devices.count, "how many")
        ->check(CLI::Range(1, 99'999))
        ->capture_default_str();
    command->add_option("--sensors", options.devices.sensors, "of each")
        ->check(CLI::Range(1, 64))
        ->capture_default_str();
    command->add_option("--seed", options.devices.seed, "another fleet")->capture_default_str();
  };

  auto* add = app.add_subcommand("register", "Add accounts, devices and sensors to a server's store");
  add->add_option("--config", file, "the server's configuration")->required();
  of_fleet(add);
  add->callback([&] {
    const auto database = server::open_database(server::read_config(file).store);
    server::migrate(*database);
    add_to_store(*database, options.devices, std::time(nullptr));
  });

  auto* play_them = app.add_subcommand("run", "Play them, then compare what the server answers");
  play_them->add_option("--url", url, "the server's")->capture_default_str();
  of_fleet(play_them);
  play_them->add_option("--seconds", options.seconds, "how long")
      ->check(CLI::Range(0.1, 1e7))
      ->capture_default_str();
  play_them->add_option("--speed", options.speed, "of the devices' clocks, which end at now")
      ->check(CLI::Range(0.01, 1e6))
      ->capture_default_str();
  play_them->add_option("--interval", options.interval, "s of their time between two batches of a sensor")
      ->check(CLI::Range(1, 86'400))
      ->capture_default_str();
  auto* spread = play_them->add_option("--spread", options.spread,
                                       "s of their time over which their turns are spread; as the interval");
  spread->check(CLI::Range(1, 86'400));
  play_them->add_option("--backlog", options.backlog, "s of readings that each has at the start")
      ->check(CLI::Range(1, 40'000'000))
      ->capture_default_str();
  play_them
      ->add_option("--outage", outage, "s from the start, FROM TO, in which no device reaches the server")
      ->expected(2);
  play_them->add_option("--connections", options.connections, "that stay, shared by the devices")
      ->check(CLI::Range(1, 4'000))
      ->capture_default_str();
  play_them->add_option("--check", checked, "devices whose series are compared at the end")
      ->check(CLI::Range(0, 99'999))
      ->capture_default_str();
  play_them->callback([&] {
    options.server = address_of(url);
    if (spread->empty()) options.spread = options.interval;
    if (!outage.empty()) std::tie(options.outage_from, options.outage_to) = std::pair(outage[0], outage[1]);
    // A minute late, so that no row is unfinished when they are compared.
    options.start = std::time(nullptr) - 60 +
                    static_cast<std::int64_t>(std::floor(options.seconds - options.seconds * options.speed));
    status = report(options, play(options), checked) ? 0 : 1;
  });

  try {
    app.parse(argc, argv);
    flush_output();
    return status;
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() != 0) return complain(usage_complaint(app, error, argc, argv));
    return app.exit(error);  // --help
  } catch (const std::exception& error) {
    return complain(error.what());
  }
}

}  // namespace
}  // namespace flm::fleet

int main(int argc, char** argv) {
  flm::hold_standard_files();
  return flm::fleet::run(argc, argv);
}

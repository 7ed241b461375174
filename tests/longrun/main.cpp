// Long runs: a house for a month on the native engine, one for 50 days without a failure, so that the board's
// milliseconds wrap, and a day on the image, which must say the same as the native engine, and whose
// milliseconds are then put before their wrap.
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <chrono>
#include <cmath>
#include <fstream>
#include <functional>
#include <map>
#include <new>

#include "sim/engine/eeprom_wear.hpp"
#include "sim/image/image_engine.hpp"
#include "sim/run/main_board.hpp"
#include "sim/run/runner.hpp"
#include "tests/bench/figure_table.hpp"
#include "tests/longrun/house.hpp"
#include "tests/sim/stock_host.hpp"
#include "tools/common/input_error.hpp"

namespace flm::longrun {
namespace {

using namespace sim;
namespace fs = std::filesystem;

struct Job {
  std::string key, what;
  std::function<void(const fs::path& folder, const std::function<void(double share)>& progress)> run;
};

/// Memory that this process holds now, in bytes.
double resident() {
  std::ifstream statm("/proc/self/statm");
  double all = 0.0, held = 0.0;
  statm >> all >> held;
  return held * static_cast<double>(sysconf(_SC_PAGESIZE));
}

void report(bench::FigureTable& t, const Audit& audit, const House& house) {
  const double days = house.scenario.duration / 86400.0;
  t.plain("days", "simulated", "", days, "days");
  t.plain("failures", "power failures", "", static_cast<double>(house.scenario.power.size()), "");
  t.at_least("pulses", "pulses put in while the board had power", "",
             std::floor(days * 86400.0 / 0.37 * 0.99), static_cast<double>(audit.pulses_put_in), "");
  t.at_most("pulses_wrong", "pulses lost or invented", "", 0, static_cast<double>(audit.pulses_wrong), "");
  t.at_least("counter_wraps", "counters that passed 2^32", "", 2, audit.counter_wraps, "");
  t.at_most("stamps_wrong", "time stamps that went back", "", 0, static_cast<double>(audit.stamps_wrong), "");
  t.at_least(
      "readings", "clamp readings", "",
      std::floor((days * 86400.0 - 45.0 * static_cast<double>(house.scenario.power.size()) - 10.0) * 3.0),
      static_cast<double>(audit.readings), "");
  t.at_most("readings_missing", "clamp readings that did not come", "", 0,
            static_cast<double>(audit.readings_missing), "");
  t.at_most("energy", "clamp counters against the integral of their readings", "", 10, audit.energy_ppm,
            "ppm");
  t.plain("error",
          "energy read against energy put in: the estimator's error, worst of sine, peaks, phase cut", "",
          audit.estimator_percent, "%");
  t.at_least("telegrams", "smart meter readings", "",
             std::floor(days * 1440.0) - 1.0 - static_cast<double>(house.scenario.power.size()),
             static_cast<double>(audit.telegrams_put_in), "");
  t.at_most("telegrams_wrong", "of them left out, double or wrong", "", 0,
            static_cast<double>(audit.telegrams_wrong), "");
  t.at_most("meter_errors", "telegrams refused, bytes lost", "", 0, static_cast<double>(audit.meter_errors),
            "");
  t.at_least("packets", "radio packets", "", std::floor(days * 8640.0 * 0.997) - 1,
             static_cast<double>(audit.packets_put_in), "");
  // Noise that looks like a synchron pattern hides one packet in a thousand.
  t.at_most("packets_wrong", "of them left out, double or out of order", "",
            std::ceil(days * 8640.0 * 0.002) + 3, static_cast<double>(audit.packets_wrong), "");
}

/// A house on the native engine.
void native(const std::string& key, const std::string& title, double days, int failures_a_day,
            const fs::path& folder, const std::function<void(double)>& progress) {
  const House house = make_house(days, failures_a_day, folder);
  const BoardModel& board = board_model(house.scenario.board);
  Environment environment(house.scenario, board);
  const auto engine = make_engine(EngineKind::native, board, environment, {});
  Audit audit(house, environment);
  double early = 0.0;
  LinkObserver observer;
  observer.record = [&](const Record& record) { audit.take(record); };
  observer.progress = [&](Nanoseconds now) {
    const double share = seconds(now) / house.scenario.duration;
    if (early == 0.0 && share > 0.1) early = resident();
    progress(share);
  };
  const auto start = std::chrono::steady_clock::now();
  MainBoard(house.scenario, board, *engine, observer).run(nanoseconds(house.scenario.duration));
  const double wall = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  audit.finish();

  bench::FigureTable t(key, title);
  report(t, audit, house);
  t.at_most("drift", "second half of the run against the first, energy read to energy put in", "", 10,
            audit.drift_ppm, "ppm");
  if (failures_a_day == 0)
    t.at_least("stamp_wraps", "time stamps that passed 2^32 ms, both meters", "", 2, audit.stamp_wraps, "");
  const double log = static_cast<double>(engine->eeprom_log().size() * sizeof(CellWrite));
  t.at_most("leak",
            "memory that the simulator took after a tenth of the run, its log of EEPROM writes left out", "",
            8, std::max(0.0, resident() - early - 2 * log) / 1e6, "MB");
  t.at_most("eeprom_hour", "EEPROM writes to the worst cell an hour", "", 8,
            static_cast<double>(most_writes_within(engine->eeprom_log(), nanoseconds(3600.0))), "");
  t.at_least("eeprom_years", "life of the busiest EEPROM cell at this rate, 100 000 writes", "", 20,
             100'000.0 / static_cast<double>(eeprom_wear(engine->eeprom_log()).worst()) *
                 house.scenario.duration / 86400.0 / 365.25,
             "years");
  t.plain("speed", "speed", "", house.scenario.duration / wall, "x real time");
}

/// Where in its RAM a board keeps its milliseconds: the only place that follows them.
std::uint16_t find_clock(ImageEngine& engine, test::StockHost& host) {
  std::map<std::uint16_t, int> seen;
  constexpr int looks = 5;
  for (int look = 0; look < looks; ++look) {
    host.wait_until(host.now() + 777'000'000);
    engine.run_until(host.now());
    const auto expected = static_cast<std::uint32_t>((host.now() - kFirstSample) / 1'000'000);
    for (std::uint16_t address = 0x100; address < 0x500 - 3; ++address) {
      std::uint32_t value = 0;
      for (int i = 3; i >= 0; --i) value = value << 8 | engine.ram(static_cast<std::uint16_t>(address + i));
      if (expected - value + 2 <= 4) ++seen[address];
    }
  }
  std::erase_if(seen, [](const auto& place) { return place.second != looks; });
  if (seen.size() != 1)
    throw std::runtime_error(fmt::format("{} places in the RAM look like the milliseconds", seen.size()));
  return seen.begin()->first;
}

/// The image's milliseconds, put a minute before their wrap; pulses before and after it.
void wrap(const fs::path& elf, bench::FigureTable& t) {
  Scenario s;
  s.board = "flm02b";
  s.duration = 130.0;
  Sensor sensor;
  sensor.id = 4;
  sensor.ports = {4};
  sensor.sensor_class = SensorClass::pulse;
  sensor.constant = 1.0;
  s.sensors = {sensor};
  Pulses pulses;
  pulses.port = 4;
  pulses.every = 0.37;
  pulses.bounce = 0.005;
  s.pulses = {pulses};
  const BoardModel& board = board_model(s.board);
  Environment environment(s, board);
  ImageEngine engine(board, environment, elf);
  MainBoard(s, board, engine, {}).run(nanoseconds(5.0));
  test::StockHost host(board, engine);
  host.wait_until(nanoseconds(5.0));
  const std::uint16_t address = find_clock(engine, host);
  const auto before = static_cast<std::uint32_t>((host.now() - kFirstSample) / 1'000'000),
             jump = 0u - 60'000u - before;
  for (int i = 0; i < 4; ++i)
    engine.ram(static_cast<std::uint16_t>(address + i)) =
        static_cast<std::uint8_t>((before + jump) >> (8 * i));

  struct Pulse {
    std::uint32_t count, stamp;
  };
  std::vector<Pulse> readings;
  for (double at = 10.5; at < s.duration; at += 1.0) {
    host.wait_until(nanoseconds(at));
    const auto reply = host.link.exchange(get_message('d')).reply;
    for (const Reading& reading :
         reply ? readings_of(*reply, at, [](int) { return SensorKind::pulse; }) : std::vector<Reading>())
      readings.push_back({reading.counter, reading.extra});
  }
  if (readings.size() < 100)
    throw std::runtime_error(fmt::format("{} readings in two minutes", readings.size()));
  int wraps = 0;
  double worst_ms = 0.0;
  for (std::size_t i = 1; i < readings.size(); ++i) {
    if (readings[i].stamp < readings[i - 1].stamp) ++wraps;
    // The stamp is the last pulse's, and the n-th pulse begins after n times 0.37 s.
    const double at_ms = readings[i].stamp - jump + kFirstSample / 1e6;
    worst_ms = std::max(worst_ms, std::abs(at_ms - std::round(at_ms / 370.0) * 370.0));
  }
  const double counted = readings.back().count - readings.front().count;
  const double put_in =
      std::round(static_cast<double>(readings.back().stamp - readings.front().stamp) / 370.0);
  t.at_least("wrap_stamps",
             "time stamps that passed 2^32 ms, the milliseconds having been put a minute before", "", 1,
             wraps, "");
  t.at_most("wrap_pulses", "pulses lost or invented around it", "", 0, std::abs(counted - put_in), "");
  t.at_most("wrap_ms", "time stamps after their pulses, worst", "", 40, worst_ms, "ms");
}

/// A house on the image and on the native engine: what they say is the same.
void image(const std::string& key, double hours, const fs::path& elf, const fs::path& folder,
           const std::function<void(double)>& progress) {
  const House house = make_house(hours / 24.0, 2, folder);
  const BoardModel& board = board_model(house.scenario.board);
  Environment environment(house.scenario, board);
  const Run reference = run_scenario(house.scenario, {});

  Audit audit(house, environment);
  RunOptions options;
  options.engine = EngineKind::image;
  options.image = elf;
  options.record = [&](const Record& record) {
    audit.take(record);
    if (const Reading* r = std::get_if<Reading>(&record)) progress(r->t / house.scenario.duration);
  };
  const Run run = run_scenario(house.scenario, options);
  audit.finish();
  bench::FigureTable t(key, fmt::format("{:g} hours of a house on FLM02B's image", hours));
  report(t, audit, house);
  const std::string difference = sim::difference(reference, run);
  t.at_least("records", "records that were compared with the native engine's", "",
             static_cast<double>(reference.records.size()), static_cast<double>(run.records.size()), "");
  t.at_most("difference", "differences", "", 0, difference.empty() ? 0 : 1, "");
  if (!difference.empty()) fmt::print("\nthe first: {}\n\n", difference);
  t.at_most("warnings", "what a real chip would punish", "", 0, static_cast<double>(run.warnings.size()), "");
  wrap(elf, t);
  t.plain("speed", "speed", "", house.scenario.duration / run.wall_seconds, "x real time");
}

}  // namespace
}  // namespace flm::longrun

int main(int argc, char** argv) {
  using namespace flm::longrun;
  CLI::App app{
      "Runs a house for a month, and compares both engines over a day. Exit status 1 when a budget is "
      "broken."};
  std::string images, figures;
  double days = 30.0, uptime = 50.0, hours = 24.0;
  app.add_option("IMAGES", images, "folder of the images")->required()->check(CLI::ExistingDirectory);
  app.add_option("--days", days, "on the native engine with two power failures a day; 0: none")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 1000.0));
  app.add_option(
         "--uptime", uptime,
         "days on the native engine without a failure; more than 49.7 for the milliseconds to wrap; 0: none")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 1000.0));
  app.add_option("--hours", hours, "on the image; 0: none")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 1000.0));
  app.add_option("--figures", figures, "file (.json) for the page of figures");
  CLI11_PARSE(app, argc, argv);

  const fs::path elf = fs::path(images) / "flm02b.elf";
  std::vector<Job> jobs;
  if (hours > 0.0)
    jobs.push_back(
        {"image", fmt::format("{:g} h on the image", hours), [=](const auto& folder, const auto& progress) {
           image("longrun_image", hours, elf, folder, progress);
         }});
  if (days > 0.0)
    jobs.push_back({"days", fmt::format("{:g} days", days), [=](const auto& folder, const auto& progress) {
                      native("longrun_days",
                             fmt::format("{:g} days of a house on the native engine, FLM02B", days), days, 2,
                             folder, progress);
                    }});
  if (uptime > 0.0)
    jobs.push_back({"uptime", fmt::format("{:g} days without a failure", uptime),
                    [=](const auto& folder, const auto& progress) {
                      native("longrun_uptime",
                             fmt::format("{:g} days without a power failure, native engine, FLM02B", uptime),
                             uptime, 0, folder, progress);
                    }});
  if (jobs.empty()) {
    fmt::print(stderr, "longrun: nothing to run; allowed: one of --days, --uptime and --hours above 0\n");
    return 2;
  }

  // A process a job; each leaves its figures in a file.
  struct Shared {
    std::atomic<double> share[3] = {0.0, 0.0, 0.0};
  };
  void* memory = mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return 2;
  Shared* shared = new (memory) Shared();
  char name[] = "/tmp/flm-longrun-XXXXXX";
  if (mkdtemp(name) == nullptr) {
    fmt::print(stderr, "longrun: no temporary folder below /tmp\n");
    return 2;
  }
  const fs::path folder = name;
  std::map<pid_t, std::size_t> running;
  int status = 0;
  std::size_t next = 0;
  const std::size_t at_once = static_cast<std::size_t>(std::max(1L, sysconf(_SC_NPROCESSORS_ONLN)));
  auto shown = std::chrono::steady_clock::now();
  while (next < jobs.size() || !running.empty()) {
    while (next < jobs.size() && running.size() < at_once) {
      const std::size_t number = next++;
      const fs::path own = folder / jobs[number].key;
      fs::create_directory(own);
      std::fflush(nullptr);
      const pid_t child = fork();
      if (child < 0) return 2;
      if (child == 0) {
        int result = 2;
        try {
          if (std::freopen((own / "out.md").c_str(), "w", stdout) == nullptr)
            throw flm::InputError("no file for the results");
          jobs[number].run(own, [&](double share) { shared->share[number] = share; });
          flm::bench::save(own / "figures.json");
          result = 0;
        } catch (const std::exception& error) {
          fmt::print(stderr, "longrun: {}: {}\n", jobs[number].what, error.what());
        }
        std::fflush(nullptr);
        _exit(result);
      }
      running[child] = number;
    }
    int ended = 0;
    if (const pid_t child = waitpid(-1, &ended, WNOHANG); child > 0) {
      const fs::path own = folder / jobs[running[child]].key;
      if (isatty(STDERR_FILENO) != 0) fmt::print(stderr, "\r\x1b[K");
      std::ifstream out(own / "out.md");
      for (std::string line; std::getline(out, line);) fmt::print("{}\n", line);
      std::fflush(stdout);
      if (ended == 0)
        for (const auto& section : flm::bench::load(own / "figures.json"))
          flm::bench::sections().push_back(section);
      else
        status = 2;
      running.erase(child);
      continue;
    }
    const auto now = std::chrono::steady_clock::now();
    if (now - shown > std::chrono::seconds(isatty(STDERR_FILENO) != 0 ? 1 : 60)) {
      shown = now;
      std::string line;
      for (const auto& [child, number] : running)
        line += fmt::format("{}{}: {:.1f} %", line.empty() ? "" : ", ", jobs[number].what,
                            100.0 * shared->share[number]);
      fmt::print(stderr, "{}{}{}", isatty(STDERR_FILENO) != 0 ? "\r\x1b[K" : "", line,
                 isatty(STDERR_FILENO) != 0 ? "" : "\n");
    }
    usleep(50'000);
  }
  fs::remove_all(folder);
  try {
    if (!figures.empty() && status == 0) flm::bench::save(figures);
  } catch (const std::exception& error) {
    fmt::print(stderr, "longrun: {}\n", error.what());
    return 2;
  }
  fmt::print("\n{} of the budgets broken\n", flm::bench::broken());
  return status != 0 ? status : flm::bench::broken() == 0 ? 0 : 1;
}

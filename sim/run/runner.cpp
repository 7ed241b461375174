#include "sim/run/runner.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <optional>

#include "hal/contract.hpp"  // eeprom_size
#include "sim/report/report.hpp"
#include "sim/report/vcd.hpp"
#include "sim/results/expectations.hpp"
#include "sim/results/output.hpp"
#include "sim/run/main_board.hpp"
#include "tools/common/files.hpp"
#include "tools/mainboard/readings/record_json.hpp"

namespace flm::sim {
namespace {

using Clock = std::chrono::steady_clock;

double since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

/// A line on stderr, at most five times a second, from the second second on.
class Progress {
 public:
  explicit Progress(double duration) : duration_(duration) {}
  ~Progress() {
    if (drawn_) fmt::print(stderr, "\r\x1b[K");
  }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void at(Nanoseconds now) {
    const double wall = since(start_);
    if (wall < next_) return;
    next_ = wall + 0.2;
    drawn_ = true;
    fmt::print(stderr, "\r\x1b[K{:.0f} of {:.0f} s simulated, {:.0f} x real time", seconds(now), duration_,
               seconds(now) / wall);
    std::fflush(stderr);
  }

 private:
  double duration_;
  Clock::time_point start_ = Clock::now();
  double next_ = 1.0;
  bool drawn_ = false;
};

bool same(const Record& a, const Record& b) {
  const Reading* x = std::get_if<Reading>(&a);
  const Reading* y = std::get_if<Reading>(&b);
  if (!x || !y || x->kind != SensorKind::pulse || y->kind != SensorKind::pulse)
    return to_json(a) == to_json(b);
  Reading shifted = *y;
  if (std::abs(static_cast<std::int64_t>(x->extra) - static_cast<std::int64_t>(y->extra)) <= 1)
    shifted.extra = x->extra;
  return to_json(*x) == to_json(shifted);
}

}  // namespace

std::vector<std::uint8_t> read_eeprom(const std::filesystem::path& path) {
  check_input(path, "an EEPROM as flmctl or flmsim serve keeps it");
  std::ifstream file(path, std::ios::binary);
  std::vector<std::uint8_t> contents((std::istreambuf_iterator<char>(file)),
                                     std::istreambuf_iterator<char>());
  if (contents.size() != hal::eeprom_size)
    throw InputError(fmt::format("{}: has {} bytes; allowed: an EEPROM's {}", path.string(), contents.size(),
                                 hal::eeprom_size));
  return contents;
}

std::unique_ptr<Engine> make_engine(EngineKind kind, const BoardModel& board, Environment& environment,
                                    const std::filesystem::path& image) {
  return kind == EngineKind::native ? make_native_engine(board, environment)
                                    : make_image_engine(board, environment, image);
}

Run run_scenario(const Scenario& scenario, const RunOptions& options) {
  Run run;
  run.scenario = scenario;
  run.board = &board_model(scenario.board);
  run.engine = options.engine == EngineKind::native ? "native" : "image";
  Environment environment(scenario, *run.board);
  const std::unique_ptr<Engine> engine = make_engine(options.engine, *run.board, environment, options.image);
  if (!options.eeprom.empty()) engine->set_eeprom(read_eeprom(options.eeprom));
  std::optional<VcdWriter> vcd;
  if (!options.vcd.empty()) vcd.emplace(options.vcd, scenario, *run.board, environment);
  std::optional<Progress> progress;
  if (options.progress) progress.emplace(scenario.duration);

  LinkObserver observer;
  observer.record = [&](const Record& record) {
    run.records.push_back(record);
    if (options.record) options.record(record);
    if (const Reading* reading = std::get_if<Reading>(&record); reading && vcd) vcd->reading(*reading);
  };
  if (vcd)
    observer.byte = [&](Nanoseconds start, std::uint8_t mosi, std::uint8_t miso) {
      vcd->byte(start, mosi, miso);
      vcd->led(start + run.board->spi_byte_time, engine->led());
    };
  observer.progress = [&](Nanoseconds now) {
    if (progress) progress->at(now);
    if (options.stopped && options.stopped()) throw Interrupted(seconds(now));
  };
  observer.clips = [&] { return environment.reached_full_scale(); };

  const auto start = Clock::now();
  MainBoard(scenario, *run.board, *engine, observer, options.eeprom.empty())
      .run(nanoseconds(scenario.duration));
  run.wall_seconds = since(start);
  progress.reset();

  run.warnings = engine->warnings();
  run.eeprom = eeprom_wear(engine->eeprom_log());
  run.expectations = check(scenario, run.records);
  if (vcd) vcd->finish(nanoseconds(scenario.duration));
  if (!options.report.empty()) write_report(options.report, run, environment);
  return run;
}

std::string difference(const Run& a, const Run& b) {
  const std::size_t common = std::min(a.records.size(), b.records.size());
  for (std::size_t i = 0; i < common; ++i)
    if (!same(a.records[i], b.records[i]))
      return fmt::format("{}: {}; {}: {}", a.engine, to_json(a.records[i]), b.engine, to_json(b.records[i]));
  if (a.records.size() != b.records.size())
    return fmt::format("{}: {} records; {}: {} records", a.engine, a.records.size(), b.engine,
                       b.records.size());
  return {};
}

}  // namespace flm::sim

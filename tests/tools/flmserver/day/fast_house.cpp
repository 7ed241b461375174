#include "tests/tools/flmserver/day/fast_house.hpp"

#include <fstream>
#include <memory>
#include <utility>

#include "sim/engine/engine.hpp"
#include "sim/run/engine_bus.hpp"
#include "sim/scenario/scenario.hpp"
#include "sim/world/environment.hpp"
#include "tools/flmd/daemon.hpp"
#include "tools/mainboard/bus/clock.hpp"

namespace flm::day {
namespace {

struct SimulatedBoard {
  explicit SimulatedBoard(const std::filesystem::path& file)
      : scenario(sim::read_scenario(file)),
        model(sim::board_model(scenario.board)),
        environment(scenario, model),
        engine(sim::make_native_engine(model, environment)) {}
  sim::Scenario scenario;
  const sim::BoardModel& model;
  sim::Environment environment;
  std::unique_ptr<sim::Engine> engine;
};

/// Its time passes as run_fast_house() says.
class FastBus : private SimulatedBoard, public sim::EngineBus {
 public:
  FastBus(const std::filesystem::path& file, std::filesystem::path until)
      : SimulatedBoard(file), EngineBus(model, *engine), until_file_(std::move(until)) {}

  void wait(mainboard::Time span) override {
    EngineBus::wait(span);
    if (time() <= until_) return;
    double seconds = 0;
    if (std::ifstream(until_file_) >> seconds) until_ = sim::nanoseconds(seconds);
    if (time() > until_) mainboard::sleep_for(span);
  }

 private:
  std::filesystem::path until_file_;
  sim::Nanoseconds until_ = 0;
};

}  // namespace

int run_fast_house(const std::filesystem::path& configuration, std::int64_t begin,
                   const std::filesystem::path& until) {
  flmd::SiteClock clock;
  clock.simulate(begin * 1000, mainboard::Time{});
  return flmd::run_daemon(configuration, clock, [&](const mainboard::Port& port) {
    return std::make_unique<FastBus>(port.path, until);
  });
}

}  // namespace flm::day

// Scenario files, with the recordings of tests/data beside them:
//   1. A scenario is read, or an InputError names its file; so it is with the recordings that it names.
//   2. What was read is in range: ports, times in order, sensors of expectations that there are.
//   3. A board that is set up so gets codes of its converter and commands of its link, and runs for 5 ms.
#include <fmt/format.h>

#include "sim/engine/engine.hpp"
#include "sim/run/main_board.hpp"
#include "sim/scenario/scenario.hpp"
#include "sim/world/environment.hpp"
#include "tests/fuzz/input_file.hpp"
#include "tools/mainboard/link/link_text.hpp"

using namespace flm;
using fuzz::promise;

namespace {

/// A folder like tests/scenarios, with ../data.
std::filesystem::path scenario_file(const std::uint8_t* data, std::size_t size) {
  namespace fs = std::filesystem;
  const TemporaryFolder& folder = fuzz::folder();
  static const bool made = [&] {
    fs::create_directory(folder.path() / "scenarios");
    fs::remove(folder.path() / "data");
    fs::create_directory_symlink(fs::path(FLM_SOURCE_DIR) / "tests/data", folder.path() / "data");
    return true;
  }();
  static_cast<void>(made);
  return folder.file("scenarios/scenario.toml", std::string(reinterpret_cast<const char*>(data), size));
}

void in_range(const sim::Scenario& s) {
  promise(s.duration > 0.0, "2: a scenario lasts");
  for (const Sensor& sensor : s.sensors) {
    promise(sensor.id >= 1 && sensor.id <= 6 && !sensor.ports.empty(),
            "2: a sensor is 1 to 6, and has ports");
    for (const int port : sensor.ports) promise(port >= 1 && port <= 6, "2: a port is 1 to 6");
  }
  for (std::size_t i = 0; i < s.power.size(); ++i)
    promise(s.power[i].restore > s.power[i].at && (i == 0 || s.power[i].at > s.power[i - 1].over()),
            "2: the supply fails and comes back, in order");
  for (const sim::HostCommand& command : s.host) static_cast<void>(encode_message(command.send));
  for (const sim::Expectation& e : s.expectations)
    promise(e.to.value_or(s.duration) >= e.from, "2: an expectation ends after its begin");
}

/// Complaints about a file that a scenario names begin with that file.
template <class Run>
void run_or_complain(const std::filesystem::path& beside, Run run) {
  try {
    run();
  } catch (const InputError& error) {
    promise(std::string(error.what()).starts_with(beside.string()), "1: a complaint names the file",
            error.what());
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto file = scenario_file(data, size);
  const auto scenario = fuzz::read_or_complain(file, [&] { return sim::read_scenario(file); });
  if (!scenario) return 0;
  in_range(*scenario);
  const sim::BoardModel& board = sim::board_model(scenario->board);
  for (const Message& message : sim::setup(*scenario, board)) static_cast<void>(encode(message));
  run_or_complain(file.parent_path(), [&] {
    sim::Environment environment(*scenario, board);
    for (int port = 1; port <= 3; ++port)
      for (const std::int64_t tick : {0, 1, 1000, 1'000'000})
        promise(environment.convert(port, tick) <= 1023, "3: a code has 10 bits");
    const auto engine = sim::make_native_engine(board, environment);
    engine->run_until(5'000'000);
  });
  return 0;
}

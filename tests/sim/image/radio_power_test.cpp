// FLM02B's radio while the board lives on its capacitors, on both engines.
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <string>

#include "sim/run/runner.hpp"

using namespace flm::sim;

namespace {

constexpr Nanoseconds ms = 1'000'000;
const std::filesystem::path image = std::string(FLM_IMAGE_DIR) + "/flm02b.elf";

Scenario failing(double duration) {
  Scenario scenario;
  scenario.board = "flm02b";
  scenario.duration = duration;
  return scenario;
}

}  // namespace

TEST_CASE(
    "within 3 ms of a failing supply the radio draws no more than a microampere, until the supply is back") {
  const EngineKind kind = GENERATE(EngineKind::native, EngineKind::image);
  const BoardModel& board = board_model("flm02b");
  Environment environment(failing(5.0), board);
  const auto engine = make_engine(kind, board, environment, image);
  engine->cut_power_at(2'000 * ms, 2'300 * ms, 1'000 * ms);
  engine->run_until(1'999 * ms);
  CHECK(engine->radio_milliamperes() == 12.0);
  for (Nanoseconds t = 2'003; t < 2'300; ++t) {
    engine->run_until(t * ms);
    REQUIRE(engine->radio_milliamperes() <= 0.001);
  }
  engine->run_until(2'400 * ms);
  CHECK(engine->powered());
  CHECK(engine->radio_milliamperes() == 12.0);
}

TEST_CASE(
    "packets are received up to a failure of the supply that the board lives through, and again from 50 ms "
    "after it") {
  const auto file = std::filesystem::temp_directory_path() / "flm-radio-power.txt";
  {
    std::ofstream out(file);
    for (const double at : {1.90, 2.10, 2.36, 2.60}) out << at << " d4010aa0a1a2a3a4a5a6a7a8a97cb3\n";
    REQUIRE(out);
  }
  Scenario scenario = failing(4.0);
  scenario.radio.push_back({file, 19.2});
  PowerFailure failure;
  failure.at = 2.0;
  failure.restore = 2.3;
  failure.hold_up = 1.0;
  scenario.power.push_back(failure);
  RunOptions options;
  options.engine = GENERATE(EngineKind::native, EngineKind::image);
  options.image = image;
  const Run run = run_scenario(scenario, options);
  std::filesystem::remove(file);
  int packets = 0;
  for (const Record& record : run.records)
    if (std::holds_alternative<RadioPacket>(record)) ++packets;
  CHECK(packets == 3);  // all but the one at 2.1 s
}

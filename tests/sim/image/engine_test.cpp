#include <catch2/catch.hpp>

#include "sim/image/image_engine.hpp"
#include "sim/scenario/scenario.hpp"
#include "sim/world/environment.hpp"
#include "tests/sim/image/probe_board.hpp"

using namespace flm::sim;
using namespace flm::sim::test;
using Catch::Matchers::Contains;

namespace {
Scenario empty_scenario(const std::string& board) {
  Scenario scenario;
  scenario.path = "engine_test.toml";
  scenario.board = board;
  scenario.duration = 2.0;
  return scenario;
}
}  // namespace

TEST_CASE("an image for a different board, or for none, is refused") {
  Environment for_a(empty_scenario("flm02a"), board_model("flm02a"));
  CHECK_THROWS_WITH(ImageEngine(board_model("flm02a"), for_a, probe("hang")),
                    Contains("an image for flm02b, the scenario's board is flm02a"));
  CHECK_THROWS_AS(ImageEngine(board_model("flm02a"), for_a, probe("adc")), InputError);
}

TEST_CASE("a program that starts no conversion for a second is reported with the place where it hangs") {
  const BoardModel& board = board_model("flm02b");
  Environment environment(empty_scenario("flm02b"), board);
  ImageEngine engine(board, environment, probe("hang"));
  CHECK_NOTHROW(engine.run_until(999'000'000));
  CHECK_THROWS_WITH(engine.run_until(1'100'000'000),
                    Contains("hang.elf") && Contains("hangs") && Contains("waits_for_ever"));
}

TEST_CASE("every conversion of both images starts on the grid, however often the main loop goes to sleep") {
  for (const std::string name : {"flm02a", "flm02b"}) {
    CAPTURE(name);
    const BoardModel& board = board_model(name);
    Environment environment(empty_scenario(name), board);
    ImageEngine engine(board, environment, std::string(FLM_IMAGE_DIR) + "/" + name + ".elf");
    engine.run_until(kFirstSample);
    engine.enable_measurements();
    engine.run_until(2'000'000'000);
    const Measurements& m = engine.measurements();
    CHECK(double(m.conversions) ==
          Approx(double((2'000'000'000 - kFirstSample) / board.tick_period)).margin(1));
    CHECK(m.start_jitter == 0);
    CHECK(m.off_grid <= board.tick_cycles / 8);
    CHECK(m.repeated_inputs == 0);
  }
}

TEST_CASE("the image's EEPROM has the scenario's worn cells and RC oscillator") {
  const BoardModel& board = board_model("flm02a");
  const auto writes = [&board](const BoardParts& parts) {
    Scenario scenario = empty_scenario("flm02a");
    scenario.parts = parts;
    Environment environment(scenario, board);
    ImageEngine engine(board, environment, std::string(FLM_IMAGE_DIR) + "/flm02a.elf");
    engine.cut_power_at(1'000'000'000, kNever, 300'000'000);
    engine.run_until(1'500'000'000);
    return engine.eeprom_log();
  };
  BoardParts parts;
  const std::vector<CellWrite> nominal = writes(parts);
  REQUIRE_FALSE(nominal.empty());
  parts.rc_percent = 10.0;
  parts.worn = {{nominal[0].address, 0xFF}};
  const std::vector<CellWrite> worn = writes(parts);
  REQUIRE_FALSE(worn.empty());
  CHECK(worn[0].address == nominal[0].address);
  CHECK(worn[0].after == worn[0].before);
  CHECK(double(worn[0].end - worn[0].begin) ==
        Approx(1.1 * double(nominal[0].end - nominal[0].begin)).epsilon(0.001));
}

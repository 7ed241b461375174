#include <catch2/catch.hpp>

#include "sim/environment.hpp"
#include "sim/image/image_engine.hpp"
#include "sim/scenario.hpp"
#include "tests/image/probe_board.hpp"

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

TEST_CASE("an image for another board, or for none, is refused") {
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
  CHECK_THROWS_WITH(engine.run_until(1'100'000'000), Contains("hang.elf") && Contains("hangs") && Contains("waits_for_ever"));
}

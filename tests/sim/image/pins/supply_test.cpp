#include <catch2/catch.hpp>

#include "tests/sim/image/probe_board.hpp"

namespace {
using namespace flm::sim;
using namespace flm::sim::test;

constexpr CrystalTime us = 16;
constexpr int aco = 0x20, aci = 0x10;
}  // namespace

TEST_CASE("a falling supply captures once, and so does the next fall; nothing else does") {
  ProbeBoard board("supply");
  board.run(100 * us);
  REQUIRE(board.reports() ==
          std::vector<int>{0, 0});  // good supply; ACO cannot be written, PB0 does not capture
  board.supply.set_low(true);
  board.run(100 * us);
  CHECK(board.reports() == std::vector<int>{0, 0, 0xC0 | aco});
  board.supply.set_low(false);
  board.run(100 * us);
  CHECK(board.reports().size() == 3);
  board.supply.set_low(true);
  board.run(100 * us);
  CHECK(board.reports() == std::vector<int>{0, 0, 0xC0 | aco, 0xC0 | aco});
}

TEST_CASE("the noise canceler swallows a dip of three cycles") {
  ProbeBoard board("supply");
  board.run(100 * us);
  board.supply.set_low(true);
  board.run(2);
  board.supply.set_low(false);
  board.run(100 * us);
  CHECK(board.reports() == std::vector<int>{0, 0});
}

TEST_CASE("the comparator's own interrupt comes when the supply returns, and its flag is cleared by it") {
  ProbeBoard board("supply", 1);
  board.run(100 * us);
  board.supply.set_low(true);
  board.run(100 * us);
  CHECK(board.reports() == std::vector<int>{0, 0});
  board.supply.set_low(false);
  board.run(100 * us);
  CHECK(board.reports() == std::vector<int>{0, 0, 0xA0});
}

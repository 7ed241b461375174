#include <catch2/catch.hpp>

#include "tests/sim/image/probe_board.hpp"

using namespace flm::sim;
using namespace flm::sim::test;

TEST_CASE("an interrupt takes four cycles to enter, three to jump and four to return") {
  ProbeBoard board("interrupts");
  board.run(100'000);
  REQUIRE(board.log.size() >= 1);
  CHECK(board.reports()[0] ==
        4 + 3 + 4);  // data sheet 7.7.1, and jmp and reti of the instruction set summary
}

TEST_CASE("a flag that is raised while its interrupt is masked fires when it is unmasked") {
  ProbeBoard board("interrupts");
  board.run(100'000);
  REQUIRE(board.log.size() >= 3);
  CHECK(board.reports()[1] == 0);
  CHECK(board.reports()[2] == 1);
}

TEST_CASE("writing 1 to a flag in EIFR clears it, and its interrupt does not come") {
  ProbeBoard board("interrupts");
  board.run(100'000);
  REQUIRE(board.log.size() >= 6);
  CHECK(board.reports()[3] == 2);
  CHECK(board.reports()[4] == 0);
  CHECK(board.reports()[5] == 1);  // still the one run from before
}

TEST_CASE("writing 1 to a timer's flag clears that flag alone, by out as by sbi") {
  ProbeBoard board("interrupts");
  board.run(100'000);
  REQUIRE(board.log.size() == 9);
  CHECK(board.reports()[6] == 7);  // TOV0, OCF0A, OCF0B
  CHECK(board.reports()[7] == 5);
  CHECK(board.reports()[8] == 4);
}

#include <catch2/catch.hpp>

#include "sim/image/program.hpp"
#include "tests/sim/image/probe_board.hpp"

using namespace flm::sim;
using namespace flm::sim::test;

TEST_CASE("a chip with CKDIV8 runs eight times slower until CLKPR is written") {
  ProbeBoard board("clock", 0, true);
  board.run(400'000);
  REQUIRE(board.reports() == std::vector<int>{1, 2, 3, 0});
  CHECK(board.log[1].time > board.log[0].time);  // the change itself costs some cycles, no more
  CHECK(board.log[1].time < board.log[0].time + 100);
  // 8000 cycles of the loop, at the crystal's full speed.
  const CrystalTime loop = board.log[2].time - board.log[1].time;
  CHECK(loop > 7'990);
  CHECK(loop < 8'020);
}

TEST_CASE("a new prescaler value that comes too late, or without CLKPCE, is ignored") {
  for (const std::uint8_t mode : {std::uint8_t{1}, std::uint8_t{2}}) {
    ProbeBoard board("clock", mode, true);
    board.run(400'000);
    REQUIRE(board.reports() == std::vector<int>{1, 2, 3, 3});
    const CrystalTime loop = board.log[2].time - board.log[1].time;
    CHECK(loop > 8 * 7'990);
    CHECK(loop < 8 * 8'020);
    CHECK(board.chip.warnings().size() == 1);
  }
}

TEST_CASE("time is exact over hours, at a crystal whose period is not a whole number of nanoseconds") {
  Clock clock(3'686'400);
  CHECK(clock.nanoseconds(3'686'400LL * 86'400) == 86'400'000'000'000LL);
  CHECK(clock.crystal(86'400'000'000'000LL) == 3'686'400LL * 86'400);
  clock.divide(1000, 3);
  CHECK(clock.at(1000) == 1000);
  CHECK(clock.at(1001) == 1008);
  CHECK(clock.cycle(1001) == 1001);
  CHECK(clock.cycle(1009) == 1002);
  clock.divide(2000, 0);
  CHECK(clock.at(2001) == 1000 + 8 * 1000 + 1);
  // Ticks of 576 cycles from 4 ms on, which is 14745.6 crystal periods.
  CHECK(clock.nearest_grid_point(14'746, 4'000'000, 576) == 0);
  CHECK(clock.nearest_grid_point(14'746 + 576LL * 1'000'000'000 + 200, 4'000'000, 576) == 1'000'000'000);
}

TEST_CASE("a run ends exactly at its time while the program sleeps") {
  ProbeBoard board("sleep");
  while (board.log.size() < 5) board.run(1);
  board.run(200);  // the handler is over
  REQUIRE(board.chip.avr()->state == cpu_Sleeping);
  for (int i = 0; i < 10; ++i) {
    const CrystalTime target = board.chip.now() + 100 + 7 * i;
    board.chip.run_until(target);
    CHECK(board.chip.now() == target);
  }
}

TEST_CASE("an interrupt that ends a sleep takes four cycles more") {
  ProbeBoard board("sleep");
  Recorder recorder(board.chip, 2560);
  board.chip.observe(&recorder);
  board.run(100'000);
  REQUIRE(recorder.figures().interrupts.count("TIMER0_COMPA") == 1);
  CHECK(recorder.figures().interrupts.at("TIMER0_COMPA").worst_latency == 4 + 4);
}

TEST_CASE("SLEEP without the permission in SMCR does nothing, and is reported") {
  ProbeBoard board("sleep", 16);
  board.run(2'000);  // no interrupt yet
  CHECK(board.reports() == std::vector<int>{2, 3});
  REQUIRE(board.chip.warnings().size() == 1);
  CHECK(board.chip.warnings()[0].find("SMCR SE") != std::string::npos);
}

TEST_CASE("an interrupt that waits when the CPU goes to sleep wakes it at once") {
  ProbeBoard board("sleep", 8);
  while (board.log.size() < 3) board.run(1);
  CHECK(board.reports() == std::vector<int>{2, 1, 3});
  CHECK(board.log[1].time - board.log[0].time < 30);
}

TEST_CASE("a run ends at the first instruction at or after its time") {
  ProbeBoard board("clock");
  for (int i = 0; i < 20; ++i) {
    const CrystalTime target = board.chip.now() + 100;
    board.chip.run_until(target);
    CHECK(board.chip.now() >= target);
    CHECK(board.chip.now() < target + 4);
  }
}

TEST_CASE("a program runs until it ends itself, and its console is collected") {
  std::string console;
  CHECK(run_avr_program(probe("console"), 100'000, &console) == 0);
  CHECK(console == "123456789");
  CHECK(run_avr_program(probe("console"), 100'000, nullptr) == 0);
  CHECK(run_avr_program(probe("endless"), 100'000, nullptr) == 1);
  CHECK_THROWS_AS(run_avr_program(probe("crash"), 100'000, nullptr), EngineError);
}

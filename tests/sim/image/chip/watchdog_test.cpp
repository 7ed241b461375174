#include <catch2/catch.hpp>

#include "tests/sim/image/probe_board.hpp"

namespace {
using namespace flm::sim;
using namespace flm::sim::test;

constexpr CrystalTime ms = 16'000;
}  // namespace

TEST_CASE("the watchdog interrupts first when set to, and resets at the next time-out") {
  ProbeBoard board("watchdog", 2);
  board.run(40 * ms);
  REQUIRE(board.log.size() >= 3);
  CHECK(board.log[1].value == 0x10);  // the interrupt has cleared WDIE
  CHECK(board.log[1].time / ms == 16);
  CHECK(board.log[2].value == 0xDD);
  CHECK(board.log[2].time / ms == 32);
}

TEST_CASE("a watchdog that is fed does not bite, and one that is not does 16 ms later") {
  ProbeBoard board("watchdog", 3);
  board.run(60 * ms);
  REQUIRE(board.log.size() >= 3);
  CHECK(board.log[0].value == 0xAA);
  CHECK(board.log[1].value == 0x40);
  CHECK(board.log[2].value == 0xDD);
  const CrystalTime fed = board.log[1].time;
  CHECK(board.log[2].time >= fed + 16 * ms - 10);
  CHECK(board.log[2].time <= fed + 16 * ms + 100);
}

TEST_CASE("the watchdog's counter has its own oscillator: a slower CPU gets the same time") {
  ProbeBoard board("watchdog", 2, true);
  board.run(40 * ms);
  REQUIRE(board.log.size() >= 3);
  CHECK(board.log[1].time / ms == 16);
  CHECK(board.log[2].time / ms == 32);
}

TEST_CASE("a change of the time-out that comes too late is ignored, and said so") {
  ProbeBoard board("watchdog", 4);
  board.run(5 * ms);
  CHECK(board.chip.data(reg::wdtcsr) == 0x08);  // WDE from the first write, no prescaler
  REQUIRE(board.chip.warnings().size() == 1);
  CHECK(board.chip.warnings()[0].find("watchdog") != std::string::npos);
}

TEST_CASE("an RC oscillator that is slow by 10 % makes the watchdog bite 10 % later") {
  BoardParts parts;
  parts.rc_percent = 10.0;
  ProbeBoard board("watchdog", 2, false, parts);
  board.run(40 * ms);
  REQUIRE(board.log.size() >= 3);
  CHECK(double(board.log[1].time) == Approx(1.1 * 16 * ms).margin(100));
  CHECK(double(board.log[2].time) == Approx(1.1 * 32 * ms).margin(100));
}

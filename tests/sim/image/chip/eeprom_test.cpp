#include <catch2/catch.hpp>

#include "tests/sim/image/probe_board.hpp"

using namespace flm::sim;
using namespace flm::sim::test;

namespace {
constexpr CrystalTime us = 16;
constexpr std::uint8_t eepe = 2;
}  // namespace

TEST_CASE("an EEPROM byte lands when its write ends, 3.4 ms after it began") {
  ProbeBoard board("eeprom");
  board.run(3390 * us);
  REQUIRE(board.log.size() == 2);
  CHECK(board.reports() == std::vector<int>{0xFF, eepe});
  CHECK(board.eeprom.busy());
  CHECK(board.eeprom.contents()[300] == 0xFF);
  board.run(100 * us);
  CHECK(board.eeprom.contents()[300] == 0x3C);
  REQUIRE(board.log.size() >= 3);
  const CrystalTime duration = board.log[2].time - board.log[1].time;
  CHECK(duration > 3399 * us);
  CHECK(duration < 3402 * us);
  REQUIRE(board.eeprom.log().size() == 1);
  CHECK(board.eeprom.log()[0].address == 300);
  CHECK(board.eeprom.log()[0].before == 0xFF);
  CHECK(board.eeprom.log()[0].after == 0x3C);
}

TEST_CASE("erasing or writing alone takes 1.8 ms; writing alone can only clear bits") {
  ProbeBoard erase("eeprom", 1), write("eeprom", 2);
  erase.eeprom.contents()[300] = write.eeprom.contents()[300] = 0x0F;
  erase.run(1'790 * us);
  CHECK(erase.eeprom.busy());
  erase.run(20 * us);
  CHECK_FALSE(erase.eeprom.busy());
  CHECK(erase.eeprom.contents()[300] == 0xFF);
  write.run(1'810 * us);
  CHECK(write.eeprom.contents()[300] == (0x0F & 0x3C));
}

TEST_CASE("a write in progress goes on through a reset of the chip, and EEPE says so") {
  ProbeBoard board("watchdog", 1);
  board.run(15'900 * us);
  REQUIRE(board.reports() ==
          std::vector<int>{0xAA});  // GPIOR1 is cleared by the reset: the second start does not write
  board.run(600 * us);
  CHECK(board.reports().size() >= 3);
  CHECK(board.reports()[1] == 0xDD);
  CHECK(board.reports()[2] == eepe);
  CHECK(board.eeprom.busy());
  board.run(1'000 * us);
  CHECK_FALSE(board.eeprom.busy());
  CHECK(board.eeprom.contents()[20] == 0x42);
}

TEST_CASE("without EEMPE no write begins; the ready interrupt repeats until it is switched off") {
  ProbeBoard board("eeprom");
  board.run(4'000 * us);
  CHECK(board.chip.done());
  CHECK(board.eeprom.contents()[301] == 0xFF);
  CHECK(board.reports() == std::vector<int>{0xFF, eepe, 0xEE, 0x3C, 0, 3});
}

TEST_CASE("a worn cell keeps its worn bits, whatever is written or erased") {
  BoardParts parts;
  parts.worn = {{300, 0x05}, {301, 0xFF}};
  for (const std::uint8_t mode : {std::uint8_t{0}, std::uint8_t{1}, std::uint8_t{2}}) {
    ProbeBoard board("eeprom", mode, false, parts);
    board.eeprom.contents()[300] = 0x82;
    board.run(4'000 * us);
    const int wanted[] = {0x3C, 0xFF, 0x82 & 0x3C};
    CHECK(board.eeprom.contents()[300] == (wanted[mode] & ~0x05));
    CHECK(board.reports()[3] == (wanted[mode] & ~0x05));
    CHECK(board.eeprom.log()[0].after == (wanted[mode] & ~0x05));
  }
}

TEST_CASE("an RC oscillator that is slow by 10 % makes a write longer by 10 %, and a fast one shorter") {
  for (const double percent : {10.0, -15.0}) {
    BoardParts parts;
    parts.rc_percent = percent;
    ProbeBoard board("eeprom", 0, false, parts);
    board.run(5'000 * us);
    REQUIRE(board.eeprom.log().size() == 1);
    const double duration = double(board.eeprom.log()[0].end - board.eeprom.log()[0].begin);
    CHECK(duration == Approx(3'400'000 * (1.0 + percent / 100.0)).margin(200.0));
  }
}

TEST_CASE("EEAR cannot be changed while a write is in progress") {
  ProbeBoard board("eeprom", 4);
  board.run(4'000 * us);
  REQUIRE(board.reports().size() >= 3);
  CHECK(board.reports()[2] == (300 & 0xFF));
  CHECK(board.eeprom.contents()[300] == 0x3C);
  REQUIRE(board.chip.warnings().size() == 1);
  CHECK(board.chip.warnings()[0].find("EEAR") != std::string::npos);
}

#include <catch2/catch.hpp>

#include "tests/image/probe_board.hpp"

using namespace flm::sim;
using namespace flm::sim::test;

namespace {
// As in probes/adc.cpp.
enum : std::uint8_t {
  clear_flag = 1,
  no_interrupt = 2,
  software = 4,
  free_running = 8,
  short_period = 16,
  avcc = 32,
  late_trigger = 64,
  half_read = 128
};
constexpr CrystalTime adc_clock = 128, tick = 2560, ms = 16'000;
constexpr std::uint8_t adsc = 0x40, adif = 0x10;
}  // namespace

TEST_CASE("a trigger flag that nothing clears starts one conversion and no more") {
  ProbeBoard board("adc");
  board.run(100 * ms);
  CHECK(board.conversions.size() == 1 + 1);  // the first warms the converter up
}

TEST_CASE("a trigger flag that is cleared starts a conversion every tick, without jitter") {
  ProbeBoard board("adc", clear_flag);
  board.run(100 * ms);
  REQUIRE(board.conversions.size() >= 600);
  for (std::size_t i = 2; i < board.conversions.size(); ++i)
    REQUIRE(board.conversions[i].start - board.conversions[i - 1].start == tick);
}

TEST_CASE("a triggered conversion ends 13.5 converter clocks after its trigger") {
  ProbeBoard board("adc", no_interrupt);
  while (board.conversions.size() < 2) board.run(1);
  const CrystalTime end = board.conversions[1].start + 27 * adc_clock / 2;
  board.chip.run_until(end - 4);
  CHECK((board.chip.data(reg::adcsra) & (adsc | adif)) == adsc);
  board.chip.run_until(end + 4);
  CHECK((board.chip.data(reg::adcsra) & (adsc | adif)) == adif);
}

TEST_CASE("the first conversion after the converter is switched on takes 25 clocks, the next 13") {
  ProbeBoard board("adc", software);
  board.run(20 * ms);
  REQUIRE(board.conversions.size() == 3);
  REQUIRE(board.log.size() == 6);
  const CrystalTime first = board.log[0].time - board.conversions[0].start;
  const CrystalTime second = board.log[2].time - board.conversions[1].start;
  CHECK(first >= 25 * adc_clock);
  CHECK(first < 25 * adc_clock + 20);  // and the loop that waits for it
  CHECK(second >= 13 * adc_clock);
  CHECK(second < 13 * adc_clock + 20);
}

TEST_CASE("the input is the one selected when the conversion starts, whatever is selected meanwhile") {
  ProbeBoard board("adc", software);
  board.run(20 * ms);
  REQUIRE(board.conversions.size() == 3);
  CHECK(board.conversions[0].input == 0);
  CHECK(board.conversions[1].input == 1);
  CHECK(board.conversions[2].input == 2);
  // 300, 310, 320 as low and high byte: the code that the conversion's own input had.
  CHECK(board.reports() == std::vector<int>{300 & 255, 1, 310 & 255, 1, 320 & 255, 1});
}

TEST_CASE("a selection in the interrupt reaches the next triggered conversion, but only the second free-running one") {
  ProbeBoard triggered("adc", clear_flag);
  triggered.run(20 * ms);
  REQUIRE(triggered.conversions.size() > 6);
  CHECK(triggered.conversions[1].input == 0);
  CHECK(triggered.conversions[2].input == 1);
  CHECK(triggered.conversions[3].input == 0);

  ProbeBoard running("adc", free_running);
  running.run(20 * ms);
  REQUIRE(running.conversions.size() > 6);
  CHECK(running.conversions[1].input == 0);
  CHECK(running.conversions[2].input == 0);
  CHECK(running.conversions[3].input == 1);
  CHECK(running.conversions[4].start - running.conversions[3].start == 13 * adc_clock);
}

TEST_CASE("a trigger during a conversion is ignored") {
  ProbeBoard board("adc", short_period);  // a trigger every 1280 cycles, a conversion takes 1728
  board.run(50 * ms);
  REQUIRE(board.conversions.size() > 100);
  CHECK(board.conversions[50].start - board.conversions[49].start == 2 * 1280);
}

TEST_CASE("between reading ADCL and ADCH no new result is stored") {
  ProbeBoard board("adc", half_read);
  board.run(20 * ms);
  REQUIRE(board.conversions.size() == 3);
  // The first conversion's low byte, its high byte after the second, and again both: the second's 310 was lost.
  CHECK(board.reports() == std::vector<int>{300 & 255, 1, 300 & 255, 1, 320 & 255});
}

TEST_CASE("selecting a trigger whose flag is already set starts a conversion") {
  ProbeBoard board("adc", late_trigger);
  board.run(20 * ms);
  REQUIRE(board.log.size() == 1);
  REQUIRE(board.conversions.size() == 2);
  CHECK(board.conversions[1].start >= board.log[0].time);
}

TEST_CASE("a conversion against another reference than 1.1 V is reported") {
  ProbeBoard board("adc", clear_flag | avcc);
  board.run(10 * ms);
  REQUIRE(board.chip.warnings().size() == 1);
  CHECK(board.chip.warnings()[0].find("1.1 V") != std::string::npos);
}

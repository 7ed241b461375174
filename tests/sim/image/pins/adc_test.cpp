#include <catch2/catch.hpp>

#include "tests/sim/image/probe_board.hpp"

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

TEST_CASE(
    "a selection in the interrupt reaches the next triggered conversion, but only the second free-running "
    "one") {
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
  // The first conversion's low byte, its high byte after the second, and again both: the second's 310 was
  // lost.
  CHECK(board.reports() == std::vector<int>{300 & 255, 1, 300 & 255, 1, 320 & 255});
}

TEST_CASE("selecting a trigger whose flag is already set starts a conversion") {
  ProbeBoard board("adc", late_trigger);
  board.run(20 * ms);
  REQUIRE(board.log.size() == 1);
  REQUIRE(board.conversions.size() == 2);
  CHECK(board.conversions[1].start >= board.log[0].time);
}

TEST_CASE("a conversion against a different reference than 1.1 V is reported") {
  ProbeBoard board("adc", clear_flag | avcc);
  board.run(10 * ms);
  REQUIRE(board.chip.warnings().size() == 1);
  CHECK(board.chip.warnings()[0].find("1.1 V") != std::string::npos);
}

namespace {
// As in probes/sleep.cpp.
enum : std::uint8_t {
  converter = 1,
  warmed_up = 2,
  running = 4,
  already_woken = 8,
  forbidden = 16,
  noise_reduction = 32,
  triggered = 64
};
constexpr std::uint8_t warm = converter | warmed_up;

CrystalTime goes_to_sleep(const ProbeBoard& board) {
  for (const ProbeBoard::Report& report : board.log)
    if (report.value == 2) return report.time;
  return -1;
}
CrystalTime interrupt_after(const ProbeBoard& board, CrystalTime time) {
  for (const ProbeBoard::Report& report : board.log)
    if (report.value == 0xAD && report.time > time) return report.time;
  return -1;
}
}  // namespace

TEST_CASE("going to sleep starts a conversion of the selected input, that ends 13 clocks later") {
  for (const std::uint8_t how :
       {std::uint8_t{warm}, std::uint8_t{warm | noise_reduction}, std::uint8_t{warm | triggered}}) {
    ProbeBoard board("sleep", how);
    board.run(3 * ms);
    REQUIRE(board.conversions.size() >= 2);
    const ProbeBoard::Conversion& by_sleep = board.conversions[1];
    CHECK(by_sleep.input == 5);
    CHECK(by_sleep.start - goes_to_sleep(board) > 0);
    CHECK(by_sleep.start - goes_to_sleep(board) < 8);
    const CrystalTime duration = interrupt_after(board, by_sleep.start) - by_sleep.start;
    CHECK(duration >= 13 * adc_clock);
    CHECK(duration < 13 * adc_clock + 40);  // and the way into the handler
  }
}

TEST_CASE("a conversion that sleep starts takes 25 clocks when it is the converter's first") {
  ProbeBoard board("sleep", converter);
  board.run(1 * ms);
  REQUIRE(board.conversions.size() >= 1);
  const CrystalTime duration = interrupt_after(board, 0) - board.conversions[0].start;
  CHECK(duration >= 25 * adc_clock);
  CHECK(duration < 25 * adc_clock + 40);
}

TEST_CASE("going to sleep starts a conversion even when an interrupt waits that wakes the CPU at once") {
  ProbeBoard board("sleep", warm | already_woken);
  while (goes_to_sleep(board) < 0) board.run(1);
  board.run(8);
  CHECK(board.conversions.size() == 2);
}

TEST_CASE(
    "going to sleep starts no conversion while one is running, with the converter off, or when SLEEP does "
    "nothing") {
  ProbeBoard busy("sleep", warm | running);
  while (goes_to_sleep(busy) < 0) busy.run(1);
  busy.run(1'000);
  CHECK(busy.conversions.size() == 2);
  CHECK(busy.conversions[1].start < goes_to_sleep(busy));

  ProbeBoard off("sleep"), awake("sleep", warm | forbidden);
  off.run(3 * ms);
  CHECK(off.conversions.empty());
  awake.run(3 * ms);
  CHECK(awake.conversions.size() == 1);
}

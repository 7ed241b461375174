#include <catch2/catch.hpp>

#include "tests/sim/image/probe_board.hpp"

using namespace flm::sim;
using namespace flm::sim::test;

TEST_CASE("a measured run reports conversions, handler times and missed triggers") {
  ProbeBoard board("adc", 1);
  Recorder recorder(board.chip, 2560);
  board.chip.observe(&recorder);
  board.run(1'600'000);
  const Measurements& m = recorder.figures();
  CHECK(m.duration >= 100'000'000);
  CHECK(m.duration < 100'000'000 + 500);  // to the end of the instruction
  CHECK(m.conversions == board.conversions.size());
  CHECK(m.start_jitter == 0);
  CHECK(m.missed_triggers == 0);
  REQUIRE(m.interrupts.count("ADC") == 1);
  const InterruptTimes& adc = m.interrupts.at("ADC");
  CHECK(adc.count == m.conversions - 1);  // the first conversion has no interrupt
  CHECK(adc.min == adc.max);              // nothing in the handler depends on the data
  CHECK(adc.min > 4 + 3 + 4);
  CHECK(m.interrupt_share == Approx(double(adc.count * adc.min) / double(m.cycles)).margin(0.001));
  CHECK(adc.worst_latency >= 4);
  CHECK(adc.worst_latency <= 4 + 3);  // the loop's longest instruction, before it
  CHECK(m.longest_interrupts_off < adc.max + 10);
  CHECK(m.deepest_stack > 2);
  CHECK(m.deepest_stack < 40);
}

TEST_CASE("triggers whose flag is still set are counted as missed") {
  ProbeBoard board("adc", 0);
  Recorder recorder(board.chip, 2560);
  board.chip.observe(&recorder);
  board.run(1'600'000);
  CHECK(recorder.figures().conversions == 2);
  CHECK(recorder.figures().missed_triggers > 600);
}

TEST_CASE("SPI answers, collisions and overruns are measured") {
  ProbeBoard board("spi", 1);
  Recorder recorder(board.chip, 2560);
  board.chip.observe(&recorder);
  board.run(1000);
  for (int i = 0; i < 10; ++i) {
    board.spi.begin();
    board.run(128);
    board.spi.end(0x10);
    board.run(800);
  }
  const Measurements& m = recorder.figures();
  CHECK(m.spi_bytes == 10);
  CHECK(m.spi_collisions == 0);
  CHECK(m.spi_overruns == 0);
  CHECK(m.spi_underruns == 0);
  CHECK(m.worst_spi_answer > 1'000);
  CHECK(m.worst_spi_answer < 4'000);

  ProbeBoard late("spi", 1 | 16);
  Recorder late_recorder(late.chip, 2560);
  late.chip.observe(&late_recorder);
  late.run(1000);
  for (int i = 0; i < 3; ++i) {
    late.spi.begin();
    late.run(128);
    late.spi.end(0x10);
    late.run(100);
  }
  CHECK(late_recorder.figures().spi_underruns >= 1);
}

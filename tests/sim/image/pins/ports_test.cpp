#include "sim/image/pins/ports.hpp"

#include <catch2/catch.hpp>

#include "tests/sim/image/probe_board.hpp"

using namespace flm::sim;
using namespace flm::sim::test;

namespace {

constexpr Nanoseconds us = 1000;
constexpr CrystalTime us_crystal = 16;
constexpr std::uint8_t pull_ups = 0x33, analog = 0x04;

BoardModel flm02b_ports() {
  BoardModel board;
  board.name = "flm02b";
  board.switched_ports = {2, 3};
  board.inverts_meter_line = true;
  board.pulse_inputs = {{2, 'C', 0, true}, {3, 'C', 1, true}, {4, 'C', 4, false}, {5, 'C', 5, false}};
  return board;
}

/// All contacts close at 100 us and open at 300 us.
Ports::Contacts one_pulse() {
  return {[](int, Nanoseconds t) { return t < 100 * us || t >= 300 * us; },
          [](Nanoseconds t) { return t < 100 * us   ? 100 * us
                                     : t < 300 * us ? 300 * us
                                                    : kNever; }};
}

}  // namespace

TEST_CASE(
    "a closed contact pulls its pin low against the pull-up, whatever is written to the port meanwhile") {
  const BoardModel model = flm02b_ports();
  ProbeBoard board("ports", pull_ups);
  Ports ports(board.chip, model, one_pulse());
  board.run(500 * us_crystal);
  REQUIRE(board.reports() == std::vector<int>{0x33, 0x00, 0x33});
  CHECK(board.log[1].time >= 100 * us_crystal);
  CHECK(board.log[1].time < 106 * us_crystal);
  CHECK(board.log[2].time >= 300 * us_crystal);
  CHECK(board.log[2].time < 306 * us_crystal);
}

TEST_CASE("an edge on a contact is one pin-change interrupt") {
  const BoardModel model = flm02b_ports();
  ProbeBoard board("ports", pull_ups);
  Ports ports(board.chip, model, one_pulse());
  board.run(50 * us_crystal);
  const int at_start = board.chip.data(ProbeBoard::gpior2);
  board.run(450 * us_crystal);
  CHECK(board.chip.data(ProbeBoard::gpior2) - at_start == 2);
}

TEST_CASE("a pin without pull-up reads low") {
  const BoardModel model = flm02b_ports();
  ProbeBoard board("ports", 0x10);
  Ports ports(board.chip, model, one_pulse());
  board.run(50 * us_crystal);
  CHECK(board.reports() == std::vector<int>{0x10});
}

TEST_CASE("ports 2 and 3 follow their contacts only while the analog front end is off") {
  const BoardModel model = flm02b_ports();
  ProbeBoard board("ports", pull_ups | analog);
  Ports ports(board.chip, model, one_pulse());
  board.run(50 * us_crystal);
  CHECK(ports.analog_front_end());
  CHECK(board.reports() == std::vector<int>{0x30});
  board.chip.data(ProbeBoard::gpior1) = pull_ups;
  board.run(20 * us_crystal);
  CHECK_FALSE(ports.analog_front_end());
  CHECK(board.reports() == std::vector<int>{0x30, 0x33});
}

TEST_CASE("the LED is lit while PB0 is an output and low") {
  const BoardModel model = flm02b_ports();
  ProbeBoard board("ports", pull_ups);
  Ports ports(board.chip, model, one_pulse());
  CHECK_FALSE(ports.led());
  board.run(50 * us_crystal);
  const bool now = ports.led();
  CHECK(now == ((board.chip.data(reg::portb) & 1) == 0));
}

TEST_CASE("contacts work on after a watchdog reset, and the time goes on") {
  const BoardModel model = flm02b_ports();
  ProbeBoard board("watchdog");
  // Closed from 20 ms to 21 ms: after the first reset, at 16 ms.
  const Nanoseconds ms = 1'000'000;
  Ports ports(board.chip, model,
              {[ms](int, Nanoseconds t) { return t < 20 * ms || t >= 21 * ms; },
               [ms](Nanoseconds t) { return t < 20 * ms   ? 20 * ms
                                            : t < 21 * ms ? 21 * ms
                                                          : kNever; }});
  board.run(24 * 16'000);
  CHECK(board.reports() == std::vector<int>{0xAA, 0x10, 0xDD, 0, 0x10, 0x00, 0x10});
  REQUIRE(board.log.size() == 7);
  CHECK(board.log[2].time > 15'900 * us_crystal);
  CHECK(board.log[2].time < 16'500 * us_crystal);
  CHECK(board.log[5].time >= 20'000 * us_crystal);
  CHECK(board.log[5].time < 20'006 * us_crystal);
}

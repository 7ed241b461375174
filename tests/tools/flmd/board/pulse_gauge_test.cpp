// The formula of the stock main board between pulses, and the fall after them, which it lacks.
#include "tools/flmd/board/pulse_gauge.hpp"

#include <catch2/catch.hpp>

using namespace flm::flmd;

namespace {

constexpr std::int64_t second = 1'000, hour = 3'600'000;
constexpr flm::history::Milli one = 1'000;

}  // namespace

TEST_CASE("two pulses of 1 Wh, 1.8 s apart, are 2000 W") {
  PulseGauge gauge("electricity", one, 0);
  CHECK(gauge.pulse(10 * one, 1'000, 0) == std::nullopt);
  CHECK(gauge.pulse(11 * one, 2'800, 2 * second) == 2'000);  // 1 / 1800 * 3 600 000
}

TEST_CASE("a gauge is rounded to the nearest, halves upwards") {
  PulseGauge gauge("electricity", one, 0);
  gauge.pulse(0, 0, 0);
  CHECK(gauge.pulse(1 * one, 7'000, second) == 514);             // 514.29
  CHECK(gauge.pulse(2 * one, 14'012, second) == 513);            // 513.41
  CHECK(gauge.pulse(3 * one, 14'012 + 1'440'000, second) == 3);  // 2.5
}

TEST_CASE("gas and water are in litres a day") {
  PulseGauge gauge("gas", 10 * one, 0);
  gauge.pulse(0, 5'000, 0);
  CHECK(gauge.pulse(10 * one, 65'000, 60 * second) == 14'400);  // 10 L a minute
}

TEST_CASE("thousandths of a counter count") {
  PulseGauge gauge("electricity", 500, 0);
  gauge.pulse(2'500, 1'000, 0);
  CHECK(gauge.pulse(3'000, 2'000, second) == 1'800);  // 0.5 / 1000 * 3 600 000
}

TEST_CASE("a counter that wraps at 2^32 goes on") {
  PulseGauge gauge("electricity", one, 0);
  gauge.pulse(0xFFFF'FFFF * one, 1'000, 0);
  CHECK(gauge.pulse(1 * one, 4'600, second) == 2'000);  // 2 Wh in 3.6 s
}

TEST_CASE("ms that have not grown are a new base and give no gauge") {
  PulseGauge gauge("electricity", one, 0);
  gauge.pulse(10 * one, 5'000, 0);
  CHECK(gauge.pulse(11 * one, 5'000, second) == std::nullopt);
  CHECK(gauge.pulse(12 * one, 100, 2 * second) == std::nullopt);  // the board was reset
  CHECK(gauge.pulse(13 * one, 1'900, 3 * second) == 2'000);
}

TEST_CASE("a counter that was set to a lower value gives no gauge") {
  PulseGauge gauge("electricity", one, 0);
  gauge.pulse(1'000 * one, 5'000, 0);
  CHECK(gauge.pulse(1 * one, 6'000, second) == std::nullopt);
  CHECK(gauge.pulse(2 * one, 7'800, 2 * second) == 2'000);
}

TEST_CASE("a counter that was set to a higher value, or is another board's, gives no gauge") {
  PulseGauge gauge("electricity", one, 0);
  gauge.pulse(10 * one, 5'000, 0);
  CHECK(gauge.pulse(1'699'569 * one, 6'800, second) == std::nullopt);  // more than a pulse a ms
  CHECK(gauge.pulse(1'699'570 * one, 8'600, 2 * second) == 2'000);
  // 250 pulses a second, the most that a board counts, are far below.
  CHECK(gauge.pulse(1'699'820 * one, 9'600, 3 * second) == 900'000);
}

TEST_CASE("without pulses the gauge is at most one pulse in the time since the last") {
  PulseGauge gauge("electricity", one, 0);
  gauge.pulse(10 * one, 1'000, 0);
  gauge.pulse(11 * one, 2'800, 0);
  CHECK(gauge.tick(1 * second) == std::nullopt);  // 3600 W would be possible, 2000 W were
  CHECK(gauge.tick(2 * second) == 1'800);
  CHECK(gauge.tick(60 * second) == 60);
  CHECK(gauge.tick(900 * second) == 4);
  CHECK(gauge.tick(901 * second) == std::nullopt);  // said only when it changes
  CHECK(gauge.tick(hour - 1) == 1);
  CHECK(gauge.tick(hour) == 0);
  CHECK(gauge.tick(2 * hour) == std::nullopt);
}

TEST_CASE("the next pulse ends the fall, and counts from the last one") {
  PulseGauge gauge("electricity", one, 0);
  gauge.pulse(10 * one, 1'000, 0);
  gauge.pulse(11 * one, 2'800, 0);
  gauge.tick(60 * second);
  CHECK(gauge.pulse(12 * one, 62'800, 60 * second) == 60);
  CHECK(gauge.tick(61 * second) == std::nullopt);
}

TEST_CASE("a leak whose pulses are three hours apart is not 0 in between") {
  PulseGauge gauge("water", one, 0);
  gauge.pulse(0, 0, 0);
  CHECK(gauge.pulse(1 * one, 3 * hour, 0) == 8);
  CHECK(gauge.tick(2 * hour) == std::nullopt);
  CHECK(gauge.tick(5 * hour) == 5);  // 1 L / 5 h
  CHECK(gauge.tick(6 * hour) == 0);
}

TEST_CASE("a meter that stood still for a day has no gauge left") {
  PulseGauge gauge("water", 10 * one, 0);
  gauge.pulse(0, 0, 0);
  CHECK(gauge.pulse(10 * one, 20 * hour, 0) == 12);
  CHECK(gauge.tick(24 * hour - 1) == 10);
  CHECK(gauge.tick(24 * hour) == 0);
}

TEST_CASE("without a pulse since the start the gauge is unknown for an hour, then 0") {
  PulseGauge gauge("electricity", one, 5 * second);
  CHECK(gauge.tick(hour) == std::nullopt);
  CHECK(gauge.tick(hour + 5 * second) == 0);
}

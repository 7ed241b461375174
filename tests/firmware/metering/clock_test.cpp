#include "firmware/metering/clock.hpp"

#include <catch2/catch.hpp>
#include <cmath>

#include "boards/flm02a/board.hpp"
#include "boards/flm02b/board.hpp"

using flm::boards::Flm02a;
using flm::boards::Flm02b;
template <class Board>
using ClockOf = flm::metering::ScanClock<typename Board::Sampling>;

TEST_CASE("a scan of three conversions is 15/32 ms on FLM02A and 12/25 ms on FLM02B") {
  // 3 * 576 cycles of 3.6864 MHz, 3 * 2560 cycles of 16 MHz.
  CHECK(ClockOf<Flm02a>::numerator * 32 == ClockOf<Flm02a>::denominator * 15);
  CHECK(ClockOf<Flm02b>::numerator * 25 == ClockOf<Flm02b>::denominator * 12);
}

TEMPLATE_TEST_CASE(
    "after every scan of a day the milliseconds are exact, and a second ends every 1000 of them", "", Flm02a,
    Flm02b) {
  constexpr std::uint64_t cycles = 3 * TestType::Sampling::tick_cycles, hz = TestType::cpu_hz;
  constexpr std::uint64_t day = std::uint64_t{86400} * hz / cycles;
  ClockOf<TestType> clock;
  std::uint64_t seconds = 0;
  for (std::uint64_t scans = 1; scans <= day; ++scans) {
    const bool second = clock.scan();
    const std::uint64_t wanted = scans * cycles * 1000 / hz;
    if (clock.milliseconds() != wanted) FAIL(clock.milliseconds() << " ms after " << scans << " scans");
    seconds += second ? 1 : 0;
    if (seconds != wanted / 1000) FAIL(seconds << " seconds after " << scans << " scans");
  }
  CHECK(clock.milliseconds() == 86400000u);
  CHECK(seconds == 86400u);
}

TEMPLATE_TEST_CASE(
    "scans of a time are at least that time, by less than one scan; of seconds one scan less at the most", "",
    Flm02a, Flm02b) {
  constexpr double scan_ms = 3000.0 * TestType::Sampling::tick_cycles / TestType::cpu_hz;
  for (std::uint32_t tenths = 1; tenths <= 0xFFFF; ++tenths) {
    const double ms = ClockOf<TestType>::scans_of_tenths(static_cast<std::uint16_t>(tenths)) * scan_ms;
    const double least = tenths / 10.0 - (tenths <= 1000 ? 1e-9 : scan_ms);
    if (ms < least || ms >= tenths / 10.0 + scan_ms) FAIL(tenths << " tenths are taken for " << ms << " ms");
  }
}

TEST_CASE("scans of the debounce times") {
  // 6.0, 1.5, 100.0 ms over 0.46875 ms: 12.8, 3.2, 213.3; over 0.48 ms: 12.5, 3.125, 208.3; rounded up.
  CHECK(ClockOf<Flm02a>::scans_of_tenths(60) == 13);
  CHECK(ClockOf<Flm02a>::scans_of_tenths(15) == 4);
  CHECK(ClockOf<Flm02a>::scans_of_tenths(1000) == 214);
  CHECK(ClockOf<Flm02b>::scans_of_tenths(60) == 13);
  CHECK(ClockOf<Flm02b>::scans_of_tenths(15) == 4);
  CHECK(ClockOf<Flm02b>::scans_of_tenths(1000) == 209);
  // 6.5535 s: 13 980.8 and 13 653.1; the fixed point leaves out 0.01 and 0.33 of a scan.
  CHECK(ClockOf<Flm02a>::scans_of_tenths(65535) == 13981);
  CHECK(ClockOf<Flm02b>::scans_of_tenths(65535) == 13653);
}

TEMPLATE_TEST_CASE("milliseconds of scans are rounded to the nearest", "", Flm02a, Flm02b) {
  constexpr double scan_ms = 3000.0 * TestType::Sampling::tick_cycles / TestType::cpu_hz;
  for (unsigned scans = 0; scans <= 13981; ++scans) {
    const double error =
        ClockOf<TestType>::milliseconds_of(static_cast<std::uint16_t>(scans)) - scans * scan_ms;
    // The fixed point is 9e-6 too small: 0.06 ms of the longest.
    if (std::abs(error) > (scans < 256 ? 0.5 : 0.56)) FAIL(scans << " scans are off by " << error << " ms");
  }
}

TEST_CASE("a board with one clamp has a scan every conversion, and a first second of the length it wants") {
  flm::metering::ScanClock<flm::boards::SampleClock<16000000, 64, 120, 128, 1>>
      clock;  // 12/25 ms, as three on FLM02B
  const auto scans_to_a_second = [&clock] {
    unsigned scans = 1;
    while (!clock.scan()) ++scans;
    return scans;
  };
  clock.start(1000);
  CHECK(scans_to_a_second() == 2084u);  // 1000.32 ms
  CHECK(scans_to_a_second() == 2083u);  // 2000.16 ms
  CHECK(scans_to_a_second() == 2083u);  // 3000.00 ms
}

#include "tools/mainboard/config/meter_constant.hpp"

#include <catch2/catch.hpp>

using flm::pulse_constant;
using flm::PulseConstant;

TEST_CASE("whole thousandths stay thousandths, which stock firmware knows") {
  for (const std::uint32_t thousandths : {1u, 125u, 500u, 1000u, 2500u, 13333u, 65535999u}) {
    const auto found = pulse_constant(thousandths / 1000.0);
    REQUIRE(found);
    CHECK(found->constant == thousandths / 1000);
    CHECK(found->fraction == thousandths % 1000);
  }
}

TEST_CASE("any whole number of pulses per kWh that meters have is exact") {
  // 16 is the least that fits 16 bits whatever its factors: 63 x 16 > 1000, 63 x 1000 < 65536. From 4096 on
  // the number must share a factor with 1000.
  for (std::uint32_t pulses = 16; pulses <= 4095; ++pulses) {
    const auto found = pulse_constant(1000.0 / pulses);
    if (!found) FAIL(pulses << " pulses per kWh have no constant");
    const std::uint64_t parts = found->divides()
                                    ? std::uint64_t{found->constant} * pulses
                                    : (std::uint64_t{found->constant} * 1000 + found->fraction) * pulses;
    if (parts != (found->divides() ? 1000u * std::uint64_t{found->fraction} : 1000u * 1000u))
      FAIL(pulses << " pulses are not a kWh");
    if (found->divides() && (found->fraction > 4095 || found->constant > 65535))
      FAIL(pulses << ": the link does not hold it");
  }
  for (const std::uint32_t pulses :
       {4096u, 4800u, 5000u, 6400u, 7200u, 9600u, 10000u, 12800u, 16000u, 40000u, 100000u})
    CHECK(pulse_constant(1000.0 / pulses));
}

TEST_CASE("where a kWh is a divisor's number of pulses, the constant is 1000") {
  for (const std::uint32_t pulses : {1024u, 3200u, 3600u, 4095u}) {
    const auto found = pulse_constant(1000.0 / pulses);
    REQUIRE(found);
    CHECK(found->constant == 1000);
    CHECK(found->fraction == pulses);
  }
}

TEST_CASE("an amount that a board cannot count exactly is not a constant") {
  for (const double per_pulse :
       {0.3333333, 0.20833, 7.123456, 1000.0 / 7.0, 1000.0 / 4099.0, 0.0001, 0.0, 65536.0})
    CHECK_FALSE(pulse_constant(per_pulse));
}

TEST_CASE("the same amount is the same, whatever it is written as") {
  CHECK(PulseConstant{0, 500}.equals({600, 1200}));
  CHECK(PulseConstant{1000, 3200}.equals({625, 2000}));
  CHECK_FALSE(PulseConstant{1000, 3200}.equals({0, 312}));
  CHECK(PulseConstant{1000, 3200}.per_pulse() == 0.3125);
  CHECK(PulseConstant{3, 7}.per_pulse() == Approx(3.007));
}

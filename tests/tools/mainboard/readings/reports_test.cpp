#include "tools/mainboard/readings/reports.hpp"

#include <catch2/catch.hpp>

#include "tools/mainboard/readings/record_json.hpp"

using namespace flm;
using namespace flm::mainboard;

namespace {

/// A `gz` reply: gas of 1234 l, 10 telegrams, 5000 Wh from the grid and 7000 Wh to it.
MeterReport report() {
  return {2.0, {3, 10, 0, 5000, 7000, 1234, 2311021115, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0, 1}};
}

Reading meter(std::uint32_t counter, std::uint32_t extra = 0) {
  return {1.0, 6, counter, 0, SensorKind::meter, extra, false, {}};
}

}  // namespace

TEST_CASE("a gd reply is a reading for each sensor that changed, of the kind that the sensor has") {
  const auto kind_of = [](int sensor) { return sensor == 4 ? SensorKind::pulse : SensorKind::clamp; };
  const auto readings = readings_of(decode("gd000000000a000000000064030000000701f400002710"), 5.0, kind_of);
  REQUIRE(readings.size() == 2);
  CHECK(to_json(readings[0]) == R"({"t":5.000,"sensor":1,"counter":10,"power":100})");
  CHECK(to_json(readings[1]) == R"({"t":5.000,"sensor":4,"counter":7.5,"stamp_ms":10000})");
  CHECK(readings_of(decode("gd"), 5.0, kind_of).empty());
  CHECK(readings_of(decode("zz"), 5.0, kind_of).empty());
}

TEST_CASE("a meter's counter and power have a sign") {
  CHECK(meter(0xFFFFFFFF, 0xFFFFFC18).count() == -1.0);
  CHECK(meter(0xFFFFFFFF, 0xFFFFFC18).power() == -1000);
  CHECK_FALSE(meter(1, protocol::p1::power_not_told).has_power());
  CHECK(Reading{0, 1, 0xFFFFFFFF, 0, SensorKind::clamp, 0, false, {}}.count() == 4294967295.0);
}

TEST_CASE("a meter's own registers say the sign beyond 2^31 Wh, unless the counter is a different one") {
  MeterReport from_grid = report();
  from_grid.fields[3] = 3'000'000'000;  // More than 2^31 Wh: in two's complement it would be below zero.
  from_grid.fields[4] = 0;
  Reading reading = meter(3'000'000'001);
  CHECK(reading.whole() < 0);
  sign_by(from_grid, reading);
  CHECK(reading.whole() == 3'000'000'001);
  Reading set_by_owner = meter(77);
  sign_by(from_grid, set_by_owner);
  CHECK(set_by_owner.whole() == 77);
}

TEST_CASE("a smart meter's report has names, and the reasons of refusals") {
  CHECK(to_json(report()) ==
        R"({"t":2.000,"meter":{"telegrams":10,"import_wh":5000,"export_wh":7000,"gas_l":1234,)"
        R"("gas_time":"2023-11-02T11:15","refused":{"crc":5,"overrun":1}}})");
  CHECK(meter_refusal_text(report()) ==
        "5 telegrams refused, the CRC does not match; 1 bytes lost, the board could "
        "not read them in time");
  MeterReport noisy = report();
  noisy.fields[7 + 2] = 255;
  noisy.fields.back() = 0;
  CHECK(meter_refusal_text(noisy) == "255 or more telegrams refused, the CRC does not match");
  CHECK(meter_refusals(noisy).size() == 12);
  noisy.fields[7 + 2] = 0;
  CHECK(meter_refusal_text(noisy).empty());
  CHECK(meter_refusal_json(noisy).empty());
  CHECK_FALSE(meter_report_of(decode("gz"), 0.0));
}

TEST_CASE("a board's health has what its firmware reports") {
  CHECK_FALSE(health_of(decode("gr")));
  const auto first = health_of(decode("gr0400000010"));
  REQUIRE(first);
  CHECK(first->reset_cause == 4);
  CHECK(first->uptime_s == 16);
  CHECK_FALSE(first->now);
  CHECK_FALSE(first->clipped(1));
  const auto health = health_of(decode("gr01000000100a00400007"));  // Worn, and clamp 2 clipped.
  REQUIRE(health->now);
  CHECK(health->now->worn);
  CHECK_FALSE(health->now->supply_low);
  CHECK(health->clipped(2));
  CHECK_FALSE(health->clipped(1));
  CHECK_FALSE(health->clipped(4));
  CHECK(health->now->unused_stack == 64u);
  CHECK(health->now->eeprom_writes == 7);
}

TEST_CASE("raw seconds and error counters have each field in its place") {
  const auto second = statistics_of(decode("ga0200010002000300040005000000060000000700000008"));
  REQUIRE(second);
  CHECK(second->samples == 1);
  CHECK(second->clipped == 5);
  CHECK(second->squares == 8);
  const auto errors = errors_of(decode("gx000102000304050607"));
  CHECK_FALSE(errors_of(decode("gx")));
  REQUIRE(errors);
  CHECK(errors->malformed == 1);
  CHECK(errors->dropped == 2);
  CHECK(errors->channel_wrong == 3);
  CHECK(errors->channel_dropped == 4);
  CHECK(errors->channel_refused == 5);
  CHECK(errors->radio_restarts == 6);
}

TEST_CASE("a program may add a sensor's name and the time of day to a reading's line") {
  Reading reading{3.0, 1, 10, 0, SensorKind::clamp, 100, true, {}};
  LineExtras extras;
  extras.t = "3.0";
  extras.name = "\"Küche\"";
  extras.unix = 1700000000.5;
  CHECK(
      to_json(reading, extras) ==
      R"({"t":3.0,"sensor":1,"name":"\"Küche\"","counter":10,"power":100,"clipped":true,"unix":1700000000.5})");
}

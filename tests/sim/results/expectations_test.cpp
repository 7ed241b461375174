#include "sim/results/expectations.hpp"

#include <catch2/catch.hpp>

#include "sim/scenario/time.hpp"

using namespace flm::sim;

namespace {

/// Power 100, 200, 300 W at 1, 2, 3 s; counter 1, 2, 3.
std::vector<ExpectationResult> judged(const Expectation& e) {
  Scenario s;
  s.path = "s.toml";
  s.duration = 3.0;
  s.expectations = {e};
  std::vector<Record> records;
  for (unsigned i = 1; i <= 3; ++i)
    records.emplace_back(Reading{double(i), 1, i, 0, SensorKind::clamp, 100 * i, false, {}});
  return check(s, records);
}

Expectation expect(double from, std::optional<double> to) {
  Expectation e;
  e.sensor = 1;
  e.from = from;
  e.to = to;
  e.line = 7;
  return e;
}

}  // namespace

TEST_CASE("power is the mean over the readings after from, up to and with to") {
  Expectation e = expect(1.0, 3.0);
  e.power = 250.0;
  CHECK(judged(e).at(0).ok);
  e.power = 250.1;
  CHECK_FALSE(judged(e).at(0).ok);
  e.tolerance = "1%";
  CHECK(judged(e).at(0).ok);
  e.tolerance = "0.05";
  CHECK_FALSE(judged(e).at(0).ok);
  CHECK(judged(e).at(0).message == "s.toml:7: sensor 1 power: 250.000, expected 250.100 within 0.050");
}

TEST_CASE("a counter is the last one up to to, or of the run") {
  Expectation e = expect(0.0, 2.5);
  e.counter = 2.0;
  CHECK(judged(e).at(0).ok);
  e.to.reset();
  CHECK_FALSE(judged(e).at(0).ok);
}

TEST_CASE("an expectation without a reading fails and says so") {
  Expectation e = expect(0.2, 0.5);
  e.counter = 0.0;
  CHECK(judged(e).at(0).message == "s.toml:7: sensor 1 counter: no reading from 0.2 s to 0.5 s; expected 0");
  CHECK_FALSE(judged(e).at(0).ok);
}

TEST_CASE("a reading that is asked for at a whole second has that very time") {
  for (int second = 1; second <= 100'000; ++second)
    if (seconds(Nanoseconds{second} * 1'000'000'000) != second) FAIL("second " << second);
}

namespace {

/// Replies to `gz` at 1 and 2 s: a device of `type` at 5 000 and 5 250 litre, and by then 3 and 7 telegrams
/// with a wrong CRC, 1 and 1 cut, 9 lines of noise, and 5 values each that were wrong in some way.
std::vector<ExpectationResult> judged_of_meter(const Expectation& e, std::uint32_t type) {
  Scenario s;
  s.path = "s.toml";
  s.duration = 3.0;
  s.expectations = {e};
  const auto report = [&](double t, std::uint32_t litre, std::uint32_t crc) {
    return MeterReport{t, {type, 10, 1, 0, 0, litre, 0, 9, 1, crc, 0, 0, 0, 5, 5, 5, 5, 5, 4}};
  };
  return check(s, {Record(report(1.0, 5000, 3)), Record(report(2.0, 5250, 7))});
}

}  // namespace

TEST_CASE("gas and water are the meter's last report, in litre; other devices' values are not reported") {
  Expectation e = expect(0.0, std::nullopt);
  e.gas = 5250.0;
  CHECK(judged_of_meter(e, 3).at(0).ok);
  CHECK(judged_of_meter(e, 7).at(0).message ==
        "s.toml:7: sensor 1 gas: no reading from 0 s to 3 s; expected 5250");
  e.gas.reset();
  e.water = 5000.0;
  CHECK_FALSE(judged_of_meter(e, 7).at(0).ok);
  e.to = 1.5;
  CHECK(judged_of_meter(e, 7).at(0).ok);
  e.water = 5100.0;
  e.tolerance = "2%";
  CHECK(judged_of_meter(e, 7).at(0).ok);
}

TEST_CASE(
    "refused telegrams are all that were refused, without the noise between them and the values that were "
    "wrong in good ones") {
  Expectation e = expect(0.0, std::nullopt);
  e.refused = 8.0;
  CHECK(judged_of_meter(e, 0).at(0).ok);
  e.to = 1.0;
  CHECK_FALSE(judged_of_meter(e, 0).at(0).ok);
  CHECK(judged_of_meter(e, 0).at(0).message ==
        "s.toml:7: sensor 1 refused: 4.000, expected 8.000 within 0.000");
  e.refused = 4.0;
  CHECK(judged_of_meter(e, 0).at(0).ok);
}

TEST_CASE("no reading can be expected, or some") {
  Expectation e = expect(3.0, std::nullopt);
  e.reading = false;  // after the last one
  CHECK(judged(e).at(0).ok);
  e.from = 2.0;
  CHECK(judged(e).at(0).message == "s.toml:7: sensor 1: 1 readings from 2 s to 3 s, expected none");
  CHECK_FALSE(judged(e).at(0).ok);
  e.reading = true;
  CHECK(judged(e).at(0).ok);
  e.sensor = 2;
  CHECK_FALSE(judged(e).at(0).ok);
}

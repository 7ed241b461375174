#include "sim/expectations.hpp"

#include <catch2/catch.hpp>

#include "sim/time.hpp"

using namespace flm::sim;

namespace {

/// Power 100, 200, 300 W at 1, 2, 3 s; counter 1, 2, 3.
std::vector<ExpectationResult> judged(const Expectation& e) {
  Scenario s;
  s.path = "s.toml";
  s.duration = 3.0;
  s.expectations = {e};
  std::vector<Record> records;
  for (unsigned i = 1; i <= 3; ++i) records.emplace_back(Reading{double(i), 1, i, 0, false, false, 100 * i});
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

// The fleet's houses count as houses do.
#include <catch2/catch.hpp>

#include "tools/fleet/curves.hpp"

using namespace flm;
using namespace flm::fleet;

namespace {
constexpr std::int64_t midnight = 1'700'006'400, day = 86'400;  // 2023-11-15 00:00 UTC

/// What a sensor of a house counts in a day, Wh or L.
std::int64_t a_day(std::uint64_t house, int sensor) {
  Curve curve(house, sensor, midnight);
  history::Point first = curve.next(), last = first;
  for (std::int64_t i = 0; i < day; ++i) {
    const history::Point point = curve.next();
    // 20 a second: history::Bins::fastest
    if (point.time != last.time + 1 || point.value < last.value || point.value > last.value + 20'000)
      FAIL("a counter falls, leaps or leaves out a second");
    last = point;
  }
  return (last.value - first.value) / 1000;
}
}  // namespace

TEST_CASE("a house takes 1 to 40 kWh a day, and no counter falls") {
  for (std::uint64_t house = 1; house <= 20; ++house) {
    const std::int64_t main = a_day(house, 0);
    CHECK(main >= 1'000);
    CHECK(main <= 40'000);
    CHECK(main >= a_day(house, 2) + a_day(house, 3) + a_day(house, 6));  // of which these are parts
    CHECK(a_day(house, 4) < 2'000);                                      // L of water
  }
}

TEST_CASE("the sun does not shine at night") {
  Curve curve(7, 1, midnight);
  const std::int64_t first = curve.next().value;
  for (int i = 0; i < 7 * 3'600; ++i)
    if (curve.next().value != first) FAIL("at second " << i);
}

TEST_CASE("the same house has the same readings, another one others, and a later start higher ones") {
  CHECK(a_day(1, 0) == a_day(1, 0));
  CHECK(a_day(1, 0) != a_day(2, 0));
  Curve early(1, 0, midnight);
  for (std::int64_t i = 0; i < day; ++i) early.next();
  CHECK(Curve(1, 0, midnight + day).next().value > early.next().value);
}

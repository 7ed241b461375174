#include "tools/history/query/bins.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "tests/tools/history/query/printing.hpp"

using namespace flm::history;

namespace {

constexpr std::int64_t wh = 1'000'000'000;
const Zone utc;

std::vector<Bin> bins_of(const Grid& grid, const std::vector<Point>& points, bool falls = false) {
  std::vector<Bin> result;
  Bins bins(grid, falls, [&](const Bin& bin, const Cell&) { result.push_back(bin); });
  for (const Point& point : points) bins.add(point);
  bins.finish();
  return result;
}

/// Minutes from 0 to a time.
Grid minutes(std::int64_t end) { return {Resolution::minute, utc, 0, end - 1}; }

std::vector<Point> random_points(std::mt19937& random, int count, int longest_gap, bool falls) {
  std::vector<Point> points{{static_cast<std::int64_t>(random() % 100), 1'000'000}};
  for (int i = 1; i < count; ++i) {
    const auto gap = static_cast<std::int64_t>(1 + random() % static_cast<unsigned>(longest_gap));
    const auto rise = static_cast<Milli>(random() % static_cast<unsigned>(20'000 * gap));
    points.push_back(
        {points.back().time + gap, points.back().value + (falls && random() % 2 != 0 ? -rise : rise)});
  }
  return points;
}

}  // namespace

TEST_CASE("a counter rises evenly between two points") {
  // 3 Wh in 180 s.
  CHECK(bins_of(minutes(180), {{0, 0}, {180, 3'000}}) ==
        std::vector<Bin>{{0, 60, wh, 60}, {60, 120, wh, 60}, {120, 180, wh, 60}});
}

TEST_CASE("points before and behind the grid tell of its outermost bins") {
  CHECK(bins_of({Resolution::minute, utc, 60, 119}, {{0, 0}, {180, 3'000}}) ==
        std::vector<Bin>{{60, 120, wh, 60}});
}

TEST_CASE("before the first point and after the last nothing is known") {
  CHECK(bins_of(minutes(180), {{50, 0}, {130, 8'000}}) ==
        std::vector<Bin>{{0, 60, wh, 10}, {60, 120, 6 * wh, 60}, {120, 180, wh, 10}});
  CHECK(bins_of(minutes(60), {}) == std::vector<Bin>{{0, 60, 0, 0}});
  CHECK(bins_of(minutes(60), {{30, 1'000}}) == std::vector<Bin>{{0, 60, 0, 0}});
}

TEST_CASE("a counter that stands is known") {
  CHECK(bins_of(minutes(60), {{0, 5'000}, {60, 5'000}}) == std::vector<Bin>{{0, 60, 0, 60}});
}

TEST_CASE("a hundred days without a point are known, a second more is not") {
  // The heartbeat of the stock server's archives: 8 640 000 s.
  const Grid day{Resolution::day, utc, 0, 86'399};
  CHECK(bins_of(day, {{0, 0}, {8'640'000, 8'640'000}}).front() ==
        Bin{0, 86'400, 86'400 * wh / 1'000, 86'400});
  CHECK(bins_of(day, {{0, 0}, {8'640'001, 8'640'000}}).front() == Bin{0, 86'400, 0, 0});
}

TEST_CASE("a counter that goes back is unknown for that step only") {
  CHECK(bins_of(minutes(180), {{0, 900'000}, {60, 901'000}, {120, 0}, {180, 1'000}}) ==
        std::vector<Bin>{{0, 60, wh, 60}, {60, 120, 0, 0}, {120, 180, wh, 60}});
}

TEST_CASE("a net counter may go back, within 20 Wh a second") {
  CHECK(bins_of(minutes(60), {{0, 0}, {60, -1'200'000}}, true) == std::vector<Bin>{{0, 60, -1'200 * wh, 60}});
  CHECK(bins_of(minutes(60), {{0, 0}, {60, -1'200'001}}, true) == std::vector<Bin>{{0, 60, 0, 0}});
}

TEST_CASE("a rate beyond 20 a second is unknown") {
  CHECK(bins_of(minutes(60), {{0, 0}, {60, 1'200'000}}) == std::vector<Bin>{{0, 60, 1'200 * wh, 60}});
  CHECK(bins_of(minutes(60), {{0, 0}, {60, 1'200'001}}) == std::vector<Bin>{{0, 60, 0, 0}});
}

TEST_CASE("numbers at the ends of 64 bits are unknown, and nothing overflows") {
  using Limits = std::numeric_limits<std::int64_t>;
  CHECK(bins_of(minutes(60), {{0, Limits::min()}, {60, Limits::max()}}, true) ==
        std::vector<Bin>{{0, 60, 0, 0}});
  CHECK(bins_of(minutes(60), {{Limits::min(), 0}, {Limits::max(), 0}}) == std::vector<Bin>{{0, 60, 0, 0}});
}

TEST_CASE("a point that is not later than the one before is ignored") {
  CHECK(bins_of(minutes(60), {{0, 0}, {30, 500}, {30, 9'000}, {20, 9'000}, {60, 1'000}}) ==
        std::vector<Bin>{{0, 60, wh, 60}});
}

TEST_CASE("the bins add up to the counter's difference, to the billionth") {
  std::mt19937 random(17);
  for (int round = 0; round < 300; ++round) {
    const bool falls = round % 2 != 0;
    const auto points = random_points(random, 200, 1 + round, falls);
    const Resolution resolution = round % 3 == 0   ? Resolution::minute
                                  : round % 3 == 1 ? Resolution::quarter_hour
                                                   : Resolution::hour;
    std::int64_t nano = 0, known = 0;
    for (const Bin& bin : bins_of({resolution, utc, 0, points.back().time}, points, falls)) {
      nano += bin.nano;
      known += bin.known;
    }
    REQUIRE(nano == (points.back().value - points.front().value) * 1'000'000);
    REQUIRE(known == points.back().time - points.front().time);
  }
}

TEST_CASE("bins are those of a counter looked at second by second") {
  std::mt19937 random(18);
  for (int round = 0; round < 100; ++round) {
    std::vector<Point> points = random_points(random, 60, 1 + round, false);
    points[30].value = 0;  // reset
    for (std::size_t i = 31; i < points.size(); ++i) points[i].value -= points[29].value;
    const std::int64_t end = points.back().time;
    const auto bins = bins_of(minutes(end), points);
    // Rate of each second, in doubles.
    std::vector<double> nano(bins.size(), 0.0);
    std::vector<std::int64_t> known(bins.size(), 0);
    for (std::size_t i = 1; i < points.size(); ++i) {
      const double seconds = static_cast<double>(points[i].time - points[i - 1].time);
      const double rate = static_cast<double>(points[i].value - points[i - 1].value) / 1'000 / seconds;
      if (rate < 0 || rate > 20) continue;
      for (std::int64_t second = points[i - 1].time; second < points[i].time; ++second) {
        nano[static_cast<std::size_t>(second / 60)] += rate * 1e9;
        ++known[static_cast<std::size_t>(second / 60)];
      }
    }
    for (std::size_t i = 0; i < bins.size(); ++i) {
      REQUIRE(bins[i].known == known[i]);
      REQUIRE(std::abs(static_cast<double>(bins[i].nano) - nano[i]) <
              10);  // a billionth at each of few edges, and doubles' own
    }
  }
}

TEST_CASE("bins of minutes, added up by the hour, are the bins of hours") {
  std::mt19937 random(19);
  const auto points = random_points(random, 3'000, 200, false);
  const Grid hours{Resolution::hour, utc, 0, points.back().time};
  std::vector<Bin> sums;
  Bins by_hour(hours, false, [&](const Bin& bin, const Cell&) { sums.push_back(bin); });
  for (const Bin& bin : bins_of({Resolution::minute, utc, 0, hours.end() - 1}, points)) by_hour.add(bin);
  by_hour.finish();
  CHECK(sums == bins_of(hours, points));
}

TEST_CASE("bins until a time and points from there on count nothing twice") {
  std::mt19937 random(20);
  const auto points = random_points(random, 1'000, 100, false);
  const Grid hours{Resolution::hour, utc, 0, points.back().time};
  std::vector<Bin> mixed;
  Bins bins(hours, false, [&](const Bin& bin, const Cell&) { mixed.push_back(bin); });
  constexpr std::int64_t until = 16'200;  // in the middle of an hour
  for (const Bin& bin : bins_of({Resolution::quarter_hour, utc, 0, until - 1}, points)) bins.add(bin);
  for (std::size_t i = 0; i < points.size(); ++i)
    if (i + 1 == points.size() || points[i + 1].time > until) bins.add(points[i]);
  bins.finish();
  CHECK(mixed == bins_of(hours, points));
}

TEST_CASE("a bin of a time that points have told of is ignored") {
  std::vector<Bin> result;
  Bins bins({Resolution::hour, utc, 0, 3'599}, false,
            [&](const Bin& bin, const Cell&) { result.push_back(bin); });
  bins.add(Point{0, 0});
  bins.add(Point{1'000, 1'000});
  bins.add(Bin{900, 1'800, 5 * wh, 900});
  bins.add(Bin{1'800, 2'700, 5 * wh, 900});
  bins.finish();
  CHECK(result == std::vector<Bin>{{0, 3'600, 6 * wh, 1'900}});
}

TEST_CASE("between nights nothing counts") {
  std::vector<Bin> nights;
  Bins bins({Resolution::day, utc, 0, 3 * 86'400 - 1, true}, false,
            [&](const Bin& bin, const Cell&) { nights.push_back(bin); });
  for (std::int64_t time = 0; time <= 3 * 86'400; time += 7'000)
    bins.add(Point{time, time});  // a thousandth a second
  bins.finish();
  REQUIRE(nights.size() == 3);
  for (const Bin& night : nights)
    CHECK(night == Bin{night.begin, night.begin + 10'800, 10'800 * wh / 1'000, 10'800});
}

TEST_CASE("first and last point are enough where no edge lies between") {
  const Bins bins(minutes(180), false, [](const Bin&, const Cell&) {});
  CHECK(bins.in_one_cell(60, 120));
  CHECK(bins.in_one_cell(61, 119));
  CHECK(!bins.in_one_cell(59, 61));
  CHECK(!bins.in_one_cell(60, 121));
  CHECK(bins.in_one_cell(-100, -1));
  CHECK(!bins.in_one_cell(-1, 1));
  CHECK(bins.in_one_cell(180, 5'000));
}

TEST_CASE("every cell is handed over once, in order") {
  std::vector<Cell> cells;
  Bins bins(minutes(300), false, [&](const Bin&, const Cell& cell) { cells.push_back(cell); });
  bins.add(Point{70, 0});
  bins.add(Point{190, 100});
  CHECK(cells.size() == 3);
  bins.finish();
  bins.finish();
  CHECK(cells ==
        std::vector<Cell>{{0, 60, 60}, {60, 120, 120}, {120, 180, 180}, {180, 240, 240}, {240, 300, 300}});
}

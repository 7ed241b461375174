#include "tools/history/rollup/days.hpp"

#include <catch2/catch.hpp>
#include <random>
#include <string>
#include <vector>

#include "tests/tools/history/query/printing.hpp"

using namespace flm::history;

namespace {

const Zone utc;
constexpr std::int64_t day = 86'400, monday = 1'704'067'200;  // 2024-01-01

/// A net counter over ten days and a half, with gaps, and a step that nobody knows.
std::vector<Point> some_points() {
  std::mt19937 random(25);
  std::vector<Point> points{{monday - 500, 0}};
  while (points.back().time < monday + 10 * day + day / 2) {
    const auto gap =
        static_cast<std::int64_t>(random() % 50 == 0 ? 1 + random() % 20'000 : 1 + random() % 60);
    points.push_back(
        {points.back().time + gap, points.back().value + static_cast<Milli>(random() % 4'000) - 1'000});
  }
  points[points.size() / 2].value += 1'000'000'000;
  return points;
}

std::string text_of(const std::vector<Point>& points, std::int64_t from = monday) {
  std::string text;
  DayMaker maker(from, true, [&](const std::string& made) { text += made; });
  for (const Point& point : points) maker.add(point);
  return text;
}

std::vector<Bin> bins_of(const Grid& grid, const std::string& days, const std::vector<Point>& points) {
  std::vector<Bin> result;
  Bins bins(grid, true, [&](const Bin& bin, const Cell&) { result.push_back(bin); });
  const Days made(days);
  made.add_to(bins);
  for (std::size_t i = 0; i < points.size(); ++i)
    if (made.empty() || i + 1 == points.size() || points[i + 1].time > made.end()) bins.add(points[i]);
  bins.finish();
  return result;
}

}  // namespace

TEST_CASE("days are ready when a point lies behind their end") {
  CHECK(text_of({{monday - 500, 0}, {monday + day - 1, 5'000}}).empty());
  CHECK(text_of({{monday - 500, 0}, {monday + day, 5'000}}).size() == day_bytes);
  const std::string ten = text_of(some_points());
  CHECK(ten.size() == 10 * day_bytes);
  CHECK(Days(ten).begin() == monday);
  CHECK(Days(ten).end() == monday + 10 * day);
}

TEST_CASE("a day's bytes are those of the table") {
  // 1 Wh in the first quarter hour, then nothing: 10^9 * 1024 + 900, and 900.
  const std::string text = text_of({{monday, 0}, {monday + 900, 1'000}, {monday + day, 1'000}});
  REQUIRE(text.size() == 784);
  CHECK(text.substr(0, 24) == std::string("\x00\x00\x00\x00\x65\x92\x00\x80"
                                          "\x00\x00\x00\xee\x6b\x28\x03\x84"
                                          "\x00\x00\x00\x00\x00\x00\x03\x84",
                                          24));
  CHECK(text.substr(776, 4) == "FLM1");
}

TEST_CASE("days and the points after them answer as all points do") {
  const auto points = some_points();
  const std::string days = text_of(points);
  const Zone brussels("CET-1CEST,M3.5.0,M10.5.0/3");
  for (const Grid& grid : {Grid(Resolution::quarter_hour, utc, monday, monday + 11 * day),
                           Grid(Resolution::hour, utc, monday, monday + 11 * day),
                           Grid(Resolution::day, utc, monday + 3 * day, monday + 11 * day),
                           Grid(Resolution::week, utc, monday + 3 * day, monday + 11 * day),
                           Grid(Resolution::day, brussels, monday + day, monday + 11 * day, true),
                           Grid(Resolution::day, utc, monday + 2 * day, monday + 4 * day)}) {
    REQUIRE(grid.is_of_quarters());
    CHECK(bins_of(grid, days, points) == bins_of(grid, "", points));
  }
}

TEST_CASE("days made in two runs are those made in one") {
  const auto points = some_points();
  const std::string whole = text_of(points);
  const std::string first = whole.substr(0, 4 * day_bytes);
  std::vector<Point> rest;
  for (std::size_t i = 0; i < points.size(); ++i)
    if (i + 1 == points.size() || points[i + 1].time > Days(first).end()) rest.push_back(points[i]);
  CHECK(first + text_of(rest, Days(first).end()) == whole);
}

TEST_CASE("a file that is torn, changed or of other days is used as far as it is right") {
  const std::string whole = text_of(some_points());
  CHECK(Days("").size() == 0);
  CHECK(Days("").end() == 0);
  for (std::size_t length = 0; length < whole.size(); length += 97)
    CHECK(Days(std::string_view(whole).substr(0, length)).size() == length / day_bytes * day_bytes);
  std::mt19937 random(26);
  for (int i = 0; i < 200; ++i) {
    std::string changed = whole;
    const std::size_t at = random() % changed.size();
    changed[at] = static_cast<char>(changed[at] ^ (1 << random() % 8));
    CHECK(Days(changed).size() == at / day_bytes * day_bytes);
  }
  CHECK(Days(whole.substr(0, day_bytes) + whole.substr(2 * day_bytes)).size() == day_bytes);
  CHECK(Days(whole.substr(0, day_bytes) + whole.substr(0, day_bytes)).size() == day_bytes);
  CHECK(Days(std::string(3 * day_bytes, '\0')).size() == 0);
}

TEST_CASE("minutes, and nights of a zone that is five minutes off, are not of quarter hours") {
  CHECK(!Grid(Resolution::minute, utc, 0, 86'400).is_of_quarters());
  CHECK(!Grid(Resolution::day, Zone("<+0005>-0:05"), 0, 86'400, true).is_of_quarters());
  const Zone kathmandu("<+0545>-5:45");
  CHECK(Grid(Resolution::month, kathmandu, 0, 86'400).is_of_quarters());
}

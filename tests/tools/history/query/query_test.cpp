#include "tools/history/query/query.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <utility>
#include <vector>

using namespace flm::history;

namespace {

/// Time of the manual's first example, by its answer's Date: Thu, 07 Jul 2011 10:34:35 GMT.
constexpr std::int64_t now = 1'310'034'875;
const Zone utc;

/// Parameters of a query string without escapes.
std::vector<Parameter> parameters_of(std::string text) {
  std::vector<Parameter> parameters;
  for (text += '&'; !text.empty(); text.erase(0, text.find('&') + 1)) {
    const std::string pair = text.substr(0, text.find('&'));
    parameters.emplace_back(pair.substr(0, pair.find('=')), pair.substr(pair.find('=') + 1));
  }
  return parameters;
}

Query ask(const std::string& text, std::int64_t at = now, std::string_view type = "electricity",
          const Zone& zone = utc) {
  return query_of(parameters_of("version=1.0&" + text), {at, type, zone});
}

/// Time stamps of all rows.
std::vector<std::int64_t> rows(const std::string& text, std::int64_t at = now, const Zone& zone = utc) {
  const Grid grid = ask(text, at, "electricity", zone).series->grid;
  std::vector<std::int64_t> times;
  for (std::int64_t row = grid.next(grid.begin()); row <= grid.end(); row = grid.next(row))
    times.push_back(row);
  return times;
}

struct Rows {
  std::int64_t first, last;
  std::size_t count;
  bool operator==(const Rows&) const = default;
};
std::ostream& operator<<(std::ostream& out, const Rows& rows) {
  return out << rows.first << " to " << rows.last << ", " << rows.count << " rows";
}
Rows summary(const std::string& text, std::int64_t at = now, const Zone& zone = utc) {
  const auto times = rows(text, at, zone);
  return {times.front(), times.back(), times.size()};
}

/// What is wrong with a query; empty: nothing.
std::string refusal(const std::string& text, std::string_view type = "electricity") {
  try {
    query_of(parameters_of(text), {now, type, utc});
  } catch (const QueryError& error) {
    return error.what();
  }
  return {};
}

}  // namespace

TEST_CASE("a month has the 29 rows of the manual's example") {
  // The answer's first and last time stamps, and 86 400 s between two.
  const auto times = rows("interval=month&unit=watt");
  REQUIRE(times.size() == 29);
  CHECK(times.front() == 1'307'664'000);
  CHECK(times.back() == 1'310'083'200);
  for (std::size_t i = 1; i < times.size(); ++i) CHECK(times[i] - times[i - 1] == 86'400);
}

TEST_CASE("start and end by the day have the 7 rows of the manual's example") {
  // Asked at Thu, 07 Jul 2011 12:45:02 GMT.
  CHECK(summary("start=1309478400&end=1309996800&resolution=day&unit=watt", 1'310'042'702) ==
        Rows{1'309'564'800, 1'310'083'200, 7});
}

TEST_CASE("every interval has its stock resolution and its rows end with the unfinished one") {
  // S = floor((now - interval) / R) * R and E = floor((now - 1) / R) * R; rows from S + R to E + R, computed
  // by hand for now.
  CHECK(summary("interval=15min&unit=watt") == Rows{1'310'034'000, 1'310'034'900, 16});
  CHECK(summary("interval=hour&unit=watt") == Rows{1'310'031'300, 1'310'034'900, 61});
  CHECK(summary("interval=day&unit=watt") == Rows{1'309'949'100, 1'310'035'500, 97});
  CHECK(summary("interval=week&unit=watt") == Rows{1'309'478'400, 1'310'083'200, 8});
  CHECK(summary("interval=year&unit=watt") == Rows{1'278'547'200, 1'310'601'600, 54});
  CHECK(summary("interval=decade&unit=watt") == Rows{994'896'000, 1'310'601'600, 523});
  CHECK(summary("interval=night&unit=watt") == Rows{1'307'664'000, 1'310'083'200, 29});
}

TEST_CASE("a resolution goes before the interval's own") {
  CHECK(summary("interval=minute&resolution=minute&unit=watt") == Rows{1'310'034'840, 1'310'034'900, 2});
  CHECK(summary("interval=hour&resolution=15min&unit=watt") == Rows{1'310'031'900, 1'310'035'500, 5});
  CHECK(summary("interval=day&resolution=hour&unit=watt") == Rows{1'309'950'000, 1'310'036'400, 25});
}

TEST_CASE("an interval is cut to the longest that a resolution has") {
  // minute: a day, 15min: a week, day: a year; hour and week hold a decade.
  CHECK(rows("interval=month&resolution=minute&unit=watt").size() == 1'441);
  CHECK(rows("interval=decade&resolution=15min&unit=watt").size() == 673);
  CHECK(rows("interval=decade&resolution=day&unit=watt").size() == 366);
  CHECK(rows("interval=decade&resolution=hour&unit=watt").size() == 87'601);
}

TEST_CASE("now at the edge of a bin begins no new one") {
  // E = floor((now - 1) / R) * R.
  CHECK(summary("interval=hour&unit=watt", 1'310'034'900).last == 1'310'034'900);
  CHECK(summary("interval=hour&unit=watt", 1'310'034'901).last == 1'310'034'960);
}

TEST_CASE("start without end goes to now, and by the minute") {
  CHECK(summary("start=1310034000&unit=watt") == Rows{1'310'034'060, 1'310'034'900, 15});
}

TEST_CASE("an end that is later than now is now") {
  CHECK(summary("start=1310034000&end=9999999999&unit=watt") == Rows{1'310'034'060, 1'310'034'900, 15});
}

TEST_CASE("start is raised to the longest time before the end, even if that was long ago") {
  CHECK(summary("start=0&end=1278547200&resolution=minute&unit=watt") ==
        Rows{1'278'460'860, 1'278'547'260, 1'441});
  CHECK(summary("start=0&resolution=day&unit=watt") == Rows{1'278'547'200, 1'310'083'200, 366});
}

TEST_CASE("start equal to end is one row") {
  CHECK(summary("start=1310034000&end=1310034000&unit=watt") == Rows{1'310'034'060, 1'310'034'060, 1});
}

TEST_CASE("months are those of the calendar, in local time") {
  // The first of May, June, July, August 2011, 00:00 UTC, and two hours earlier in Brussels.
  CHECK(rows("start=1302000000&resolution=month&unit=watt") ==
        std::vector<std::int64_t>{1'304'208'000, 1'306'886'400, 1'309'478'400, 1'312'156'800});
  const Zone brussels("CET-1CEST,M3.5.0,M10.5.0/3");
  CHECK(rows("start=1302000000&resolution=month&unit=watt", now, brussels) ==
        std::vector<std::int64_t>{1'304'200'800, 1'306'879'200, 1'309'471'200, 1'312'149'600});
  // February of a leap year, in winter time: 29 days.
  CHECK(rows("start=1329000000&end=1329000000&resolution=month&unit=watt", 1'340'000'000, brussels) ==
        std::vector<std::int64_t>{1'330'556'400});
  CHECK(rows("interval=year&resolution=month&unit=watt").size() == 13);
}

TEST_CASE("a clock at 1970 is answered, too") {
  CHECK(summary("interval=hour&unit=watt", 100) == Rows{-3'480, 120, 61});
}

TEST_CASE("units have the stock server's factors") {
  const auto factor = [](const std::string& unit, std::string_view type) {
    return ask("interval=day&unit=" + unit, now, type).series->factor;
  };
  CHECK(factor("watt", "electricity") == 3'600);
  CHECK(factor("kwhperyear", "electricity") == 31'536);
  CHECK(factor("eurperyear", "electricity") == 5'676);
  CHECK(factor("audperyear", "electricity") == 5'991);
  CHECK(factor("lpermin", "water") == 60);
  CHECK(factor("lperday", "gas") == 86'400);
  CHECK(factor("m3peryear", "water") == 31'536);
}

TEST_CASE("a price replaces the stock server's") {
  CHECK(factor_of(Unit::eurperyear, {.eur = 0.25, .aud = 0.19}) == 7'884);   // 31 536 * 0.25
  CHECK(factor_of(Unit::audperyear, {.eur = 0.25, .aud = 0.35}) == 11'037);  // 11 037.6
  CHECK(factor_of(Unit::watt, {.eur = 0.25, .aud = 0.35}) == 3'600);
}

TEST_CASE("a value is its rate times the factor, rounded once") {
  constexpr std::int64_t wh = 1'000'000'000;
  CHECK(value_of(3'768 * wh, 86'400, 3'600) == 157);  // 157 W for a day
  CHECK(value_of(12 * wh, 86'400, 3'600) == 1);       // 0.5 W
  CHECK(value_of(-12 * wh, 86'400, 3'600) == -1);
  CHECK(value_of(12 * wh - 1, 86'400, 3'600) == 0);
  CHECK(value_of(20 * 2'678'400 * wh, 2'678'400, 86'400) == 1'728'000);  // the fastest, in the longest bin
  CHECK(value_of(wh, 3, 3'600) == 1'200);
  CHECK(value_of(0, 60, 3'600) == 0);
}

TEST_CASE("param=all and update=true are queries of their own") {
  CHECK(ask("param=all").kind == Query::Kind::parameters);
  CHECK(ask("update=true").kind == Query::Kind::update);
  CHECK(ask("interval=day&unit=watt").kind == Query::Kind::series);
}

TEST_CASE("a callback has either of its names, and what nobody asks for is ignored") {
  CHECK(ask("interval=day&unit=watt&callback=f_1").callback == "f_1");
  CHECK(ask("interval=day&unit=watt&jsonp_callback=F").callback == "F");
  CHECK(ask("interval=day&unit=watt&_=1410000000").callback.empty());
  CHECK(with_callback("f", "[]") == "f([]);");
  CHECK(with_callback("", "[]") == "[]");
}

TEST_CASE("whatever is wrong with a query is said, with what is allowed") {
  const auto [text, message] = GENERATE(table<std::string, std::string>({
      {"interval=day&unit=watt", "version is missing; version=1.0 is required"},
      {"version=2.0&interval=day&unit=watt", "version is \"2.0\"; allowed: 1.0"},
      {"version=1.0&version=1.0&interval=day&unit=watt", "version is given twice"},
      {"version=1.0&unit=watt", "interval or start is missing; one of them is required"},
      {"version=1.0&end=1310034000&unit=watt", "end requires start"},
      {"version=1.0&interval=day&start=1310034000&unit=watt", "interval excludes start and end"},
      {"version=1.0&interval=day&end=1310034000&unit=watt", "interval excludes start and end"},
      {"version=1.0&interval=fortnight&unit=watt",
       "interval is \"fortnight\"; allowed: minute, 15min, hour, day, week, month, year, decade, night"},
      {"version=1.0&interval=minute&unit=watt",
       "interval minute has no resolution of its own; one is required: minute, 15min, hour, day, week, "
       "month"},
      {"version=1.0&interval=night&resolution=hour&unit=watt",
       "interval night has a row a day; its resolution may be day, week, month"},
      {"version=1.0&interval=day&resolution=year&unit=watt",
       "resolution is \"year\"; allowed: minute, 15min, hour, day, week, month"},
      {"version=1.0&interval=day&resolution=&unit=watt",
       "resolution is \"\"; allowed: minute, 15min, hour, day, week, month"},
      {"version=1.0&interval=day", "unit is missing; it is required"},
      {"version=1.0&interval=day&unit=horsepower",
       "unit is \"horsepower\"; allowed: watt, kwhperyear, eurperyear, audperyear"},
      {"version=1.0&interval=day&unit=lperday",
       "unit is \"lperday\", but the sensor is of type electricity; allowed: watt, kwhperyear, eurperyear, "
       "audperyear"},
      {"version=1.0&start=yesterday&unit=watt",
       "start is \"yesterday\"; allowed: Unix seconds, one to ten digits"},
      {"version=1.0&start=-1&unit=watt", "start is \"-1\"; allowed: Unix seconds, one to ten digits"},
      {"version=1.0&start=&unit=watt", "start is \"\"; allowed: Unix seconds, one to ten digits"},
      {"version=1.0&start=12345678901&unit=watt",
       "start is \"12345678901\"; allowed: Unix seconds, one to ten digits"},
      {"version=1.0&start=1310034000&end=1e9&unit=watt",
       "end is \"1e9\"; allowed: Unix seconds, one to ten digits"},
      {"version=1.0&start=1310034876&unit=watt", "start is in the future; it may be now at the latest"},
      {"version=1.0&start=1310034000&end=1310033999&unit=watt", "end is before start"},
      {"version=1.0&interval=day&unit=watt&callback=a(b)",
       "callback is \"a(b)\"; allowed: 1 to 64 letters, digits and _"},
      {"version=1.0&interval=day&unit=watt&callback=",
       "callback is \"\"; allowed: 1 to 64 letters, digits and _"},
      {"version=1.0&interval=day&unit=watt&jsonp_callback=a.b",
       "jsonp_callback is \"a.b\"; allowed: 1 to 64 letters, digits and _"},
      {"version=1.0&interval=day&unit=watt&callback=a&jsonp_callback=a",
       "callback and jsonp_callback are one; only one of them is allowed"},
      {"version=1.0&param=some", "param is \"some\"; allowed: all"},
      {"version=1.0&update=1", "update is \"1\"; allowed: true"},
      {"version=1.0&param=all&update=true", "param excludes update"},
      {"version=1.0&param=all&unit=watt",
       "param and update exclude interval, start, end, resolution, unit and known"},
      {"version=1.0&interval=day&unit=watt&known=yes", "known is \"yes\"; allowed: true"},
      {"version=1.0&interval=" + std::string(50, 'x') + "&unit=watt",
       "interval is \"" + std::string(40, 'x') +
           "...\"; allowed: minute, 15min, hour, day, week, month, year, decade, night"},
      {"version=1.0&interval=\x1b[2J&unit=watt",
       "interval is \"\\x1b[2J\"; allowed: minute, 15min, hour, day, week, month, year, decade, night"},
  }));
  CHECK(refusal(text) == message);
}

TEST_CASE("a unit is held against the sensor's type") {
  CHECK(refusal("version=1.0&interval=day&unit=lperday", "gas").empty());
  CHECK(refusal("version=1.0&interval=day&unit=kwhperyear", "heat").empty());
  CHECK(refusal("version=1.0&interval=day&unit=watt", "water") ==
        "unit is \"watt\", but the sensor is of type water; allowed: lpermin, lperday, m3peryear");
  CHECK(refusal("version=1.0&interval=day&unit=watt", "temperature") ==
        "unit is \"watt\", but a sensor of type temperature has no rate in any unit");
}

#include "tools/history/query/answer.hpp"

#include <catch2/catch.hpp>
#include <random>
#include <string>
#include <vector>

using namespace flm::history;

namespace {

const Zone utc;
constexpr std::int64_t day = 86'400;

std::string answer(const SeriesQuery& query, const std::vector<Point>& points, Format format = Format::json,
                   bool falls = false) {
  Answer answer(query, format, falls);
  for (const Point& point : points) answer.bins().add(point);
  return answer.text();
}

SeriesQuery series(const std::vector<Parameter>& parameters, std::int64_t now, const Zone& zone = utc,
                   std::string_view type = "electricity") {
  std::vector<Parameter> all{{"version", "1.0"}};
  all.insert(all.end(), parameters.begin(), parameters.end());
  return *query_of(all, {now, type, zone}).series;
}

/// Counter at each begin of a day, of which each had a mean power in W.
std::vector<Point> days(std::int64_t first, const std::vector<Milli>& watts) {
  std::vector<Point> points{{first, 942'856'000}};
  for (const Milli watt : watts)
    points.push_back({points.back().time + day, points.back().value + 24'000 * watt});
  return points;
}

}  // namespace

TEST_CASE("a month and a week read as in the manual") {
  // Both answers of the manual, to the byte. 24 Wh a day are a watt.
  const auto points =
      days(1'307'577'600, {234, 169, 72,  71,  103, 263, 176, 165, 261, 400, 139, 235, 151, 141,
                           113, 301, 210, 166, 286, 237, 241, 148, 125, 187, 248, 263, 143, 191});
  CHECK(answer(series({{"interval", "month"}, {"unit", "watt"}}, 1'310'034'875), points) ==
        "[[1307664000,234],[1307750400,169],[1307836800,72],[1307923200,71],[1308009600,103],[1308096000,263]"
        ",[1308182400,176],"
        "[1308268800,165],[1308355200,261],[1308441600,400],[1308528000,139],[1308614400,235],[1308700800,"
        "151],[1308787200,141],"
        "[1308873600,113],[1308960000,301],[1309046400,210],[1309132800,166],[1309219200,286],[1309305600,"
        "237],[1309392000,241],"
        "[1309478400,148],[1309564800,125],[1309651200,187],[1309737600,248],[1309824000,263],[1309910400,"
        "143],[1309996800,191],"
        "[1310083200,\"nan\"]]");
  CHECK(
      answer(series({{"start", "1309478400"}, {"end", "1309996800"}, {"resolution", "day"}, {"unit", "watt"}},
                    1'310'042'702),
             points) ==
      "[[1309564800,125],[1309651200,187],[1309737600,248],[1309824000,263],[1309910400,143],[1309996800,191]"
      ",[1310083200,\"nan\"]]");
}

TEST_CASE("CSV has a line a row, and nan without quotation marks") {
  const auto points = days(1'309'824'000, {143, 191});
  CHECK(answer(series({{"interval", "day"}, {"resolution", "day"}, {"unit", "watt"}}, 1'310'034'875), points,
               Format::csv) == "1309996800,191\r\n1310083200,nan\r\n");
}

TEST_CASE("half of a bin is enough, less is nan") {
  const SeriesQuery query = series({{"start", "0"}, {"end", "0"}, {"unit", "watt"}}, 1'000);
  CHECK(answer(query, {{30, 0}, {60, 500}}) == "[[60,60]]");  // 0.5 Wh in 30 s
  CHECK(answer(query, {{31, 0}, {60, 500}}) == "[[60,\"nan\"]]");
}

TEST_CASE("a bin that ends after now is nan, even if it is known") {
  CHECK(answer(series({{"start", "0"}, {"end", "0"}, {"unit", "watt"}}, 59), {{0, 0}, {60, 1'000}}) ==
        "[[60,\"nan\"]]");
  CHECK(answer(series({{"start", "0"}, {"end", "0"}, {"unit", "watt"}}, 60), {{0, 0}, {60, 1'000}}) ==
        "[[60,60]]");
}

TEST_CASE("every unit of the same counter") {
  // 1 Wh or L a second for a minute: the factors of the reference.
  const std::vector<Point> points{{0, 0}, {60, 60'000}};
  const auto in = [&](const std::string& unit, std::string_view type) {
    return answer(series({{"start", "0"}, {"end", "0"}, {"unit", unit}}, 60, utc, type), points);
  };
  CHECK(in("watt", "electricity") == "[[60,3600]]");
  CHECK(in("kwhperyear", "electricity") == "[[60,31536]]");
  CHECK(in("eurperyear", "electricity") == "[[60,5676]]");
  CHECK(in("audperyear", "electricity") == "[[60,5991]]");
  CHECK(in("lpermin", "water") == "[[60,60]]");
  CHECK(in("lperday", "gas") == "[[60,86400]]");
  CHECK(in("m3peryear", "gas") == "[[60,31536]]");
}

TEST_CASE("a net counter that falls has negative values") {
  CHECK(answer(series({{"start", "0"}, {"end", "60"}, {"unit", "watt"}}, 120),
               {{0, 0}, {60, -1'000}, {120, 1'000}}, Format::json, true) == "[[60,-60],[120,120]]");
}

TEST_CASE("a sensor without a point has a row of nan for each bin") {
  CHECK(answer(series({{"start", "0"}, {"end", "60"}, {"unit", "watt"}}, 120), {}) ==
        "[[60,\"nan\"],[120,\"nan\"]]");
}

TEST_CASE("a query split in two gives the same rows") {
  std::mt19937 random(24);
  std::vector<Point> points{{0, 0}};
  for (int i = 0; i < 2'000; ++i)
    points.push_back({points.back().time + 1 + static_cast<std::int64_t>(random() % 40),
                      points.back().value + static_cast<Milli>(random() % 5'000)});
  const std::int64_t now = points.back().time;
  const auto between = [&](std::int64_t start, std::int64_t end) {
    const SeriesQuery query =
        series({{"start", std::to_string(start)}, {"end", std::to_string(end)}, {"unit", "watt"}}, now);
    Answer half(query, Format::csv, false);
    // As a source does: the last point before, those between, the first after.
    for (std::size_t i = 0; i < points.size(); ++i)
      if ((i + 1 == points.size() || points[i + 1].time >= half.bins().from()) &&
          (i == 0 || points[i - 1].time <= half.bins().to()))
        half.bins().add(points[i]);
    return half.text();
  };
  const std::string whole = between(0, now);
  for (std::int64_t at = 60; at < now; at += 1'260) CHECK(between(0, at - 60) + between(at, now) == whole);
}

TEST_CASE("nights have a row a day, of the three hours before 05:00") {
  const Zone brussels("CET-1CEST,M3.5.0,M10.5.0/3");
  // 3 Wh in each of ten summer nights (00:00 to 03:00 UTC), 100 Wh in the rest of each day; 2024-07-15 and
  // the nine days after it.
  std::vector<Point> points{{1'721'001'600, 0}};
  for (int i = 0; i < 10; ++i) {
    points.push_back({points.back().time + 10'800, points.back().value + 3'000});
    points.push_back({points.back().time + 75'600, points.back().value + 100'000});
  }
  CHECK(answer(series({{"interval", "night"}, {"unit", "watt"}}, 1'721'001'600 + 4 * day, brussels), points)
            .ends_with(",\"nan\"],[1721088000,1],[1721174400,1],[1721260800,1],[1721347200,1]]"));
  // By the week, from Thursday to Thursday: three of seven nights are known in the first.
  CHECK(answer(series({{"interval", "night"}, {"resolution", "week"}, {"unit", "watt"}},
                      1'721'001'600 + 10 * day, brussels),
               points)
            .ends_with("[1720656000,\"nan\"],[1721260800,\"nan\"],[1721865600,1]]"));
}

TEST_CASE("a night that begins before its row's bin is whole") {
  // In Sydney 05:00 is 19:00 UTC in winter; in a zone at +03:00 it is 02:00 UTC, so that the night begins at
  // 23:00 the day before.
  const Zone zone("<+03>-3");
  const SeriesQuery query = series({{"interval", "night"}, {"unit", "watt"}}, 100 * day, zone);
  Answer night(query, Format::json, false);
  CHECK(night.bins().from() == query.grid.begin() - 3'600);
  night.bins().add(Point{night.bins().from() - 1, 0});
  night.bins().add(Point{night.bins().from(), 0});
  night.bins().add(Point{night.bins().from() + 10'800, 3'000});
  CHECK(night.text().starts_with("[[" + std::to_string(query.grid.begin() + day) + ",1],"));
}

TEST_CASE("a sensor's parameters read as in the manual") {
  SensorParameters parameters;
  parameters.access = 1'310'045'295;
  parameters.type = "electricity";
  parameters.function = "main";
  parameters.sensor_class = "pulse";
  parameters.constant = 1'000;
  parameters.last_update = Point{1'310'045'295, 1'006'793'948'000};
  CHECK(
      parameters_text(parameters) ==
      R"({"access":1310045295,"type":"electricity","function":"main","class":"pulse","voltage":null,"current":null,"phase":null,)"
      R"("constant":1.0,"enabled":1,"lastupdate":[1310045295,1006793948]})");
  parameters.function = "<script>\"\xff";
  parameters.voltage = 230;
  parameters.constant.reset();
  parameters.last_update.reset();
  CHECK(
      parameters_text(parameters) ==
      R"({"access":1310045295,"type":"electricity","function":"<script>\")"
      "\xef\xbf\xbd"
      R"(","class":"pulse","voltage":230,"current":null,"phase":null,"constant":null,"enabled":1,"lastupdate":null})");
}

TEST_CASE("JSON is what a client gets that does not ask for CSV") {
  CHECK(format_of("") == Format::json);
  CHECK(format_of("*/*") == Format::json);
  CHECK(format_of("application/json") == Format::json);
  CHECK(format_of("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8") == Format::json);
  CHECK(format_of("text/csv") == Format::csv);
  CHECK(format_of("text/csv, application/json;q=0.5") == Format::csv);
  CHECK(format_of("text/html") == std::nullopt);
}

TEST_CASE("with known=true a row says for how many seconds its value is known") {
  // From noon of the first day 50 Wh an hour, unknown from noon of the third: the counter began anew.
  const std::int64_t first = 1'307'577'600, noon = first + day / 2;
  const std::vector<Point> points{
      {noon, 0}, {noon + 2 * day, 2'400'000}, {first + 4 * day, 1'000}, {first + 5 * day, 1'000}};
  const std::int64_t now = first + 6 * day;
  const auto asked = [&](Format format) {
    return answer(
        series({{"start", std::to_string(first)}, {"resolution", "day"}, {"unit", "watt"}, {"known", "true"}},
               now),
        points, format);
  };
  // Of the third day half is known, of the fourth nothing, of the sixth nothing.
  CHECK(asked(Format::json) ==
        "[[1307664000,50,43200],[1307750400,50,86400],[1307836800,50,43200],[1307923200,\"nan\",0],"
        "[1308009600,0,86400],[1308096000,\"nan\",0],[1308182400,\"nan\",0]]");
  CHECK(asked(Format::csv).starts_with("1307664000,50,43200\r\n1307750400,50,86400\r\n"));
}

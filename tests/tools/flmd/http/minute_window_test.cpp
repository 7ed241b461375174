#include "tools/flmd/http/minute_window.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

using namespace flm::flmd;
using flm::history::Parameter;

namespace {

const std::string clamp(32, 'a'), water(32, 'b'), air(32, 'c');

/// A main board with a clamp, a water meter and a thermometer.
struct House {
  House() { window.keep({{clamp, "electricity"}, {water, "water"}, {air, "temperature"}}); }
  void gauge(std::int64_t time, std::int64_t watt, const std::string& sid = clamp) {
    window.add(sid, {time, 1'000 * watt});
  }
  Reply get(std::int64_t now, std::vector<Parameter> more = {{"unit", "watt"}},
            const std::string& sid = clamp) {
    more.insert(more.begin(), {{"version", "1.0"}, {"interval", "minute"}});
    return window.reply(sid, more, now);
  }
  std::string body(std::int64_t now) { return *get(now).body; }
  MinuteWindow window;
};

/// Rows as text, one for each value from a time on; a value of -1 is nan.
std::string rows(std::int64_t first, const std::vector<int>& values) {
  std::string text = "[";
  for (const int value : values)
    text += (text.size() > 1 ? ",[" : "[") + std::to_string(first++) + "," +
            (value < 0 ? "\"nan\"" : std::to_string(value)) + "]";
  return text + "]";
}

}  // namespace

TEST_CASE("the manual's minute: 60 rows to now, nan after the last reading") {
  // Its example is abridged between the seventh row and the last five; it is asked at ...505, and the last
  // reading is of ...503.
  House house;
  std::vector<int> values;
  for (std::int64_t time = 1'310'047'440; time <= 1'310'047'503; ++time)
    house.gauge(time, time < 1'310'047'447 ? 124 : 125);
  for (int i = 0; i < 60; ++i) values.push_back(i >= 58 ? -1 : i == 0 ? 124 : 125);
  const Reply reply = house.get(1'310'047'505);
  CHECK(reply.status == 200);
  CHECK(reply.content_type == "application/json");
  CHECK(*reply.body == rows(1'310'047'446, values));
  CHECK(reply.body->starts_with("[[1310047446,124],[1310047447,125],[1310047448,125],"));
  CHECK(reply.body->ends_with("[1310047503,125],[1310047504,\"nan\"],[1310047505,\"nan\"]]"));
}

TEST_CASE("before the first reading there are no rows, and after a start fewer than 60") {
  House house;
  CHECK(house.body(1'000) == "[]");
  house.gauge(1'000, 5);
  CHECK(house.body(1'000) == "[[1000,5]]");
  CHECK(house.body(1'002) == "[[1000,5],[1001,\"nan\"],[1002,\"nan\"]]");
}

TEST_CASE("a second without a reading has the value of the next later one") {
  House house;
  house.gauge(1'000, 1);
  house.gauge(1'004, 2);
  house.gauge(1'006, 3);
  CHECK(house.body(1'007) == rows(1'000, {1, 2, 2, 2, 2, 3, 3, -1}));
}

TEST_CASE("a pulse fills the window back to its begin") {
  House house;
  house.gauge(1'000, 1);
  house.gauge(1'090, 2);  // 90 s later: the mean over them
  CHECK(house.body(1'091) == rows(1'032, [] {
          std::vector<int> values(59, 2);
          values.push_back(-1);
          return values;
        }()));
}

TEST_CASE("60 s after the last reading all rows are nan") {
  House house;
  house.gauge(1'000, 7);
  CHECK(house.body(1'059).starts_with("[[1000,7],[1001,\"nan\"]"));
  CHECK(house.body(1'060) == rows(1'001, std::vector<int>(60, -1)));
}

TEST_CASE("gauges are whole numbers, negative ones too") {
  House house;
  house.window.add(clamp, {1'000, 1'499});
  house.window.add(clamp, {1'001, 1'500});
  house.window.add(clamp, {1'002, -1'500});
  house.window.add(clamp, {1'003, -1'499});
  CHECK(house.body(1'003) == "[[1000,1],[1001,2],[1002,-2],[1003,-1]]");
}

TEST_CASE("of two readings in a second the first stays") {
  House house;
  house.gauge(1'000, 1);
  house.gauge(1'000, 2);
  CHECK(house.body(1'000) == "[[1000,1]]");
}

TEST_CASE("a clock that is set back forgets what is later") {
  House house;
  for (std::int64_t time = 5'000; time < 5'100; ++time) house.gauge(time, 1);
  house.gauge(1'400, 2);
  CHECK(house.body(1'400) == "[[1400,2]]");
}

TEST_CASE("a reading of a second that was answered already is in the next answer") {
  House house;
  house.gauge(1'000, 1);
  CHECK(house.body(1'001) == "[[1000,1],[1001,\"nan\"]]");
  house.gauge(1'001, 2);
  CHECK(house.body(1'001) == "[[1000,1],[1001,2]]");
}

TEST_CASE("within a second all who ask share one body") {
  House house;
  house.gauge(1'000, 1);
  const auto body = house.get(1'000).body;
  CHECK(house.get(1'000).body == body);
  CHECK(house.get(1'001).body != body);
}

TEST_CASE("a callback wraps the body, an empty one too") {
  House house;
  CHECK(*house.get(1'000, {{"unit", "watt"}, {"callback", "realtime"}}).body == "realtime([]);");
  house.gauge(1'000, 1);
  CHECK(*house.get(1'000, {{"unit", "watt"}, {"jsonp_callback", "f"}}).body == "f([[1000,1]]);");
}

TEST_CASE("water and gas are asked for in litres a day") {
  House house;
  house.gauge(1'000, 8'640, water);
  CHECK(*house.get(1'000, {{"unit", "lperday"}}, water).body == "[[1000,8640]]");
}

TEST_CASE("what is wrong with a request is said, with what is allowed") {
  House house;
  const auto check = [&](const Reply& reply, const std::string& message) {
    CHECK(reply.status == 400);
    CHECK(reply.content_type == "text/plain; charset=utf-8");
    CHECK(*reply.body == message);
  };
  check(house.window.reply(clamp, std::vector<Parameter>{}, 1'000),
        "version is missing; version=1.0 is required");
  check(house.window.reply(clamp, std::vector<Parameter>{{"version", "1"}}, 1'000),
        "version is \"1\"; allowed: 1.0");
  check(house.window.reply(clamp, std::vector<Parameter>{{"version", "1.0"}}, 1'000),
        "interval is missing; interval=minute is required");
  check(house.window.reply(clamp, std::vector<Parameter>{{"version", "1.0"}, {"interval", "hour"}}, 1'000),
        "interval is \"hour\"; allowed: minute");
  check(house.get(1'000, {}), "unit is missing; unit=watt is required");
  check(house.get(1'000, {{"unit", "lperday"}}), "unit is \"lperday\"; allowed: watt");
  check(house.get(1'000, {{"unit", "watt"}}, water), "unit is \"watt\"; allowed: lperday");
  check(house.get(1'000, {{"unit", "watt"}}, air),
        "a sensor of type temperature has no last minute in watt or lperday");
  check(house.get(1'000, {{"unit", "watt"}, {"callback", "<script>"}}),
        "callback is \"<script>\"; allowed: 1 to 64 letters, digits and _");
}

TEST_CASE("a sensor that is not kept is not found") {
  House house;
  house.gauge(1'000, 1);
  house.window.keep({{clamp, "electricity"}});
  CHECK(house.get(1'000, {{"unit", "lperday"}}, water).status == 404);
  CHECK(house.body(1'000) == "[[1000,1]]");  // what is kept has its readings still
  house.gauge(1'000, 1, water);
  house.window.keep({});
  CHECK(house.get(1'000).status == 404);
}

TEST_CASE("only interval=minute without a resolution is for the window") {
  CHECK(MinuteWindow::is_asked_for(std::vector<Parameter>{{"interval", "minute"}, {"unit", "watt"}}));
  CHECK(
      !MinuteWindow::is_asked_for(std::vector<Parameter>{{"interval", "minute"}, {"resolution", "minute"}}));
  CHECK(!MinuteWindow::is_asked_for(std::vector<Parameter>{{"interval", "day"}}));
  CHECK(!MinuteWindow::is_asked_for(std::vector<Parameter>{{"start", "0"}}));
}

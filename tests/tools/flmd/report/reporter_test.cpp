#include "tools/flmd/report/reporter.hpp"

#include <fmt/format.h>
#include <catch2/catch.hpp>

#include "tests/tools/flmd/report/scripted_server.hpp"
#include "tests/tools/flmd/report/surroundings.hpp"
#include "tools/common/input_error.hpp"

using namespace flm::flmd;
using namespace std::chrono_literals;

namespace {

constexpr std::int64_t start = 1458756425;

// A made-up kind: a line "<last digit of the sid> <time> <value>" for each point.
class Lines : public ReportKind {
 public:
  explicit Lines(std::string url) : url_(std::move(url)) {}
  bool takes(const SiteSensor& sensor) const override { return sensor.sensor_class != "uart"; }
  HttpRequest request(const Batch& batch) const override {
    HttpRequest request{url_ + "lines?password=secret", {}, ""};
    for (const BatchPart& part : batch)
      for (const auto& point : part.points)
        request.body +=
            fmt::format("{} {} {}\n", part.sensor->sid.back(), point.time - start, point.value / 1000);
    return request;
  }
  Verdict judge(const HttpAnswer& answer) const override {
    switch (answer.status) {
      case 200: return {Outcome::delivered, ""};
      case 400: return {Outcome::refused, "refused"};
      case 401: return {Outcome::denied, "denied"};
      case 413: return {Outcome::too_large, "too large"};
      default: return {Outcome::away, "away"};
    }
  }

 private:
  std::string url_;
};

struct Site {
  explicit Site(ScriptedServer::Script script) : server(std::move(script)) {
    setenv("no_proxy", "*", 1);
    server.start();
    settings.name = "lines";
    settings.cursor_file = folder / "report.json";
    settings.interval = 40ms;
    settings.backoff = {60ms, 200ms};
    settings.log = log.sink();
  }
  void begin(const std::vector<SiteSensor>& sensors) {
    report.emplace(loop, source, std::make_unique<Lines>(server.url()), settings);
    report->on_sensors(sensors);
  }
  bool has_all() const {
    for (const SeriesProgress& one : report->progress().series)
      if (one.behind() != 0) return false;
    return true;
  }
  std::vector<std::string> bodies() const {
    std::vector<std::string> result;
    for (const Received& request : server.received()) result.push_back(request.body);
    return result;
  }

  Folder folder;
  LogLines log;
  MadeUpSource source;
  boost::asio::io_context loop;
  ScriptedServer server;
  ReporterSettings settings;
  std::optional<Reporter> report;
};

Reply take(const Received&) { return answer(200); }
Series series_of(const SiteSensor& sensor) { return {sensor.sid, sensor.rid}; }

}  // namespace

TEST_CASE("sensors share a request up to the most points, and what follows goes into the next") {
  Site site(take);
  site.settings.most_points = 5;
  site.source.points[series_of(sensor_of(1))] = seconds(start, 3);
  site.source.points[series_of(sensor_of(2))] = seconds(start, 4);
  site.source.points[series_of(sensor_of(3))] = seconds(start, 1);
  site.begin({sensor_of(1), sensor_of(2), sensor_of(3), sensor_of(4), sensor_of(6, "uart")});
  REQUIRE(turn_until(site.loop, [&] { return site.has_all(); }));
  CHECK(site.bodies() ==
        std::vector<std::string>{"1 0 1\n1 1 2\n1 2 3\n2 0 1\n2 1 2\n", "2 2 3\n2 3 4\n3 0 1\n"});
  CHECK(site.report->progress().points == 8);
  CHECK(site.report->progress().requests == 2);
  CHECK(site.report->progress().series.size() == 4);
  turn_for(site.loop, 150ms);
  CHECK(site.server.requests() == 2);  // nothing new, nothing sent
}

TEST_CASE("one sensor each: a request has the points of one") {
  Site site(take);
  site.settings.one_sensor_each = true;
  site.source.points[series_of(sensor_of(1))] = seconds(start, 1);
  site.source.points[series_of(sensor_of(2))] = seconds(start, 1);
  site.begin({sensor_of(1), sensor_of(2)});
  REQUIRE(turn_until(site.loop, [&] { return site.has_all(); }));
  CHECK(site.bodies() == std::vector<std::string>{"1 0 1\n", "2 0 1\n"});
}

TEST_CASE("a batch that is refused is sent again sensor by sensor, and only the bad one waits") {
  Site site([](const Received& request) {
    return answer(request.body.find("2 ") == std::string::npos ? 200 : 400);
  });
  for (int i = 1; i <= 3; ++i) site.source.points[series_of(sensor_of(i))] = seconds(start, 1);
  site.begin({sensor_of(1), sensor_of(2), sensor_of(3)});
  REQUIRE(turn_until(site.loop, [&] { return site.server.requests() == 4; }));
  turn_for(site.loop, 50ms);
  CHECK(site.bodies() == std::vector<std::string>{"1 0 1\n2 0 1\n3 0 1\n", "1 0 1\n", "2 0 1\n", "3 0 1\n"});
  const Progress progress = site.report->progress();
  CHECK(progress.complaint == "refused");
  CHECK(progress.series.at(0).complaint.empty());
  CHECK(progress.series.at(1).complaint == "refused");
  CHECK_FALSE(progress.series.at(1).behind().has_value());
  // It is tried again after the longest wait, alone, and the others go on.
  site.source.points[series_of(sensor_of(1))] = seconds(start, 2);
  site.source.points[series_of(sensor_of(3))] = seconds(start, 2);
  REQUIRE(turn_until(site.loop, [&] { return site.server.requests() == 6; }));
  CHECK(site.bodies().at(4) == "1 1 2\n3 1 2\n");
  CHECK(site.bodies().at(5) == "2 0 1\n");
  // Without its query: a password may be in it.
  CHECK(site.log.count("POST " + site.server.url() + "lines: 400") == 1);
  CHECK(site.log.count("secret") == 0);
}

TEST_CASE("a batch that is too large is halved, down to 100 points") {
  Site site([](const Received& request) {
    return answer(std::count(request.body.begin(), request.body.end(), '\n') > 300 ? 413 : 200);
  });
  site.settings.most_points = 1000;
  site.source.points[series_of(sensor_of(1))] = seconds(start, 700);
  site.source.points[series_of(sensor_of(2))] = seconds(start, 1);
  site.begin({sensor_of(1), sensor_of(2)});
  REQUIRE(turn_until(site.loop, [&] { return site.has_all(); }));
  std::vector<std::ptrdiff_t> sizes;
  for (const std::string& body : site.bodies()) sizes.push_back(std::count(body.begin(), body.end(), '\n'));
  CHECK(sizes == std::vector<std::ptrdiff_t>{701, 350, 175, 175, 175, 175, 1});
}

TEST_CASE("a server for which all is too large is not asked in a hot loop") {
  Site site([](const Received&) { return answer(413); });
  site.source.points[series_of(sensor_of(1))] = seconds(start, 1000);
  site.begin({sensor_of(1)});
  turn_for(site.loop, 500ms);
  // 1000, 500, 250, 125, 100, then each 200 ms.
  CHECK(site.server.requests() >= 5);
  CHECK(site.server.requests() <= 9);
  CHECK(site.report->progress().complaint == "too large");
}

TEST_CASE("wrong credentials are tried again after the longest wait only, and are logged once") {
  Site site([](const Received&) { return answer(401); });
  site.source.points[series_of(sensor_of(1))] = seconds(start, 10);
  site.begin({sensor_of(1)});
  turn_for(site.loop, 700ms);
  CHECK(site.server.requests() >= 2);
  CHECK(site.server.requests() <= 4);  // each 200 to 250 ms
  CHECK(site.log.count("lines: 401") == 1);
  CHECK(site.report->progress().complaint == "denied");
}

TEST_CASE("the wait that a server asks for is kept") {
  std::atomic<int> calls = 0;
  Site site([&](const Received&) {
    return ++calls == 1 ? answer(503, "", {{"Retry-After", "1"}}) : answer(200);
  });
  site.source.points[series_of(sensor_of(1))] = seconds(start, 10);
  site.begin({sensor_of(1)});
  turn_for(site.loop, 800ms);
  CHECK(calls == 1);
  REQUIRE(turn_until(site.loop, [&] { return site.has_all(); }));
  CHECK(calls == 2);
}

TEST_CASE("a failure that lasts is logged once, and so is its end") {
  std::atomic<bool> away = true;
  Site site([&](const Received&) { return answer(away ? 500 : 200); });
  site.source.points[series_of(sensor_of(1))] = seconds(start, 10);
  site.begin({sensor_of(1)});
  REQUIRE(turn_until(site.loop, [&] { return site.server.requests() == 3; }));
  CHECK(site.log.count("lines: 500") == 1);
  away = false;
  REQUIRE(turn_until(site.loop, [&] { return site.has_all(); }));
  CHECK(site.log.has(LOG_INFO, "lines: takes readings again"));
  CHECK(site.report->progress().delivered.has_value());
}

TEST_CASE("a reading from before the cursor, after the clock was set back, is delivered") {
  Site site(take);
  const SiteSensor sensor = sensor_of(1);
  auto& points = site.source.points[series_of(sensor)];
  points = {{start + 86'400, 1000}};  // a day ahead
  site.begin({sensor});
  REQUIRE(turn_until(site.loop, [&] { return site.has_all(); }));
  site.report->on_reading(
      {&sensor, Quantity::counter, {start, 2000}, "Wh"});  // which the history has not taken
  points.insert(points.begin(), {start, 2000});
  const Reading gauge{&sensor, Quantity::gauge, {start, 5000}, "W"};
  site.report->on_reading(gauge);  // not what the history keeps
  turn_for(site.loop, 100ms);
  CHECK(site.server.requests() == 1);
  site.report->on_reading({&sensor, Quantity::counter, {start, 2000}, "Wh"});
  REQUIRE(turn_until(site.loop, [&] { return site.has_all(); }));
  CHECK(site.bodies() == std::vector<std::string>{"1 86400 1\n", "1 0 2\n1 86400 1\n"});
}

TEST_CASE("a reading from before a batch that is under way is not passed over by its answer") {
  std::atomic<bool> slow = true;
  Site site([&](const Received&) {
    if (slow) std::this_thread::sleep_for(200ms);
    return answer(200);
  });
  const SiteSensor sensor = sensor_of(1);
  auto& points = site.source.points[series_of(sensor)];
  points = {{start + 100, 1000}};
  site.begin({sensor});
  REQUIRE(turn_until(site.loop, [&] { return site.report->progress().requests == 1; }));
  points.insert(points.begin(), {start, 2000});
  site.report->on_reading({&sensor, Quantity::counter, {start, 2000}, "Wh"});
  slow = false;
  REQUIRE(turn_until(site.loop, [&] { return site.has_all(); }));
  CHECK(site.bodies() == std::vector<std::string>{"1 100 1\n", "1 0 2\n1 100 1\n"});
}

TEST_CASE(
    "what a sensor measured before it was removed, or its slot given to another kube, is still delivered") {
  std::atomic<bool> away = true;
  Site site([&](const Received&) { return answer(away ? 500 : 200); });
  SiteSensor kube = sensor_of(9, "kube"), removed = sensor_of(1);
  site.source.points[series_of(kube)] = seconds(start, 2);
  site.source.points[series_of(removed)] = seconds(start, 1);
  site.begin({removed, kube});
  REQUIRE(turn_until(site.loop, [&] { return site.server.requests() == 1; }));
  kube.rid = 1;
  site.source.points[series_of(kube)] = {{start + 50, 7000}};
  site.report->on_sensors(std::vector{kube});
  CHECK(site.report->progress().series.size() == 3);
  away = false;
  REQUIRE(turn_until(site.loop, [&] { return site.has_all(); }));
  for (const char* line : {"9 50 7\n", "1 0 1\n", "9 0 1\n9 1 2\n"})
    CHECK_THAT(site.bodies().back(), Catch::Contains(line));
  REQUIRE(turn_until(site.loop, [&] { return site.report->progress().series.size() == 1; }));
}

TEST_CASE("stop() writes where each series is, and a new reporter goes on there") {
  Site site(take);
  site.source.points[series_of(sensor_of(1))] = seconds(start, 3);
  site.begin({sensor_of(1)});
  REQUIRE(turn_until(site.loop, [&] { return site.has_all(); }));
  site.report->stop();
  site.report->stop();
  CHECK(text_of(site.folder / "report.json") ==
        "{\"" + sensor_of(1).sid + "/0\":" + std::to_string(start + 2) + "}\n");
  turn_for(site.loop, 100ms);
  CHECK(site.server.requests() == 1);
  site.source.points[series_of(sensor_of(1))] = seconds(start, 4);
  site.begin({sensor_of(1)});
  REQUIRE(turn_until(site.loop, [&] { return site.has_all(); }));
  CHECK(site.bodies() == std::vector<std::string>{"1 0 1\n1 1 2\n1 2 3\n", "1 3 4\n"});
}

TEST_CASE("a cursor's file that is torn is said in the log, and all that the history has is sent") {
  Site site(take);
  write_text(site.folder / "report.json", "{\"0123");
  site.source.points[series_of(sensor_of(1))] = seconds(start, 2);
  site.begin({sensor_of(1)});
  CHECK(site.log.count("report.json: is torn, or no reporter's file") == 1);
  REQUIRE(turn_until(site.loop, [&] { return site.has_all(); }));
  CHECK(site.bodies() == std::vector<std::string>{"1 0 1\n1 1 2\n"});
}

TEST_CASE("a cursor that cannot be written is said in the log, and reporting goes on") {
  Site site(take);
  site.settings.save_interval = 0ms;
  std::filesystem::create_directory(site.folder / "report.json");
  auto& points = site.source.points[series_of(sensor_of(1))];
  points = seconds(start, 1);
  site.begin({sensor_of(1)});
  REQUIRE(turn_until(site.loop, [&] { return site.log.count("cannot write") == 1; }));
  points = seconds(start, 2);
  REQUIRE(turn_until(site.loop, [&] { return site.server.requests() == 2; }));
}

TEST_CASE("a history that cannot be read for one sensor holds up no other for long") {
  struct Bad : MadeUpSource {
    std::vector<flm::history::Point> after(const Series& series, std::int64_t time,
                                           std::size_t most) const override {
      if (series.sid.back() == '1') throw flm::InputError("block 1458755584: cannot be read");
      return MadeUpSource::after(series, time, most);
    }
  };
  Bad source;
  for (int i = 1; i <= 2; ++i) source.points[series_of(sensor_of(i))] = seconds(start, 1);
  Site site(take);
  site.settings.one_sensor_each = true;
  Reporter report(site.loop, source, std::make_unique<Lines>(site.server.url()), site.settings);
  report.on_sensors(std::vector{sensor_of(1), sensor_of(2)});
  REQUIRE(turn_until(site.loop, [&] { return report.progress().points == 1; }));
  CHECK(site.log.count("lines: block 1458755584: cannot be read") >= 1);
}

TEST_CASE("a reporter ends at once while an answer is awaited") {
  Site site([](const Received&) { return nothing(); });
  site.source.points[series_of(sensor_of(1))] = seconds(start, 1);
  site.begin({sensor_of(1)});
  REQUIRE(turn_until(site.loop, [&] { return site.server.requests() == 1; }));
  const auto before = std::chrono::steady_clock::now();
  site.report.reset();
  CHECK(std::chrono::steady_clock::now() - before < 200ms);
  turn_for(site.loop, 100ms);
}

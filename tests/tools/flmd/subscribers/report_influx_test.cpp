#include "tools/flmd/subscribers/report_influx.hpp"

#include <catch2/catch.hpp>

#include "tests/tools/flmd/report/scripted_server.hpp"
#include "tests/tools/flmd/report/surroundings.hpp"
#include "tests/tools/flmd/report/unpacked.hpp"
#include "tools/common/input_error.hpp"

using namespace flm::flmd;
using namespace std::chrono_literals;

namespace {

constexpr std::int64_t start = 1458756425;

struct Site {
  explicit Site(ScriptedServer::Script script) : server(std::move(script)) {
    setenv("no_proxy", "*", 1);
    server.start();
    settings.url = server.url() + "write?db=home";
    settings.interval = 40ms;
    settings.backoff = {60ms, 200ms};
    settings.cursor_file = folder / "report.json";
    settings.log = log.sink();
  }
  void begin(const std::vector<SiteSensor>& sensors) {
    report = report_influx(loop, source, settings);
    report->on_sensors(sensors);
  }
  bool has_all() const {
    for (const SeriesProgress& one : report->progress().series)
      if (one.behind() != 0) return false;
    return true;
  }

  Folder folder;
  LogLines log;
  MadeUpSource source;
  boost::asio::io_context loop;
  ScriptedServer server;
  InfluxSettings settings;
  std::unique_ptr<Reporter> report;
};

Reply take(const Received&) { return answer(204); }

}  // namespace

TEST_CASE("points become lines with sorted tags, a field named after what the history keeps, and seconds") {
  Site site(take);
  SiteSensor main = sensor_of(1, "analog"), kube = sensor_of(9, "kube", "temperature");
  main.name = "main";
  kube.name = "cellar";
  kube.counter_is_data = false;
  kube.rid = 2;
  site.source.points[{main.sid, 0}] = {{1458756425, 942'856'500}, {1458756431, -3'004}};
  site.source.points[{kube.sid, 2}] = {{1458756440, 21'370}};
  site.begin({main, kube});
  REQUIRE(turn_until(site.loop, [&] { return site.has_all(); }));
  const Received request = site.server.received().at(0);
  CHECK(request.method == "POST");
  CHECK(request.target == "/write?db=home&precision=s");
  CHECK(request.headers.count("authorization") == 0);
  CHECK(request.headers.at("user-agent") == "flmd");
  CHECK(request.body ==
        "flm,class=analog,name=main,sensor=" + main.sid + ",type=electricity counter=942856.5 1458756425\n" +
            "flm,class=analog,name=main,sensor=" + main.sid +
            ",type=electricity counter=-3.004 1458756431\n" + "flm,class=kube,name=cellar,rid=2,sensor=" +
            kube.sid + ",type=temperature gauge=21.37 1458756440\n");
}

TEST_CASE("names are escaped as the line protocol asks") {
  SiteSensor sensor = sensor_of(1);
  const auto name_becomes = [&](const std::string& name) {
    sensor.name = name;
    const std::string line = influx_series("flm", sensor);
    const auto begin = line.find(",name=") + 6;
    return line.substr(begin, line.find(",sensor=") - begin);
  };
  // InfluxDB, line protocol reference, "Special characters": comma, equals sign and blank in tags.
  CHECK(name_becomes("heat pump") == "heat\\ pump");
  CHECK(name_becomes("a,b=c") == "a\\,b\\=c");
  CHECK(name_becomes("\"quoted\"") == "\"quoted\"");
  CHECK(name_becomes("K\xc3\xbc"
                     "che") ==
        "K\xc3\xbc"
        "che");
  CHECK(name_becomes("two\nlines\r\x01") == "two\\ lines\\ \\ ");
  CHECK(name_becomes("end\\") == "end/");
  CHECK(name_becomes("\\,") == "/\\,");
  CHECK(name_becomes("<script>") == "<script>");
  sensor.name.clear();
  CHECK(influx_series("flm", sensor) == "flm,class=pulse,sensor=" + sensor.sid + ",type=electricity");
  CHECK(influx_series("my meters,x=y", sensor).starts_with("my\\ meters\\,x=y,class="));
}

TEST_CASE("a token, or a user with a password, goes with each request") {
  Site site(take);
  site.source.points[{sensor_of(1).sid, 0}] = seconds(start, 1);
  SECTION("token") {
    site.settings.token = "abc-DEF_123==";
    site.begin({sensor_of(1)});
    REQUIRE(turn_until(site.loop, [&] { return site.has_all(); }));
    CHECK(site.server.received().at(0).headers.at("authorization") == "Token abc-DEF_123==");
  }
  SECTION("user") {
    site.settings.username = "Aladdin";
    site.settings.password = "open sesame";
    site.begin({sensor_of(1)});
    REQUIRE(turn_until(site.loop, [&] { return site.has_all(); }));
    CHECK(site.server.received().at(0).headers.at("authorization") ==
          "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");  // RFC 7617, section 2
  }
}

TEST_CASE("a packed body is the same lines") {
  Site site(take);
  site.settings.gzip = true;
  site.source.points[{sensor_of(1).sid, 0}] = seconds(start, 1000);
  site.begin({sensor_of(1)});
  REQUIRE(turn_until(site.loop, [&] { return site.has_all(); }));
  const Received request = site.server.received().at(0);
  CHECK(request.headers.at("content-encoding") == "gzip");
  const std::string lines = unpacked(request.body);
  CHECK(std::count(lines.begin(), lines.end(), '\n') == 1000);
  CHECK(lines.ends_with(" counter=1000 " + std::to_string(start + 999) + "\n"));
  CHECK(request.body.size() < lines.size() / 5);
}

TEST_CASE("an answer other than 200 and 204 loses nothing") {
  const auto [name, reply, complaint] = GENERATE(table<const char*, Reply, const char*>({
      {"away", answer(503, "overloaded"), "the server answers 503: overloaded"},
      {"wrong token", answer(401, R"({"code":"unauthorized"})"),
       R"(the server answers 401: {"code":"unauthorized"})"},
      {"no such database", answer(404, R"({"error":"database not found"})"),
       R"(the server answers 404: {"error":"database not found"})"},
      {"field type", answer(400, "partial write: field type conflict dropped=1"),
       "the server answers 400: partial write: field type conflict dropped=1"},
      {"a hotspot", answer(200, "<html>"), "a page answers instead of the server"},
      {"cut", cut(answer(204), 12), ""},
  }));
  INFO(name);
  std::atomic<int> bad = 2;
  Site site([&, reply = reply](const Received&) { return bad-- > 0 ? reply : answer(204); });
  site.source.points[{sensor_of(1).sid, 0}] = seconds(start, 10);
  site.begin({sensor_of(1)});
  REQUIRE(turn_until(site.loop, [&] { return !site.report->progress().complaint.empty(); }));
  if (*complaint != '\0') CHECK(site.report->progress().complaint == complaint);
  REQUIRE(turn_until(site.loop, [&] { return site.has_all(); }));
  const auto requests = site.server.received();
  REQUIRE(requests.size() == 3);
  CHECK(requests[1].body == requests[0].body);
  CHECK(requests[2].body == requests[0].body);
  turn_for(site.loop, 100ms);
  CHECK(site.report->progress().complaint.empty());
}

TEST_CASE("points that are older than what the server keeps are passed over, with a line in the log") {
  // InfluxDB 1: coordinator/points_writer.go; InfluxDB 2: write API, 422.
  const auto [status, text] = GENERATE(table<int, const char*>(
      {{400, R"({"error":"partial write: points beyond retention policy dropped=10"})"},
       {422, "failure writing points: points outside of the retention period"}}));
  Site site([&, s = status, t = text](const Received&) { return answer(s, t); });
  site.source.points[{sensor_of(1).sid, 0}] = seconds(start, 12'000);
  site.begin({sensor_of(1)});
  REQUIRE(turn_until(site.loop, [&] { return site.has_all(); }));
  CHECK(site.server.requests() == 3);
  CHECK(site.log.count("retention") == 1);
}

TEST_CASE("an address gets the precision that is sent, and no other is taken") {
  const MadeUpSource source;
  boost::asio::io_context loop;
  const auto with = [&](const std::string& url, const std::string& token = "") {
    InfluxSettings settings;
    settings.url = url;
    settings.token = token;
    return report_influx(loop, source, settings);
  };
  CHECK(with("http://h:8086/api/v2/write?org=o&bucket=b&precision=s")->progress().name ==
        "influx http://h:8086/api/v2/write");
  CHECK_THROWS_WITH(with("http://h/write?precision=ns&db=x"),
                    "report url 'http://h/write?precision=ns&db=x': 'precision=ns' is not what is sent; "
                    "allowed: precision=s");
  CHECK_THROWS_WITH(with("http://h/write?db=x&precision="), Catch::Contains("allowed: precision=s"));
  CHECK_THROWS_WITH(with("h/write"),
                    Catch::Contains("allowed: an address that starts with https:// or http://"));
  CHECK_THROWS_WITH(with("http://u:p@h/write"), Catch::Contains("without user and password"));
  CHECK_THROWS_WITH(with("http://h/write", "abc\n"),
                    Catch::Contains("report token: has a blank, a line end"));
}

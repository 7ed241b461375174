#include "tools/flmd/subscribers/report_flukso.hpp"

#include <catch2/catch.hpp>

#include <mutex>
#include <set>

#include "tests/tools/flmd/report/certificates.hpp"
#include "tests/tools/flmd/report/scripted_server.hpp"
#include "tests/tools/flmd/report/surroundings.hpp"
#include "tests/tools/flmd/report/unpacked.hpp"
#include "tools/api/digest.hpp"
#include "tools/common/input_error.hpp"

using namespace flm;
using namespace flm::flmd;
using namespace std::chrono_literals;

namespace {

const std::string device = "00112233445566778899aabbccddeeff";
const std::string key = "0123456789abcdef0123456789abcdef";
constexpr std::int64_t start = 1458756425;

Reply signed_answer(const std::string& body) {
  return answer(200, body, {{"X-Digest", api::digest(key, body)}});
}
const std::string taken = R"({"response":"ok"})";
const std::string no_upgrade = R"({"upgrade":0,"timestamp":1458756425})";

bool is_heartbeat(const Received& request) { return request.target.starts_with("/device/"); }
bool is_config(const Received& request) { return request.body.starts_with("{\"config\""); }
bool is_measurement(const Received& request) { return request.body.starts_with("{\"measurements\""); }

// A Flukso server that takes everything.
Reply good(const Received& request) {
  if (is_heartbeat(request)) return signed_answer(no_upgrade);
  return is_config(request) ? answer(204) : answer(200, taken);
}

// A server, a reporter to it with quick intervals, and what surrounds them.
struct Site {
  explicit Site(ScriptedServer::Script script) : server(std::move(script)) {
    setenv("no_proxy", "*", 1);
    settings.url = server.url();
    settings.device = device;
    settings.key = key;
    settings.first_wait = 30ms;
    settings.interval = 50ms;
    settings.backoff = {60ms, 150ms};
    settings.answer_limit = 300ms;
    settings.http_port = 8080;
    settings.cursor_file = folder / "report.json";
    settings.log = log.sink();
  }
  void begin(const std::vector<SiteSensor>& sensors) {
    if (!running) server.start();
    running = true;
    report.emplace(loop, source, settings);
    report->on_sensors(sensors);
  }
  std::vector<Received> all(bool (*which)(const Received&)) const {
    std::vector<Received> result;
    for (const Received& request : server.received())
      if (which(request)) result.push_back(request);
    return result;
  }
  bool caught_up(const SiteSensor& sensor) const {
    for (const SeriesProgress& one : report->progress().series)
      if (one.series.sid == sensor.sid) return one.behind() == 0;
    return false;
  }

  Folder folder;
  LogLines log;
  MadeUpSource source;
  boost::asio::io_context loop;
  ScriptedServer server;
  FluksoSettings settings;
  std::optional<ReportFlukso> report;
  bool running = false;
};

std::vector<std::pair<std::int64_t, std::int64_t>> points_in(const Received& request) {
  std::vector<std::pair<std::int64_t, std::int64_t>> points;
  const auto json = nlohmann::json::parse(request.body);
  for (const auto& pair : json["measurements"]) points.emplace_back(pair[0], pair[1]);
  return points;
}

}  // namespace

TEST_CASE("measurements go out as the stock main board sends them") {
  Site site(good);
  const SiteSensor sensor = sensor_of(1);
  site.source.points[{sensor.sid, 0}] = {{1458756425, 942856'000}, {1458756431, 942857'000}};
  site.begin({sensor});
  REQUIRE(turn_until(site.loop, [&] { return site.caught_up(sensor); }));
  const Received request = site.all(is_measurement).at(0);
  CHECK(request.method == "POST");
  CHECK(request.target == "/sensor/" + sensor.sid);
  // Body and digest of the API's test vector.
  CHECK(request.body == R"({"measurements":[[1458756425,942856],[1458756431,942857]]})");
  CHECK(request.headers.at("x-digest") == "c3f85d2650bce2f96852afdfaf748731be5470b3");
  CHECK(request.headers.at("content-type") == "application/json");
  CHECK(request.headers.at("x-version") == "1.0");
  CHECK(request.headers.at("user-agent") == "Fluksometer v250");
  CHECK(request.headers.at("content-length") == "58");
  // The manual's line.
  CHECK(site.log.has(LOG_INFO, "POST " + site.server.url() + "sensor/" + sensor.sid + ": 200"));
}

TEST_CASE("a count is rounded down to whole units, below 0 too") {
  CHECK(flukso_measurements(std::vector<flm::history::Point>{
            {1, 999}, {2, 1000}, {3, 1999}, {4, 0}, {5, -1}, {6, -1000}, {7, -1001}}) ==
        R"({"measurements":[[1,0],[2,1],[3,1],[4,0],[5,-1],[6,-1],[7,-2]]})");
  CHECK(flukso_measurements({}) == R"({"measurements":[]})");
}

TEST_CASE(
    "sensors are sent one after another on one connection, and only those with a counter that the server "
    "knows") {
  Site site(good);
  site.settings.first_wait = 200ms;
  std::vector<SiteSensor> sensors{sensor_of(1, "analog"), sensor_of(2, "pulse"), sensor_of(7, "cosem"),
                                  sensor_of(6, "uart"),   sensor_of(9, "kube"),  sensor_of(3, "analog")};
  sensors.back().counter_is_data = false;
  for (const SiteSensor& sensor : sensors) site.source.points[{sensor.sid, 0}] = seconds(start, 12'000);
  site.begin(sensors);
  REQUIRE(turn_until(site.loop, [&] {
    return site.caught_up(sensors[0]) && site.caught_up(sensors[1]) && site.caught_up(sensors[2]);
  }));
  const auto requests = site.all(is_measurement);
  std::vector<std::string> targets;
  for (const Received& request : requests) targets.push_back(request.target.substr(38));
  CHECK(targets == std::vector<std::string>{"01", "01", "01", "02", "02", "02", "07", "07", "07"});
  for (const Received& request : requests) CHECK(points_in(request).size() <= 5'000);
  CHECK(site.server.connections() == 1);
  // A line for each sensor, not for each batch of those that catch up.
  CHECK(site.log.count("POST " + site.server.url() + "sensor/" + sensors[0].sid + ": 200") == 1);
}

TEST_CASE("nothing is sent sooner after the last try than the interval") {
  Site site(good);
  site.settings.interval = 400ms;
  const SiteSensor sensor = sensor_of(1);
  site.source.points[{sensor.sid, 0}] = seconds(start, 1);
  site.begin({sensor});
  REQUIRE(turn_until(site.loop, [&] { return site.caught_up(sensor); }));
  site.source.points[{sensor.sid, 0}] = seconds(start, 2);
  turn_for(site.loop, 250ms);
  CHECK(site.all(is_measurement).size() == 1);
  REQUIRE(turn_until(site.loop, [&] { return site.caught_up(sensor); }));
  CHECK(points_in(site.all(is_measurement).at(1)) ==
        std::vector<std::pair<std::int64_t, std::int64_t>>{{start + 1, 2}});
}

TEST_CASE("an answer other than a whole 200 loses nothing, and what is sent again is the same") {
  const SiteSensor sensor = sensor_of(1);
  const auto [name, reply, line] = GENERATE(table<const char*, Reply, const char*>({
      {"500", answer(500, "Internal Server Error"), ": 500"},
      {"401", answer(401, "", {{"WWW-Authenticate", "Incorrect digest"}}), ": 401"},
      {"204", answer(204), ": 204"},
      {"garbage", {"\x01\x02 no HTTP at all\r\n\r\n", Reply::Then::close}, ": 0"},
      {"nothing", nothing(), ": 0"},
      {"a cut in the head", cut(answer(200, taken), 10), ": 0"},
      {"a cut in the body", cut(answer(200, taken), answer(200, taken).bytes.size() - 3), ": 0"},
      {"a page of a hotspot", answer(200, "<html>please log in</html>"), ": 200"},
      {"garbage with 200", answer(200, "\x01\x02"), ": 200"},
      {"200 with an empty body", answer(200, ""), ": 200"},
      {"JSON of another server", answer(200, R"({"error":"no such path"})"), ": 200"},
      {"a redirection", answer(302, "", {{"Location", "https://login.example/"}}), ": 302"},
  }));
  INFO(name);
  std::atomic<int> bad = 2;
  Site site([&, reply = reply](const Received& request) {
    return is_measurement(request) && bad-- > 0 ? reply : good(request);
  });
  site.source.points[{sensor.sid, 0}] = seconds(start, 10);
  site.begin({sensor});
  REQUIRE(turn_until(site.loop, [&] { return site.caught_up(sensor); }));
  const auto requests = site.all(is_measurement);
  REQUIRE(requests.size() == 3);
  for (const Received& request : requests) CHECK(request.body == requests[0].body);
  CHECK(points_in(requests[0]).size() == 10);
  // A request goes out once more when a connection that was used before ends without an answer.
  CHECK(site.log.count("sensor/" + sensor.sid + line) >= 1);
  CHECK(site.report->progress().points == 10);
  CHECK(site.report->progress().complaint.empty());
}

TEST_CASE("the reason of a refusal is in the log and in the progress") {
  Site site([](const Received& request) {
    return is_measurement(request)
               ? answer(401, "red\x1b[31m", {{"WWW-Authenticate", "No proper provisioning for this sensor"}})
               : good(request);
  });
  const SiteSensor sensor = sensor_of(1);
  site.source.points[{sensor.sid, 0}] = seconds(start, 10);
  site.begin({sensor});
  REQUIRE(turn_until(site.loop, [&] { return !site.report->progress().complaint.empty(); }));
  CHECK(site.log.has(LOG_ERR, "POST " + site.server.url() + "sensor/" + sensor.sid + ": 401"));
  CHECK(site.log.has(LOG_ERR, "red\\x1b[31m"));
  CHECK(site.log.has(LOG_ERR, "WWW-Authenticate: No proper provisioning for this sensor"));
  CHECK(site.report->progress().series.at(0).complaint ==
        "the server answers 401, No proper provisioning for this sensor");
  CHECK_FALSE(site.report->progress().series.at(0).behind().has_value());
}

TEST_CASE("a sensor that the server refuses, or always stumbles over, holds up no other") {
  const int status = GENERATE(401, 500);
  const std::vector<SiteSensor> sensors{sensor_of(1), sensor_of(2), sensor_of(3)};
  Site site([&](const Received& request) {
    return is_measurement(request) && request.target.ends_with(sensors[1].sid) ? answer(status)
                                                                               : good(request);
  });
  for (const SiteSensor& sensor : sensors) site.source.points[{sensor.sid, 0}] = seconds(start, 10);
  site.begin(sensors);
  REQUIRE(turn_until(site.loop, [&] { return site.caught_up(sensors[0]) && site.caught_up(sensors[2]); }));
  CHECK_FALSE(site.caught_up(sensors[1]));
  turn_for(site.loop, 500ms);
  // Not a hot loop: 600 ms with waits of 60 to 190 ms.
  std::size_t tries = 0;
  for (const Received& request : site.all(is_measurement))
    tries += request.target.ends_with(sensors[1].sid) ? 1U : 0U;
  CHECK(tries >= 3);
  CHECK(tries <= 10);
}

TEST_CASE("a heartbeat tells of the start until a server has heard it, and then hourly of none") {
  std::atomic<int> deaf = 2;
  Site site([&](const Received& request) {
    return is_heartbeat(request) && deaf-- > 0 ? answer(503) : good(request);
  });
  site.settings.heartbeat_interval = 300ms;
  site.settings.recent_log = [] { return "daemon.info flmd: started\n"; };
  site.begin({});
  REQUIRE(turn_until(site.loop, [&] { return site.all(is_heartbeat).size() == 4; }));
  const auto beats = site.all(is_heartbeat);
  for (std::size_t i = 0; i < 4; ++i) {
    CHECK(beats[i].target == "/device/" + device);
    CHECK(beats[i].method == "POST");
    CHECK(beats[i].headers.at("x-digest") == api::digest(key, beats[i].body));
    const auto json = nlohmann::json::parse(beats[i].body);
    CHECK(json["reset"] == (i < 3 ? 1 : 0));
    CHECK(json["version"] == 250);
    CHECK(json["memtotal"] > 0);
    CHECK(unpacked(from_base64(json["syslog"])) == "daemon.info flmd: started\n");
  }
  CHECK(site.log.has(LOG_INFO, "POST " + site.server.url() + "device/" + device + ": 200"));
}

TEST_CASE("an upgrade is offered only by an answer with the right digest, and nothing is run") {
  const std::string offer = R"({"upgrade":251,"timestamp":1458756425})";
  const std::string wrong = "Incorrect digest in the heartbeat reply. Discard response.";
  std::string sent;
  Reply reply;
  std::mutex mutex;
  Site site([&](const Received& request) {
    const std::lock_guard lock(mutex);
    return is_heartbeat(request) ? reply : good(request);
  });
  site.settings.heartbeat_interval = 40ms;
  const auto beat_with = [&](Reply next) {
    {
      const std::lock_guard lock(mutex);
      reply = std::move(next);
    }
    if (!site.report) site.begin({});
    const auto count = site.all(is_heartbeat).size();
    REQUIRE(turn_until(site.loop, [&] { return site.all(is_heartbeat).size() == count + 2; }));
  };
  beat_with(answer(200, offer, {{"X-Digest", api::digest(device, offer)}}));
  CHECK(site.log.has(LOG_ERR, wrong));
  CHECK_FALSE(site.report->upgrade_offered());
  const auto count = site.log.count(wrong);
  beat_with(answer(200, offer));
  CHECK(site.log.count(wrong) > count);
  CHECK_FALSE(site.report->upgrade_offered());
  beat_with(signed_answer("garbage"));
  beat_with(signed_answer(R"({"upgrade":250,"timestamp":1458756425})"));
  CHECK(site.log.count("the server asks for a restart; it is not done") > 0);
  beat_with(signed_answer(no_upgrade));
  CHECK_FALSE(site.report->upgrade_offered());
  beat_with(signed_answer(offer));
  CHECK(site.report->upgrade_offered() == 251);
  CHECK(site.log.count("the server offers upgrade 251; it is not run") > 0);
  // The server clears its field after each heartbeat; what it offered stays offered.
  beat_with(signed_answer(no_upgrade));
  CHECK(site.report->upgrade_offered() == 251);
}

TEST_CASE("a sensor's settings have the API's form") {
  SiteSensor clamp = sensor_of(1, "analog");
  clamp.name = "main";
  clamp.parameters = {{"port", {1}}, {"voltage", 230}, {"current", 50}};
  // Example of the API's description.
  CHECK(
      flukso_config(clamp) ==
      R"({"config":{"class":"analog","type":"electricity","function":"main","voltage":230,"current":50,"phase":1,"constant":null,"enable":1}})");
  clamp.parameters["port"] = {1, 2, 3};
  CHECK_THAT(flukso_config(clamp), Catch::Contains(R"("phase":3)"));
  SiteSensor gas = sensor_of(4, "pulse", "gas");
  gas.parameters = {{"port", {4}}, {"constant", 10}};
  gas.enabled = false;
  gas.name = "<script>\xff";
  CHECK(flukso_config(gas) ==
        "{\"config\":{\"class\":\"pulse\",\"type\":\"gas\",\"function\":\"<script>\xef\xbf\xbd\",\"voltage\":"
        "null,\"current\":null,\"constant\":10,"
        "\"enable\":0}}");
}

TEST_CASE("settings are sent at the start and when they change, and again after a failure") {
  std::atomic<int> bad = 1;
  Site site(
      [&](const Received& request) { return is_config(request) && bad-- > 0 ? answer(500) : good(request); });
  std::vector<SiteSensor> sensors{sensor_of(1), sensor_of(2), sensor_of(9, "kube")};
  site.begin(sensors);
  REQUIRE(turn_until(site.loop, [&] { return site.all(is_config).size() == 3; }));
  turn_for(site.loop, 200ms);
  REQUIRE(site.all(is_config).size() == 3);
  std::set<std::string> told;
  for (const Received& request : site.all(is_config)) {
    CHECK(request.headers.at("x-digest") == api::digest(key, request.body));
    told.insert(request.target);
  }
  CHECK(told == std::set<std::string>{"/sensor/" + sensors[0].sid, "/sensor/" + sensors[1].sid});

  sensors[1].name = "new";
  site.report->on_sensors(sensors);
  REQUIRE(turn_until(site.loop, [&] { return site.all(is_config).size() == 4; }));
  turn_for(site.loop, 200ms);
  REQUIRE(site.all(is_config).size() == 4);
  CHECK_THAT(site.all(is_config).at(3).body, Catch::Contains(R"("function":"new")"));
}

TEST_CASE("settings that the server refuses are not sent again until they change") {
  Site site([&](const Received& request) { return is_config(request) ? answer(400) : good(request); });
  std::vector<SiteSensor> sensors{sensor_of(1)};
  site.begin(sensors);
  turn_for(site.loop, 400ms);
  CHECK(site.all(is_config).size() == 1);
  CHECK(site.log.has(LOG_ERR, "POST " + site.server.url() + "sensor/" + sensors[0].sid + ": 400"));
  sensors[0].name = "new";
  site.report->on_sensors(sensors);
  turn_for(site.loop, 400ms);
  CHECK(site.all(is_config).size() == 2);
}

TEST_CASE("the globe LED is off during a request, and on again only after 200 or 204") {
  std::atomic<int> status = 200;
  Site site([&](const Received& request) {
    return is_measurement(request) ? answer(status, taken) : good(request);
  });
  std::vector<bool> globe;
  site.settings.globe = [&](bool on) { globe.push_back(on); };
  const SiteSensor sensor = sensor_of(1);
  site.source.points[{sensor.sid, 0}] = seconds(start, 1);
  site.settings.first_wait = 300ms;
  site.begin({sensor});  // heartbeat, settings, then measurements
  REQUIRE(turn_until(site.loop, [&] { return site.caught_up(sensor); }));
  CHECK(globe == std::vector<bool>{false, true, false, true, false, true});
  status = 500;
  site.source.points[{sensor.sid, 0}] = seconds(start, 2);
  REQUIRE(turn_until(site.loop, [&] { return !site.report->progress().complaint.empty(); }));
  CHECK(globe == std::vector<bool>{false, true, false, true, false, true, false});
}

TEST_CASE("a server whose certificate another authority has signed gets nothing") {
  const Folder folder;
  const Authority ours("ours"), theirs("theirs");
  ours.write_certificate(folder / "ours.pem");
  theirs.write_certificate(folder / "theirs.pem");
  ours.write_server(folder / "server.pem", folder / "server.key", "IP:127.0.0.1");
  const ServerIdentity identity{folder / "server.pem", folder / "server.key"};
  ScriptedServer server(good, &identity);
  server.start();
  const SiteSensor sensor = sensor_of(1);
  const auto report_with = [&](const char* ca_file) {
    Site site(good);
    site.settings.url = server.url();
    site.settings.ca_file = folder / ca_file;
    site.source.points[{sensor.sid, 0}] = seconds(start, 10);
    site.begin({sensor});
    REQUIRE(turn_until(site.loop, [&] {
      return site.report->progress().points + site.log.count("sensor/" + sensor.sid + ": 0") > 0;
    }));
    CHECK(site.log.count("certificate") + site.report->progress().points > 0);
  };
  report_with("theirs.pem");
  CHECK(server.requests() == 0);
  report_with("ours.pem");
  CHECK(server.requests() >= 3);  // heartbeat, settings, measurements
}

TEST_CASE("an address, device or key that is none is refused in words") {
  const MadeUpSource source;
  boost::asio::io_context loop;
  const auto refused = [&](const std::string& url, const std::string& id, const std::string& secret,
                           const std::string& words) {
    FluksoSettings settings;
    settings.url = url;
    settings.device = id;
    settings.key = secret;
    CHECK_THROWS_WITH(ReportFlukso(loop, source, settings), Catch::Contains(words));
  };
  refused("api.flukso.net", device, key,
          "report url 'api.flukso.net': allowed: an address that starts with https:// or http://");
  refused("https://api.flukso.net/?a=b", device, key, "allowed: an address without '?'");
  refused("https://api.flukso.net", "abc", key, "device id 'abc': allowed: 32 digits, 0 to 9 and a to f");
  refused("https://api.flukso.net", device, "0123", "device key: allowed: 32 digits");
  FluksoSettings settings;
  settings.url = "https://api.flukso.net";
  settings.device = device;
  settings.key = key;
  CHECK(ReportFlukso(loop, source, settings).progress().name == "flukso https://api.flukso.net/");
}

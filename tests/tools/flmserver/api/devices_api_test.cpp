// What devices and readers send, as they are known to: the stock main board, tmpo readers, scripts.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/tools/flmserver/api/server_under_test.hpp"
#include "tools/flmserver/store/upkeep.hpp"
#include "tools/history/tmpo_block.hpp"

namespace {

using namespace flm;
using namespace flm::test;
using Json = nlohmann::json;
using Catch::Matchers::Contains;

constexpr std::int64_t start = 1'700'000'000;
const std::string clamp =
    R"({"config":{"class":"analog","type":"electricity","function":"main","voltage":230,"current":50,"phase":1,"constant":null,"enable":1}})";

std::string counters_of(ServerUnderTest& server, std::string_view sid) {
  std::string text;
  server.in_store([&](server::Accounts&) {
    server::SeriesStore(server.database())
        .points({std::string(sid), 0}, 0, std::int64_t{1} << 40, [&](history::Point p) {
          text += std::to_string(p.time) + ":" + history::decimal(p.value) + " ";
        });
  });
  return text;
}

}  // namespace

TEST_CASE("a configuration, then measurements, make a sensor with a token") {
  ServerUnderTest server(start);
  server.with_device();
  const Answer config = server.post("/sensor/" + main_sid, clamp);
  CHECK(config.status == 200);
  CHECK(config.body == R"({"response":"ok"})");
  const Answer answer = server.measure(main_sid, {{start - 20, 942856}, {start - 14, 942857}});
  CHECK(answer.status == 200);
  CHECK(answer.body == R"({"response":"ok"})");
  CHECK(answer.has("Content-Length: 17\r\n"));  // the stock client takes no chunks
  CHECK(counters_of(server, main_sid) == "1699999980:942856 1699999986:942857 ");
  const auto sensor = server.in_store([](server::Accounts& accounts) { return *accounts.sensor(main_sid); });
  CHECK(sensor.function == "main");
  CHECK(sensor.voltage == 230);
  CHECK(sensor.access == start);
}

TEST_CASE("a body that was changed on its way is refused, and nothing of it is kept") {
  ServerUnderTest server(start);
  server.with_device();
  REQUIRE(server.post("/sensor/" + main_sid, clamp).status == 200);
  const std::string body = R"({"measurements":[[1699999980,1]]})";
  const Answer wrong = server.post("/sensor/" + main_sid, body, std::string(32, '1'));
  CHECK(wrong.status == 401);
  CHECK(wrong.has("WWW-Authenticate: Incorrect digest\r\n"));
  CHECK(server.ask("POST", "/sensor/" + main_sid, "X-Version: 1.0\r\n", body).status == 400);
  CHECK(server.ask("POST", "/sensor/" + main_sid, "X-Digest: " + api::digest(device_key, body) + "\r\n", body)
            .status == 400);
  CHECK(counters_of(server, main_sid).empty());
}

TEST_CASE("a sensor that no device has signed for is not provisioned") {
  ServerUnderTest server(start);
  server.with_device();
  const Answer answer = server.post("/sensor/" + std::string(32, '9'), clamp, std::string(32, '1'));
  CHECK(answer.status == 401);
  CHECK(answer.has("WWW-Authenticate: No proper provisioning for this sensor\r\n"));
}

TEST_CASE("the same batch twice changes nothing") {
  ServerUnderTest server(start);
  server.with_device();
  REQUIRE(server.post("/sensor/" + main_sid, clamp).status == 200);
  for (int i = 0; i < 2; ++i)
    CHECK(server.measure(main_sid, {{start - 20, 5}, {start - 10, 6}}).body == R"({"response":"ok"})");
  CHECK(server.measure(main_sid, {{start - 20, 9}, {start - 15, 5}, {start, 7}}).status == 200);
  CHECK(counters_of(server, main_sid) == "1699999980:5 1699999985:5 1699999990:6 1700000000:7 ");
}

TEST_CASE("a body has measurements or a configuration, and not both") {
  ServerUnderTest server(start);
  server.with_device();
  const std::string path = "/sensor/" + main_sid;
  REQUIRE(server.post(path, clamp).status == 200);
  for (const char* body :
       {R"({})", R"([])", R"(7)", R"(nonsense)", R"({"measurements":[],"config":{}})",
        R"({"measurements":7})", R"({"measurements":[7]})", R"({"measurements":[[1,2,3]]})",
        R"({"config":7})", R"({"config":{"class":"teapot"}})", R"({"config":{"voltage":-1}})",
        R"([[[[[[[[[[1]]]]]]]]]])"})
    CHECK(server.post(path, body).status == 400);
  CHECK(server.post(path, R"({"measurements":[[1699999980,1.5],[1699999981,2],["x",3]]})").status ==
        200);  // whole numbers only
  CHECK(counters_of(server, main_sid) == "1699999981:2 ");
}

TEST_CASE("days are made anew when a sensor turns out to be a net counter") {
  ServerUnderTest server(start);
  server.with_device();
  REQUIRE(server.post("/sensor/" + main_sid, clamp).status == 200);
  server.measure(main_sid,
                 {{start - 300'000, 900}, {start - 200'000, 500}, {start - 100'000, 700}, {start, 800}});
  server::Upkeep upkeep(server.database(), [](const std::string&) { return false; });
  while (upkeep.step()) {
  }
  const auto days_until = [&] {
    return server.database()
        .run("SELECT days_until FROM series WHERE sid = $1", {main_sid})
        .front()
        .integer(0);
  };
  const std::int64_t made = days_until();
  CHECK(made > start - 100'000);
  REQUIRE(server.post("/sensor/" + main_sid, clamp).status == 200);
  CHECK(days_until() == made);
  REQUIRE(server.post("/sensor/" + main_sid, R"({"config":{"class":"uart","type":"electricity"}})").status ==
          200);
  CHECK(days_until() == 0);
}

TEST_CASE("a clock at 1970 or 2070 loses its own points and no others") {
  ServerUnderTest server(start);
  server.with_device();
  REQUIRE(server.post("/sensor/" + main_sid, clamp).status == 200);
  const Answer answer = server.measure(main_sid, {{3600, 1}, {start - 5, 2}, {3155760000, 3}});
  CHECK(answer.status == 200);  // else the device would send them for ever
  CHECK_THAT(answer.body, Contains("2 of 3 measurements left out"));
  CHECK(counters_of(server, main_sid) == "1699999995:2 ");
}

TEST_CASE("a counter that was reset makes a row that is not known, and goes on") {
  ServerUnderTest server(start);
  server.with_device();
  REQUIRE(server.post("/sensor/" + main_sid, clamp).status == 200);
  const std::int64_t at = start / 60 * 60;
  server.measure(main_sid, {{at - 240, 1000}, {at - 180, 1010}, {at - 120, 1020}, {at - 60, 3}, {at, 13}});
  server.set_now(at + 1);
  const Answer answer =
      server.get("/sensor/" + main_sid + "?version=1.0&unit=watt&start=" + std::to_string(at - 240) +
                 "&end=" + std::to_string(at - 1) + "&token=" + server.token_of(main_sid));
  CHECK(answer.body == "[[" + std::to_string(at - 180) + ",600],[" + std::to_string(at - 120) + ",600],[" +
                           std::to_string(at - 60) + ",\"nan\"],[" + std::to_string(at) + ",600]]");
}

TEST_CASE("a heartbeat is answered with a signature, and counts resets") {
  ServerUnderTest server(start);
  server.with_device();
  const std::string beat =
      R"({"reset":1,"version":250,"time":1458756425,"uptime":17394,"memtotal":13572,"memcached":3280,"membuffers":1076,"memfree":812,"syslog":"H4sI","ip":"192.168.1.20","port":"8080"})";
  const Answer answer = server.post("/device/" + device_id, beat);
  CHECK(answer.status == 200);
  CHECK(answer.body == R"({"upgrade":0,"timestamp":1700000000})");
  CHECK(answer.has("X-Digest: " + api::digest(device_key, answer.body) + "\r\n"));
  server.post("/device/" + device_id, R"({"reset":0,"version":251})");
  const auto device = server.in_store([](server::Accounts& accounts) { return *accounts.device(device_id); });
  CHECK(device.resets == 1);
  CHECK(device.version == 251);
  CHECK(device.heartbeat == start);
  CHECK(server.post("/device/" + device_id, R"({"reset":0})", std::string(32, '1')).status == 401);
  CHECK(server.post("/device/" + std::string(32, '5'), R"({"reset":0})").status == 401);
}

TEST_CASE("an upgrade is offered once") {
  ServerUnderTest server(start);
  server.with_device();
  server.in_store([](server::Accounts& accounts) {
    server::Device device = *accounts.device(device_id);
    device.upgrade = 251;
    accounts.change(device);
  });
  CHECK(server.post("/device/" + device_id, R"({"reset":0})").body ==
        R"({"upgrade":251,"timestamp":1700000000})");
  CHECK(server.post("/device/" + device_id, R"({"reset":0})").body ==
        R"({"upgrade":0,"timestamp":1700000000})");
}

TEST_CASE("lists name an account's sensors and devices, to itself only") {
  ServerUnderTest server(start);
  const server::Account account = server.with_device();
  const server::Account other = server.in_store(
      [](server::Accounts& accounts) { return accounts.add_account("daedalus", "", "UTC", start); });
  REQUIRE(server.post("/sensor/" + main_sid, clamp).status == 200);
  server.post("/device/" + device_id,
              R"({"reset":0,"version":250,"uptime":5,"ip":"192.168.1.20","port":"8080"})");
  const std::string uid = std::to_string(account.uid),
                    own = "X-Version: 1.0\r\nX-Token: " + account.token + "\r\n",
                    strange = "X-Version: 1.0\r\nX-Token: " + other.token + "\r\n";
  CHECK(server.get("/user/" + uid + "/sensor", own).body ==
        R"([{"sensor":")" + main_sid +
            R"(","type":"electricity","function":"main","ip":"192.168.1.20","port":"8080"}])");
  CHECK(server.get("/user/" + uid + "/device", own).body ==
        R"([{"serial":"FL02B00042","device":")" + device_id +
            R"(","version":250,"heartbeat":1700000000,"uptime":5,"resets":0}])");
  const Json sensors = Json::parse(server.get("/device/" + device_id + "/sensor", own).body);
  CHECK(sensors[0]["sensor"] == main_sid);
  CHECK(sensors[0]["data_type"] == "counter");
  for (const std::string& path :
       {"/user/" + uid + "/sensor", "/user/" + uid + "/device", "/device/" + device_id + "/sensor"}) {
    CHECK(server.get(path, strange).status == 401);
    CHECK(server.get(path, "X-Version: 1.0\r\n").status == 401);
  }
}

TEST_CASE("a tmpo reader lists blocks, and fetches each") {
  ServerUnderTest server(start);
  server.with_device();
  REQUIRE(server.post("/sensor/" + main_sid, clamp).status == 200);
  const std::vector<history::Point> points{{1'699'999'744, 5000}, {1'699'999'750, 6000}};
  const std::string gzip = history::encode(R"({"id":")" + main_sid + R"("})", points);
  server.in_store([&](server::Accounts&) {
    server::SeriesStore(server.database()).add_block({main_sid, 0}, {8, 1'699'999'744}, gzip, start);
  });
  const std::string token = "&version=1.0&token=" + server.token_of(main_sid);
  CHECK(server.get("/sensor/" + main_sid + "/tmpo/sync?rid=0&lvl=0&bid=0" + token).body ==
        R"([{"rid":0,"lvl":8,"bid":1699999744,"ext":"gz"}])");
  CHECK(server.get("/sensor/" + main_sid + "/tmpo/sync?rid=0&lvl=8&bid=1699999744" + token).body == "[]");
  CHECK(server.get("/sensor/" + main_sid + "/tmpo/sync?rid=0&lvl=0" + token).status == 400);
  const std::string path = "/sensor/" + main_sid + "/tmpo/0/8/1699999744?" + token;
  CHECK(server.get(path, "Accept: application/gzip\r\n").body == gzip);
  const Answer json = server.get(path, "Accept: application/json\r\n");
  CHECK(json.has("Content-Encoding: gzip\r\n"));
  CHECK(json.body == gzip);
  CHECK(server.get("/sensor/" + main_sid + "/tmpo/0/8/1699999488?" + token).status == 404);
  CHECK(server.get("/sensor/" + main_sid + "/tmpo/0/8/1699999744?version=1.0").status == 401);
}

TEST_CASE("a method that is none of a path's is answered 405, an unknown path 404") {
  ServerUnderTest server(start);
  CHECK(server.ask("PUT", "/sensor/" + main_sid).status == 405);
  CHECK(server.get("/sensor").status == 404);
  CHECK(server.get("/sensor/" + main_sid + "?version=1.0&token=" + std::string(32, 'a')).status == 401);
  CHECK(server.get("/sensor/xyz?version=1.0&token=" + std::string(32, 'a')).status == 400);
}

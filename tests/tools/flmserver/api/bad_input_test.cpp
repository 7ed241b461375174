// What is wrong with a request, and what it is told: nothing of it is kept, and nothing is told of what is
// not the asker's.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/tools/flmserver/api/server_under_test.hpp"

namespace {

using namespace flm;
using namespace flm::test;
using Catch::Matchers::Contains;
using Json = nlohmann::json;

constexpr std::int64_t start = 1'700'000'000;
const std::string config =
    R"({"config":{"class":"pulse","type":"electricity","function":"main","constant":1.0,"enable":1}})";
const std::string other_sid(32, '7'), nobodys_sid(32, '8');

/// A server with two people, a device and a sensor each, and some measurements.
struct Bad {
  Bad() {
    account = server.with_device();
    REQUIRE(server.post("/sensor/" + main_sid, config).status == 200);
    REQUIRE(server.measure(main_sid, {{start - 600, 1000}, {start - 300, 1010}}).status == 200);
    token = server.token_of(main_sid);
    server.in_store([&](server::Accounts& accounts) {
      const auto other = accounts.add_account("daedalus", "", "UTC", start);
      accounts.add_device(std::string(32, '5'), std::string(32, '6'), "FL02B00043");
      accounts.give(other.uid, std::string(32, '5'));
    });
    REQUIRE(server.post("/sensor/" + other_sid, config, std::string(32, '6')).status == 200);
    others_token = server.token_of(other_sid);
  }
  /// All rows that a request could change.
  std::string rows() {
    std::string text;
    server.in_store([&](server::Accounts&) {
      for (const char* sql :
           {"SELECT sid, device, function, config FROM sensor ORDER BY sid",
            "SELECT device, serial, resets, version FROM device ORDER BY device",
            "SELECT name, token FROM account ORDER BY uid", "SELECT token, sid FROM token ORDER BY token",
            "SELECT sid, newest_time, newest_value FROM series ORDER BY sid"})
        for (const server::Row& row : server.database().run(sql)) {
          for (const auto& column : row.columns)
            text += column.text + " " + std::to_string(column.integer) + " ";
          text += "\n";
        }
    });
    return text;
  }
  static std::string signed_headers(std::string_view body, std::string_view key = device_key) {
    return "Content-Type: application/json\r\nX-Version: 1.0\r\nX-Digest: " + api::digest(key, body) + "\r\n";
  }

  ServerUnderTest server{start};
  server::Account account;
  std::string token, others_token;
};

struct Case {
  const char* what;
  std::string target, headers;
  int status;
};

}  // namespace

TEST_CASE("a reader's request with something wrong, missing or doubled is told so") {
  Bad bad;
  const std::string sensor = "/sensor/" + main_sid, asks = "?interval=day&unit=watt",
                    version = "&version=1.0", token = "&token=" + bad.token,
                    good = sensor + asks + version + token;
  const std::vector<Case> cases{
      {"right", good, "", 200},
      {"version: missing", sensor + asks + token, "", 400},
      {"version: wrong", sensor + asks + token + "&version=1.1", "", 400},
      {"version: empty", sensor + asks + token + "&version=", "", 400},
      {"version: twice in the query", good + version, "", 400},
      {"version: query and header", good, "X-Version: 1.0\r\n", 400},
      {"token: missing", sensor + asks + version, "", 401},
      {"token: empty", sensor + asks + version + "&token=", "", 400},
      {"token: one that nobody has", sensor + asks + version + "&token=" + std::string(32, '0'), "", 401},
      {"token: of another's sensor", sensor + asks + version + "&token=" + bad.others_token, "", 401},
      {"token: too short", sensor + asks + version + "&token=" + bad.token.substr(1), "", 400},
      {"token: too long", good + "0", "", 400},
      {"token: in capitals", sensor + asks + version + "&token=" + std::string(32, 'A'), "", 400},
      {"token: SQL", sensor + asks + version + "&token='%20OR%20'1'='1", "", 400},
      {"token: twice in the query", good + token, "", 400},
      {"token: query and header", good, "X-Token: " + bad.token + "\r\n", 400},
      {"sensor: one that is not there", "/sensor/" + nobodys_sid + asks + version + token, "", 401},
      {"sensor: another's", "/sensor/" + other_sid + asks + version + token, "", 401},
      {"sensor: too short", "/sensor/c141" + asks + version + token, "", 400},
      {"sensor: SQL", "/sensor/x';DROP%20TABLE%20sensor;--" + asks + version + token, "", 400},
      {"sensor: HTML", "/sensor/%3Cscript%3E" + asks + version + token, "", 400},
      {"unit: missing", sensor + "?interval=day" + version + token, "", 400},
      {"unit: none", sensor + "?interval=day&unit=horsepower" + version + token, "", 400},
      {"unit: of another type", sensor + "?interval=day&unit=lperday" + version + token, "", 400},
      {"unit: twice", good + "&unit=watt", "", 400},
      {"interval: missing, without a start", sensor + "?unit=watt" + version + token, "", 400},
      {"interval: none", sensor + "?interval=fortnight&unit=watt" + version + token, "", 400},
      {"interval: with a start", good + "&start=1699990000", "", 400},
      {"interval: twice", good + "&interval=day", "", 400},
      {"start: no number", sensor + "?start=yesterday&unit=watt" + version + token, "", 400},
      {"start: too large", sensor + "?start=99999999999999999999&unit=watt" + version + token, "", 400},
      {"start: after its end", sensor + "?start=1699990000&end=1699980000&unit=watt" + version + token, "",
       400},
      {"resolution: none", good + "&resolution=second", "", 400},
      {"callback: no name", good + "&callback=alert(1)", "", 400},
      {"callback: HTML", good + "&callback=%3Cscript%3E", "", 400},
      {"callback: too long", good + "&callback=" + std::string(65, 'f'), "", 400},
      {"callback: twice", good + "&callback=f&callback=g", "", 400},
      {"callback: both names of it", good + "&callback=f&jsonp_callback=g", "", 400},
      {"user: no number", "/user/icarus/sensor?version=1.0&token=" + bad.account.token, "", 400},
      {"user: another", "/user/2/device?version=1.0&token=" + bad.account.token, "", 401},
      {"device: another's",
       "/device/" + std::string(32, '5') + "/sensor?version=1.0&token=" + bad.account.token, "", 401},
      {"device: none", "/device/x/sensor?version=1.0&token=" + bad.account.token, "", 400},
      {"block: level that none has", sensor + "/tmpo/0/9/1700000000?version=1.0" + token, "", 404},
      {"block: numbers", sensor + "/tmpo/a/b/c?version=1.0" + token, "", 400},
      {"block: below zero", sensor + "/tmpo/-1/8/0?version=1.0" + token, "", 400},
  };
  const std::string before = bad.rows();
  for (const Case& each : cases) {
    CAPTURE(each.what);
    const Answer answer = bad.server.get(each.target, each.headers);
    CHECK(answer.status == each.status);
    if (each.status == 401) CHECK(answer.has("WWW-Authenticate: Access refused\r\n"));
    // It is not HTML, whatever stands in it, and tells of no other person.
    if (each.status != 200) CHECK(answer.has("Content-Type: text/plain; charset=utf-8\r\n"));
    CHECK_FALSE(answer.body.find("daedalus") != std::string::npos);
  }
  CHECK(bad.rows() == before);
}

TEST_CASE("a device's request with something wrong, missing or doubled is told so, and changes nothing") {
  Bad bad;
  const std::string target = "/sensor/" + main_sid, body = R"({"measurements":[[1699999999,1020]]})",
                    digest = "X-Digest: " + api::digest(device_key, body) + "\r\n",
                    version = "X-Version: 1.0\r\n", json = "Content-Type: application/json\r\n";
  const std::vector<Case> cases{
      {"version: missing", target, json + digest, 400},
      {"version: wrong", target, json + digest + "X-Version: 2.0\r\n", 400},
      {"version: header and query", target + "?version=1.0", json + digest + version, 400},
      {"digest: missing", target, json + version, 400},
      {"digest: empty", target, json + version + "X-Digest:\r\n", 400},
      {"digest: too short", target, json + version + "X-Digest: 0123\r\n", 400},
      {"digest: in capitals", target, json + version + "X-Digest: " + std::string(40, 'A') + "\r\n", 400},
      {"digest: of nothing", target, json + version + "X-Digest: " + api::digest(device_key, "") + "\r\n",
       401},
      {"digest: of another's key", target, Bad::signed_headers(body, std::string(32, '6')), 401},
      {"sensor: another's", "/sensor/" + other_sid, Bad::signed_headers(body), 401},
      {"sensor: unknown, device unknown", "/sensor/" + nobodys_sid,
       Bad::signed_headers(body, std::string(32, '1')), 401},
      {"sensor: unknown, device another", "/sensor/" + nobodys_sid,
       Bad::signed_headers(body) + "X-Device: " + std::string(32, '5') + "\r\n", 401},
      {"sensor: no id", "/sensor/'--", Bad::signed_headers(body), 400},
      {"device: unknown", "/device/" + std::string(32, '4'), Bad::signed_headers(body), 401},
      {"device: another's", "/device/" + std::string(32, '5'), Bad::signed_headers(body), 401},
      {"device: no id", "/device/x", Bad::signed_headers(body), 400},
  };
  const std::string before = bad.rows();
  for (const Case& each : cases) {
    CAPTURE(each.what);
    CHECK(bad.server.ask("POST", each.target, each.headers, body).status == each.status);
    CHECK(bad.rows() == before);
  }
}

TEST_CASE("a body that is none of a device's is refused, and changes nothing") {
  Bad bad;
  const std::string deep = std::string(100'000, '['), unit = "[1699999999,1],";
  std::string million = R"({"measurements":[)";
  for (int i = 0; i < 130'000; ++i) million += unit;
  million.back() = ']';
  std::string many = R"({"measurements":[)";
  for (int i = 0; i < 200'001; ++i) many += "[1,2],";
  many.back() = ']';
  const struct {
    const char* what;
    std::string body;
    int status;
  } cases[] = {
      {"empty", " ", 400},
      {"no JSON", "measurements", 400},
      {"cut", R"({"measurements":[[1699999999,)", 400},
      {"two values", R"({"measurements":[]}{"measurements":[]})", 400},
      {"NaN", R"({"measurements":[[1699999999,NaN]]})", 400},
      {"infinity", R"({"measurements":[[1699999999,Infinity]]})", 400},
      {"no UTF-8", "{\"config\":{\"function\":\"\xFF\xFE\"}}", 400},
      {"control characters in a name", R"({"config":{"function":"a\u0000b"}})", 400},
      {"deep", deep, 400},
      {"deep and closed", R"({"measurements":[[[[[[1]]]]]]})", 400},
      {"both", R"({"measurements":[],"config":{}})", 400},
      {"neither", R"({"config2":{}})", 400},
      {"a list", "[1,2]", 400},
      {"measurements: an object", R"({"measurements":{"1699999999":1}})", 400},
      {"measurements: triples", R"({"measurements":[[1,2,3]]})", 400},
      {"measurements: more than 200 000", many, 400},
      {"config: a list", R"({"config":[]})", 400},
      {"config: a class that is none", R"({"config":{"class":"'; DROP TABLE sensor; --"}})", 400},
      {"config: a type that is none", R"({"config":{"type":"<b>"}})", 400},
      {"config: a number below zero", R"({"config":{"current":-5}})", 400},
      {"config: a huge number", R"({"config":{"voltage":1e300}})", 400},
      {"config: a long name", R"({"config":{"function":")" + std::string(129, 'x') + R"("}})", 400},
      {"config: a long member", R"({"config":{"more":")" + std::string(5000, 'x') + R"("}})", 400},
      {"longer than 2 MiB", std::string((2 << 20) + 1, ' '), 413},
      {"a million points", million + million, 413},
  };
  const std::string before = bad.rows();
  for (const auto& each : cases) {
    CAPTURE(each.what);
    CHECK(bad.server.post("/sensor/" + main_sid, each.body).status == each.status);
    CHECK(bad.rows() == before);
  }
  for (const char* body :
       {"[]", "7", R"({"reset":2})", R"({"reset":-1})", R"({"version":"'"})", R"({"ip":"<b>\u0007"})",
        R"({"uptime":1.5})", R"({"config":7})", R"({"a":{"a":{"a":{"a":{"a":{"a":{"a":1}}}}}}})"}) {
    CAPTURE(body);
    CHECK(bad.server.post("/device/" + device_id, body).status == 400);
    CHECK(bad.rows() == before);
  }
}

TEST_CASE("as many points as a body has room for are taken, and known ones cost no second place") {
  Bad bad;
  std::string body = R"({"measurements":[)";
  for (int i = 0; i < 100'000; ++i)
    body += "[" + std::to_string(start - 200'000 + i) + "," + std::to_string(i) + "],";
  body.back() = ']';
  body += "}";
  REQUIRE(body.size() < server::Api::longest_body);
  CHECK(bad.server.post("/sensor/" + main_sid, body).body == R"({"response":"ok"})");
  const std::string after = bad.rows();
  CHECK(bad.server.post("/sensor/" + main_sid, body).body == R"({"response":"ok"})");
  CHECK(bad.rows() == after);
}

TEST_CASE("SQL and HTML in a name are a name") {
  Bad bad;
  for (const std::string name : {"Robert'); DROP TABLE sensor;--", "\" OR \"\"=\"",
                                 "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "%s%n$1",
                                 "a\\b\\'c", "Küche ☕", "' UNION SELECT token, key FROM device --"}) {
    CAPTURE(name);
    const std::string body = Json{{"config", {{"class", "pulse"}, {"function", name}}}}.dump();
    REQUIRE(bad.server.post("/sensor/" + main_sid, body).status == 200);
    const Answer one = bad.server.get("/sensor/" + main_sid + "?version=1.0&param=all&token=" + bad.token);
    CHECK(Json::parse(one.body)["function"] == name);
    CHECK(one.has("Content-Type: application/json\r\n"));
    const Answer list = bad.server.get("/user/" + std::to_string(bad.account.uid) +
                                       "/sensor?version=1.0&token=" + bad.account.token);
    CHECK(Json::parse(list.body)[0]["function"] == name);
    CHECK(list.has("X-Content-Type-Options: nosniff\r\n"));
    const Answer device =
        bad.server.get("/device/" + device_id + "/sensor?version=1.0&token=" + bad.account.token);
    CHECK(Json::parse(device.body)[0]["config"]["function"] == name);
  }
  CHECK(bad.server.measure(main_sid, {{start - 10, 1100}}).status == 200);
}

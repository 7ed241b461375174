// The chapter on the API of the Fluksometer's manual, as its reader meets it: the same requests, the same
// times, the same values from counters that give them.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/tools/flmserver/api/server_under_test.hpp"

namespace {

using namespace flm;
using namespace flm::test;
using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

/// The manual's month: W by the day from 10 June 2011, the last day of which goes on.
const std::vector<int> manual_watt{234, 169, 72,  71,  103, 263, 176, 165, 261, 400, 139, 235, 151, 141,
                                   113, 301, 210, 166, 286, 237, 241, 148, 125, 187, 248, 263, 143, 191};
constexpr std::int64_t manual_first = 1307664000, day = 86'400;
const std::string manual_month =
    R"([[1307664000,234],[1307750400,169],[1307836800,72],[1307923200,71],[1308009600,103],[1308096000,263],[1308182400,176],[1308268800,165],[1308355200,261],[1308441600,400],[1308528000,139],[1308614400,235],[1308700800,151],[1308787200,141],[1308873600,113],[1308960000,301],[1309046400,210],[1309132800,166],[1309219200,286],[1309305600,237],[1309392000,241],[1309478400,148],[1309564800,125],[1309651200,187],[1309737600,248],[1309824000,263],[1309910400,143],[1309996800,191],[1310083200,"nan"]])";

/// A server at the manual's time, with a counter that rose as its answers say: W times 24 h a day.
struct Manual {
  explicit Manual(std::int64_t now = 1310034875) : server(now) {
    account = server.with_device();
    const std::string config =
        R"({"config":{"class":"pulse","type":"electricity","function":"main","voltage":null,"current":null,"constant":1.0,"enable":1}})";
    REQUIRE(server.post("/sensor/" + main_sid, config).status == 200);
    std::int64_t counter = 1'006'600'000, at = manual_first - day;
    std::vector<std::pair<std::int64_t, std::int64_t>> points{{at, counter}};
    for (const int watt : manual_watt) points.emplace_back(at += day, counter += watt * 24);
    points.emplace_back(at + 3600, counter + 200);
    REQUIRE(server.measure(main_sid, points).status == 200);
    token = server.token_of(main_sid);
  }
  ServerUnderTest server;
  server::Account account;
  std::string token;
};

}  // namespace

TEST_CASE("interval=month returns a month worth of data in a day resolution, the default of this interval") {
  Manual manual;
  const Answer answer =
      manual.server.get("/sensor/" + main_sid + "?interval=month&unit=watt",
                        "Accept: application/json\r\nX-Version: 1.0\r\nX-Token: " + manual.token + "\r\n");
  CHECK(answer.status == 200);
  CHECK(answer.has("Content-Type: application/json\r\n"));
  CHECK(answer.body == manual_month);
}

TEST_CASE("start and end customise the interval, and resolution its rows") {
  Manual manual(1310042702);
  const Answer answer =
      manual.server.get("/sensor/" + main_sid + "?start=1309478400&end=1309996800&resolution=day&unit=watt",
                        "Accept: application/json\r\nX-Version: 1.0\r\nX-Token: " + manual.token + "\r\n");
  CHECK(
      answer.body ==
      R"([[1309564800,125],[1309651200,187],[1309737600,248],[1309824000,263],[1309910400,143],[1309996800,191],[1310083200,"nan"]])");
}

TEST_CASE("param=all returns the parameters of a sensor") {
  Manual manual;
  const Answer answer =
      manual.server.get("/sensor/" + main_sid + "?version=1.0&token=" + manual.token + "&param=all",
                        "Accept: application/json\r\n");
  CHECK_THAT(
      answer.body,
      StartsWith(
          R"({"access":1310034875,"type":"electricity","function":"main","class":"pulse","voltage":null,"current":null,"phase":null,"constant":1.0,"enabled":1,"lastupdate":[)"));
}

TEST_CASE("the version is part of the header or a query parameter, and exactly one of them") {
  Manual manual;
  const std::string path = "/sensor/" + main_sid + "?interval=month&unit=watt&token=" + manual.token;
  CHECK(manual.server.get(path, "X-Version: 1.0\r\n").status == 200);
  CHECK(manual.server.get(path + "&version=1.0").status == 200);
  CHECK(manual.server.get(path).status == 400);
  CHECK(manual.server.get(path + "&version=2.0").status == 400);
  CHECK(manual.server.get(path + "&version=1.0", "X-Version: 1.0\r\n").status == 400);
}

TEST_CASE("a token of the sensor or of its account is required, by header or query") {
  Manual manual;
  const std::string path = "/sensor/" + main_sid + "?version=1.0&interval=month&unit=watt";
  CHECK(manual.server.get(path + "&token=" + manual.token).body == manual_month);
  CHECK(manual.server.get(path, "X-Token: " + manual.account.token + "\r\n").body == manual_month);
  const Answer none = manual.server.get(path);
  CHECK(none.status == 401);
  CHECK(none.has("WWW-Authenticate: Access refused\r\n"));
  CHECK(manual.server.get(path + "&token=00000000000000000000000000000000").status == 401);
  CHECK(manual.server.get(path + "&token=short").status == 400);
  CHECK(manual.server.get(path + "&token=" + manual.token, "X-Token: " + manual.token + "\r\n").status ==
        400);
}

TEST_CASE("a token of one sensor opens no other") {
  Manual manual;
  const std::string other(32, '7');
  REQUIRE(manual.server.post("/sensor/" + other, R"({"config":{"class":"analog"}})").status == 200);
  CHECK(manual.server.get("/sensor/" + other + "?version=1.0&interval=month&unit=watt&token=" + manual.token)
            .status == 401);
  CHECK(
      manual.server.get("/sensor/" + other + "?version=1.0&param=all&token=" + manual.account.token).status ==
      200);
}

TEST_CASE("values are converted to the unit that is asked for") {
  Manual manual;
  const auto first = [&](const std::string& unit) {
    const Answer answer = manual.server.get(
        "/sensor/" + main_sid + "?version=1.0&interval=month&unit=" + unit + "&token=" + manual.token);
    return nlohmann::json::parse(answer.body)[0][1];
  };
  CHECK(first("watt") == 234);
  CHECK(first("kwhperyear") == 2050);  // 234 W * 8.76
  CHECK(first("eurperyear") == 369);   // 234 W / 3600 * 5676
  CHECK(first("audperyear") == 389);   // 234 W / 3600 * 5991
  const Answer wrong = manual.server.get("/sensor/" + main_sid +
                                         "?version=1.0&interval=month&unit=lperday&token=" + manual.token);
  CHECK(wrong.status == 400);
}

TEST_CASE("the price of a kWh is a setting of the account") {
  Manual manual;
  manual.account.prices.eur = 0.36;
  manual.server.in_store([&](server::Accounts& accounts) { accounts.change(manual.account); });
  const Answer answer = manual.server.get(
      "/sensor/" + main_sid + "?version=1.0&interval=month&unit=eurperyear&token=" + manual.token);
  CHECK(nlohmann::json::parse(answer.body)[0][1] == 738);  // 234 W * 8.76 * 0.36
}

TEST_CASE("callback wraps the answer into a call") {
  Manual manual;
  const std::string path =
      "/sensor/" + main_sid + "?version=1.0&interval=month&unit=watt&token=" + manual.token;
  CHECK(manual.server.get(path + "&callback=realtime").body == "realtime(" + manual_month + ");");
  CHECK(manual.server.get(path + "&jsonp_callback=f").body == "f(" + manual_month + ");");
  CHECK(manual.server.get(path + "&callback=alert(1)").status == 400);
}

TEST_CASE("interval excludes start and end, and start is required without it") {
  Manual manual;
  const std::string path = "/sensor/" + main_sid + "?version=1.0&unit=watt&token=" + manual.token;
  CHECK(manual.server.get(path + "&interval=month&start=1309478400").status == 400);
  CHECK(manual.server.get(path + "&interval=month&end=1309478400").status == 400);
  CHECK(manual.server.get(path + "&end=1309478400").status == 400);
  CHECK(manual.server.get(path + "&interval=fortnight").status == 400);
  CHECK(manual.server.get(path + "&interval=minute").status == 400);  // without a resolution
}

TEST_CASE("text/csv is another form of the same rows") {
  Manual manual;
  const std::string path =
      "/sensor/" + main_sid + "?version=1.0&interval=month&unit=watt&token=" + manual.token;
  const Answer answer = manual.server.get(path, "Accept: text/csv\r\n");
  CHECK(answer.has("Content-Type: text/csv"));
  CHECK_THAT(answer.body, StartsWith("1307664000,234\r\n1307750400,169\r\n"));
  CHECK(manual.server.get(path, "Accept: image/png\r\n").status == 406);
}

TEST_CASE("scripts of any site may read the answers") {
  Manual manual;
  const std::string path = "/sensor/" + main_sid + "?version=1.0&interval=month&unit=watt";
  CHECK(manual.server.get(path + "&token=" + manual.token).has("Access-Control-Allow-Origin: *\r\n"));
  CHECK(manual.server.get(path).has("Access-Control-Allow-Origin: *\r\n"));
}

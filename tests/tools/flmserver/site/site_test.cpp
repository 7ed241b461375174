// What the pages ask and tell.
#include "tools/flmserver/site/site.hpp"

#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "tests/tools/flmserver/site/town.hpp"
#include "tests/tools/flmserver/store/store.hpp"
#include "tools/api/claim_code.hpp"

namespace {

using namespace flm;
using Catch::Matchers::Contains;
using test::Json;
using test::Town;
using test::Visitor;

const std::string code = api::claim_code(Town::device, Town::key);

/// anna, whose meter has reported.
Visitor with_meter(Town& town, const std::string& name = "anna") {
  Visitor anna{town};
  REQUIRE(anna.sign_up(name).status == 204);
  REQUIRE(anna.post("/api/devices", {{"serial", Town::serial}, {"code", code}}).status == 204);
  town.device_reports();
  return anna;
}

std::string output_of(const std::string& command) {
  FILE* const pipe = popen(command.c_str(), "r");
  std::string text;
  for (int c; (c = std::fgetc(pipe)) != EOF;) text += static_cast<char>(c);
  pclose(pipe);
  return text;
}

}  // namespace

TEST_CASE("an account is made, logs out and in") {
  Town town;
  Visitor anna{town};
  CHECK(anna.session() == Json{{"user", nullptr}, {"csrf", nullptr}, {"sign_up", true}, {"time", town.now}});
  CHECK(anna.sign_up("anna").status == 204);
  Json session = anna.session();
  CHECK(session["user"]["name"] == "anna");
  CHECK(session["user"]["zone"] == "Europe/Brussels");
  CHECK(session["user"]["price_eur"] == 0.18);  // the original's
  CHECK(session["user"]["settings"] == Json::object());
  CHECK(session["user"]["token"].get<std::string>().size() == 32);
  CHECK(anna.post("/api/logout").status == 204);
  CHECK(anna.session()["user"] == nullptr);
  CHECK(anna.log_in("anna").status == 204);
  CHECK(anna.session()["user"]["uid"] == session["user"]["uid"]);
  // Neither password nor hash in any answer or log.
  CHECK(anna.get("/api/session").body.find("argon2") == std::string::npos);
}

TEST_CASE("an account that is none is refused with what is allowed") {
  Town town;
  Visitor anna{town};
  const auto refusal = [&](const char* name, const char* password, const char* zone) {
    const web::Response answer =
        anna.post("/api/signup", {{"name", name}, {"password", password}, {"zone", zone}});
    CHECK(answer.status == 400);
    return answer.body;
  };
  CHECK_THAT(refusal("", "correct horse", "UTC"), Contains("name: "));
  CHECK_THAT(refusal(" anna", "correct horse", "UTC"), Contains("no blanks"));
  CHECK_THAT(refusal("an\nna", "correct horse", "UTC"), Contains("name: "));
  CHECK_THAT(refusal(std::string(65, 'a').c_str(), "correct horse", "UTC"), Contains("name: "));
  CHECK_THAT(refusal("anna", "short", "UTC"), Contains("8 to 256"));
  CHECK_THAT(refusal("anna", "correct horse", "Mars/Olympus"), Contains("time zone"));
  CHECK_THAT(refusal("anna", "correct horse", "../../../etc/passwd"), Contains("time zone"));
  for (const char* body : {"", "{", "[]", "7", R"({"name":7})",
                           R"({"name":"a","password":"correct horse","zone":"UTC","admin":true})"}) {
    INFO(body);
    CHECK(anna.ask(web::Method::post, "/api/signup", body).status == 400);
  }
  CHECK(anna.sign_up("anna").status == 204);
  Visitor other{town};
  CHECK(other.sign_up("anna").status == 400);
  CHECK(town.count("SELECT count(*) FROM account") == 1);
}

TEST_CASE("nobody signs up where whoever runs the server adds accounts") {
  Town town({.sign_up = false});
  Visitor anna{town};
  CHECK(anna.sign_up("anna").status == 403);
  CHECK(anna.session()["sign_up"] == false);
}

TEST_CASE("a wrong password and a name that is none are refused alike, noted, and soon have to wait") {
  Town town;
  Visitor anna{town};
  anna.sign_up("anna");
  Visitor guess{town, "198.51.100.7"};
  const web::Response wrong = guess.log_in("anna", "wrong horse"),
                      nobody = guess.log_in("nobody", "wrong horse");
  CHECK(wrong.status == 403);
  CHECK(nobody.status == 403);
  CHECK(wrong.body == nobody.body);
  CHECK_THAT(town.log.back(), Contains("a wrong password for 'nobody' from 198.51.100.7"));
  for (int i = 0; i < 3; ++i) CHECK(guess.log_in("anna", "wrong horse").status == 403);
  CHECK(guess.log_in("anna").status == 429);  // tries.hpp: five failures are free
  CHECK(Visitor{town, "198.51.100.8"}.log_in("anna").status == 204);
}

TEST_CASE("behind a proxy tries are counted by the address of the client that it names") {
  Town town({.address = [](const web::Request& request) {
    return std::string(request.header("X-Real-Client").value_or("?"));
  }});
  Visitor anna{town};
  anna.sign_up("anna");
  const std::string body = R"({"name":"anna","password":"wrong horse"})";
  for (int i = 0; i < 6; ++i)
    anna.ask(web::Method::post, "/api/login", body, {{"X-Real-Client", "198.51.100.7"}});
  CHECK(anna.ask(web::Method::post, "/api/login", body, {{"X-Real-Client", "198.51.100.7"}}).status == 429);
  CHECK(anna.ask(web::Method::post, "/api/login", body, {{"X-Real-Client", "198.51.100.8"}}).status == 403);
}

TEST_CASE("an account without a password, as the command adds it, lets nobody in") {
  Town town;
  {
    const auto database = server::open_database(town.url);
    server::Transaction transaction(*database, server::Database::Mode::write);
    server::Accounts(*database).add_account("machine", "", "UTC", town.now);
    transaction.commit();
  }
  CHECK(Visitor{town}.log_in("machine", "correct horse").status == 403);
}

TEST_CASE("a new password ends all other sessions") {
  Town town;
  Visitor anna{town}, phone{town};
  anna.sign_up("anna");
  phone.log_in("anna");
  CHECK(anna.post("/api/password", {{"old", "wrong horse"}, {"password", "battery staple"}}).status == 403);
  CHECK(anna.post("/api/password", {{"old", "correct horse"}, {"password", "short"}}).status == 400);
  CHECK(anna.post("/api/password", {{"old", "correct horse"}, {"password", "battery staple"}}).status == 204);
  CHECK(anna.session()["user"]["name"] == "anna");
  CHECK(phone.session()["user"] == nullptr);
  CHECK(phone.log_in("anna").status == 403);
  CHECK(phone.log_in("anna", "battery staple").status == 204);
}

TEST_CASE("settings are kept, and what is none is refused") {
  Town town;
  Visitor anna{town};
  anna.sign_up("anna");
  CHECK(anna.patch("/api/account",
                   {{"zone", "Europe/Athens"}, {"price_eur", 0.31}, {"settings", {{"dash", "range=day"}}}})
            .status == 204);
  const Json user = anna.session()["user"];
  CHECK(user["zone"] == "Europe/Athens");
  CHECK(user["price_eur"] == 0.31);
  CHECK(user["price_aud"] == 0.19);
  CHECK(user["settings"]["dash"] == "range=day");
  for (const Json& wrong :
       {Json{{"zone", "Mars"}}, Json{{"price_eur", -1}}, Json{{"price_eur", "1"}}, Json{{"settings", 7}},
        Json{{"settings", {{"dash", std::string(5000, 'a')}}}}, Json{{"uid", 7}}, Json::array()}) {
    INFO(wrong.dump().substr(0, 60));
    CHECK(anna.patch("/api/account", wrong).status == 400);
  }
  CHECK(anna.session()["user"] == user);
}

TEST_CASE("a new account token takes the old one's place") {
  Town town;
  Visitor anna = with_meter(town);
  const std::string old = anna.session()["user"]["token"];
  const std::string path = fmt::format("/sensor/{}?version=1.0&interval=day&unit=watt&token=", Town::secret);
  Visitor program{town};
  CHECK(program.get(path + old).status == 200);
  const std::string fresh = Json::parse(anna.post("/api/account/token").body)["token"];
  CHECK(program.get(path + old).status == 401);
  CHECK(program.get(path + fresh).status == 200);
}

TEST_CASE("a device is claimed with the code of its Status page, in any spelling, and by one account") {
  Town town;
  Visitor anna{town}, fred{town};
  anna.sign_up("anna");
  fred.sign_up("fred");
  const auto claim = [](Visitor& visitor, const std::string& serial, const std::string& with) {
    return visitor.post("/api/devices", {{"serial", serial}, {"code", with}});
  };
  // One text, so that nobody learns which serial numbers there are.
  const web::Response wrong_code = claim(anna, Town::serial, "aaaabbbbcccc"),
                      unknown = claim(anna, "FL02B09999", code);
  CHECK(wrong_code.status == 400);
  CHECK(wrong_code.body == unknown.body);
  std::string spelled;
  for (std::size_t i = 0; i < code.size(); ++i) {
    if (i && i % 4 == 0) spelled += '-';
    spelled += static_cast<char>(std::toupper(static_cast<unsigned char>(code[i])));
  }
  CHECK(claim(anna, Town::serial, spelled).status == 204);
  CHECK(claim(anna, Town::serial, code).status == 204);
  CHECK(claim(fred, Town::serial, code).body == wrong_code.body);
  const Json devices = anna.json("/api/devices");
  REQUIRE(devices.size() == 1);
  CHECK(devices[0]["serial"] == Town::serial);
  CHECK(devices[0]["heartbeat"] == nullptr);
  CHECK(devices[0].dump().find(Town::key) == std::string::npos);
}

TEST_CASE("one's own sensors are told with their last reading and where the meter is at home") {
  Town town;
  Visitor anna = with_meter(town);
  const Json sensors = anna.json("/api/sensors");
  REQUIRE(sensors.size() == 2);
  CHECK(sensors[0]["sid"] == Town::shared);
  CHECK(sensors[0]["name"] == "sensor 1");
  CHECK(sensors[0]["own"] == true);
  CHECK(sensors[0]["shared"] == false);
  CHECK(sensors[0]["local"] == "http://192.168.77.7:8080");
  CHECK(sensors[0]["last"] == Json{town.now - 60, 160.0});
  CHECK(anna.json("/api/devices")[0]["heartbeat"] == town.now);
}

TEST_CASE("a device that names an address elsewhere leads no browser there") {
  Town town;
  Visitor anna = with_meter(town);
  const auto database = server::open_database(town.url);
  for (const char* ip :
       {"203.0.113.80", "attacker.example", "127.0.0.1@attacker.example", "192.168.1.1/x?", ""}) {
    server::Transaction transaction(*database, server::Database::Mode::write);
    database->run("UPDATE device SET ip = $1", {ip});
    transaction.commit();
    INFO(ip);
    CHECK(anna.json("/api/sensors")[0]["local"] == nullptr);
  }
}

TEST_CASE("the owner's name for a sensor stays when the device tells of it again, and an empty one goes") {
  Town town;
  Visitor anna = with_meter(town);
  const std::string path = fmt::format("/api/sensors/{}", Town::shared),
                    hostile = "<b>'; DROP TABLE sensor; --</b>";
  CHECK(anna.patch(path, {{"name", hostile}}).status == 204);
  town.now += 300;
  town.device_reports();
  CHECK(anna.json("/api/sensors")[0]["name"] == hostile);
  CHECK(anna.patch(path, {{"name", ""}}).status == 204);
  CHECK(anna.json("/api/sensors")[0]["name"] == "sensor 1");
  for (const Json& wrong : {Json{{"name", 7}}, Json{{"name", std::string(129, 'a')}}, Json{{"shared", "yes"}},
                            Json{{"sid", "x"}}})
    CHECK(anna.patch(path, wrong).status == 400);
}

TEST_CASE("a follower sees what is shared as long as it is, and nothing of the meter") {
  Town town;
  Visitor anna = with_meter(town), fred{town};
  fred.sign_up("fred");
  const std::string path = fmt::format("/api/sensors/{}", Town::shared),
                    readings = fmt::format("/sensor/{}?version=1.0&interval=day&unit=watt", Town::shared);
  CHECK(fred.post("/api/following", {{"name", "nobody"}}).status == 404);
  CHECK(fred.post("/api/following", {{"name", "fred"}}).status == 400);
  CHECK(fred.post("/api/following", {{"name", "anna"}}).status == 204);
  CHECK(fred.post("/api/following", {{"name", "anna"}}).status == 204);
  CHECK(fred.json("/api/following") == Json::array({{{"uid", 1}, {"name", "anna"}, {"shared", 0}}}));
  CHECK(fred.json("/api/sensors") == Json::array());
  CHECK(fred.get(readings).status == 401);

  CHECK(anna.patch(path, {{"shared", true}}).status == 204);
  const Json seen = fred.json("/api/sensors");
  REQUIRE(seen.size() == 1);
  CHECK(seen[0]["sid"] == Town::shared);
  CHECK(seen[0]["owner"] == Json{{"uid", 1}, {"name", "anna"}});
  CHECK(seen[0]["own"] == false);
  CHECK(seen[0]["device"] == nullptr);
  CHECK(seen[0]["local"] == nullptr);
  CHECK(fred.get(readings).status == 200);
  CHECK(fred.get("/user/1/sensor?version=1.0").body.find(Town::home) == std::string::npos);

  CHECK(anna.patch(path, {{"shared", false}}).status == 204);
  CHECK(fred.get(readings).status == 401);
  CHECK(anna.patch(path, {{"shared", true}}).status == 204);
  CHECK(fred.remove("/api/following/1").status == 204);
  CHECK(fred.get(readings).status == 401);
}

TEST_CASE("tokens of a sensor are made, read it alone, and are revoked") {
  Town town;
  Visitor anna = with_meter(town);
  const std::string path = fmt::format("/api/sensors/{}/tokens", Town::shared);
  ++town.now;  // they are in the order in which they were made
  const Json made = Json::parse(anna.post(path, {{"name", "<script>home assistant</script>"}}).body);
  const std::string token = made["token"];
  CHECK(anna.json(path).back() == made);
  Visitor program{town};
  const auto reads = [&](const char* sid) {
    return program.get(fmt::format("/sensor/{}?version=1.0&interval=day&unit=watt&token={}", sid, token))
        .status;
  };
  CHECK(reads(Town::shared) == 200);
  CHECK(reads(Town::secret) == 401);
  CHECK(anna.remove(fmt::format("/api/sensors/{}/tokens/{}", Town::secret, token)).status == 404);
  CHECK(anna.remove(path + "/" + token).status == 204);
  CHECK(reads(Town::shared) == 401);
  while (anna.json(path).size() < 20) REQUIRE(anna.post(path, {{"name", ""}}).status == 200);
  CHECK(anna.post(path, {{"name", ""}}).status == 400);
}

TEST_CASE("a device that is removed takes its readings along, and its next owner sees nothing of them") {
  Town town;
  Visitor anna = with_meter(town), fred{town};
  fred.sign_up("fred");
  CHECK(anna.remove(fmt::format("/api/devices/{}", Town::device)).status == 204);
  CHECK(anna.json("/api/devices") == Json::array());
  CHECK(anna.json("/api/sensors") == Json::array());
  for (const char* table : {"sensor", "token", "series", "piece", "block"})
    CHECK(town.count(fmt::format("SELECT count(*) FROM {}", table)) == 0);
  CHECK(fred.post("/api/devices", {{"serial", Town::serial}, {"code", code}}).status == 204);
  CHECK(fred.json("/api/sensors") == Json::array());
  CHECK(fred.json("/api/devices")[0]["local"] == nullptr);
}

TEST_CASE("all of an account is one tar file") {
  Town town;
  Visitor anna = with_meter(town);
  const web::Response answer = anna.get("/api/account/export");
  REQUIRE(answer.status == 200);
  CHECK(answer.content_type == "application/x-tar");
  CHECK_THAT(answer.headers, Contains("Content-Disposition: attachment; filename=\"openflm-1.tar\""));
  const auto file = server::test::folder().file("all.tar", answer.body);
  const std::string list = output_of(fmt::format("tar -tf '{}'", file.string()));
  CHECK_THAT(list, Contains("account.json\n") && Contains(fmt::format("config/{}.json\n", Town::device)));
  const auto of = [&](const std::string& name) {
    return output_of(fmt::format("tar -xOf '{}' '{}'", file.string(), name));
  };
  const Json account = Json::parse(of("account.json"));
  CHECK(account["name"] == "anna");
  CHECK(account["devices"][0]["sensors"].size() == 2);
  CHECK(account.dump().find(Town::key) == std::string::npos);
  CHECK(account.dump().find("argon2") == std::string::npos);
  CHECK(of(fmt::format("sensor/{}/0/newest.csv", Town::secret)) ==
        fmt::format("{},100\r\n{},160\r\n", town.now - 7200, town.now - 60));
  CHECK(Json::parse(of(fmt::format("config/{}.json", Town::device)))["1"]["function"] == "sensor 1");
}

TEST_CASE("an account goes with all that is its own, and with nothing of others") {
  Town town;
  Visitor anna = with_meter(town), fred{town};
  fred.sign_up("fred");
  fred.post("/api/following", {{"name", "anna"}});
  CHECK(anna.post("/api/account/delete", {{"password", "wrong horse"}}).status == 403);
  CHECK(anna.post("/api/account/delete", {{"password", "correct horse"}}).status == 204);
  CHECK(anna.session()["user"] == nullptr);
  CHECK(anna.log_in("anna").status == 403);
  CHECK(fred.session()["user"]["name"] == "fred");
  CHECK(fred.json("/api/following") == Json::array());
  for (const char* table : {"sensor", "token", "series", "piece", "block", "day", "follow"})
    CHECK(town.count(fmt::format("SELECT count(*) FROM {}", table)) == 0);
  CHECK(town.count("SELECT count(*) FROM account") == 1);
  CHECK(town.count("SELECT count(*) FROM device WHERE uid IS NOT NULL") == 0);
  CHECK(fred.post("/api/devices", {{"serial", Town::serial}, {"code", code}}).status == 204);
}

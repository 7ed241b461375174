// Nobody sees or changes what is not his: every path with every kind of visitor.
#include <fmt/format.h>

#include <catch2/catch.hpp>

#include "tests/tools/flmserver/site/town.hpp"
#include "tools/api/claim_code.hpp"

namespace {

using namespace flm;
using test::Json;
using test::Town;
using test::Visitor;
using web::Method;

std::string filled(std::string text, const std::map<std::string, std::string>& names) {
  for (const auto& [name, value] : names)
    for (std::size_t at = 0; (at = text.find(name, at)) != text.npos; at += value.size())
      text.replace(at, name.size(), value);
  return text;
}

/// Statuses of the answers. 404: as if it were not there. A request that changes something is refused to a
/// page of another site, and without the CSRF token of the session; one that reads cannot be read by that
/// page, as no header allows it.
struct Row {
  Method method;
  const char* pattern;
  const char* path;
  const char* body;
  int nobody, stranger, follower, owner, wrong_csrf, other_site;
};

constexpr Method get = Method::get, post = Method::post, patch = Method::patch, erase = Method::remove;
const Row rows[] = {
    // Who has logged in, and comes in
    {get, "/api/session", "/api/session", "", 200, 200, 200, 200, 200, 200},
    {post, "/api/signup", "/api/signup", R"({"name":"anna","password":"another one","zone":"UTC"})", 400, 400,
     400, 400, 400, 403},
    {post, "/api/login", "/api/login", R"({"name":"anna","password":"no password"})", 403, 403, 403, 403, 403,
     403},
    {post, "/api/password", "/api/password", R"({"old":"no password","password":"another one"})", 401, 403,
     403, 403, 403, 403},
    // The account
    {patch, "/api/account", "/api/account", R"({"price_eur":0.3})", 401, 204, 204, 204, 403, 403},
    {post, "/api/account/token", "/api/account/token", "{}", 401, 200, 200, 200, 403, 403},
    {get, "/api/account/export", "/api/account/export", "", 401, 200, 200, 200, 200, 200},
    {post, "/api/account/delete", "/api/account/delete", R"({"password":"no password"})", 401, 403, 403, 403,
     403, 403},
    // Devices
    {get, "/api/devices", "/api/devices", "", 401, 200, 200, 200, 200, 200},
    {post, "/api/devices", "/api/devices", R"({"serial":"FL02B00042","code":"CODE"})", 401, 400, 400, 204,
     403, 403},
    {post, "/api/devices", "/api/devices", R"({"serial":"FL02B00042","code":"aaaabbbbcccc"})", 401, 400, 400,
     400, 403, 403},
    {get, "/device/{device}/sensor", "/device/DEVICE/sensor?version=1.0", "", 401, 401, 401, 200, 200, 200},
    {get, "/user/{uid}/device", "/user/1/device?version=1.0", "", 401, 401, 401, 200, 200, 200},
    {get, "/user/{uid}/sensor", "/user/1/sensor?version=1.0", "", 401, 401, 200, 200, 200, 200},
    // Sensors
    {get, "/api/sensors", "/api/sensors", "", 401, 200, 200, 200, 200, 200},
    {patch, "/api/sensors/{sid}", "/api/sensors/SHARED", R"({"name":"mine"})", 401, 404, 404, 204, 403, 403},
    {patch, "/api/sensors/{sid}", "/api/sensors/SECRET", R"({"shared":false})", 401, 404, 404, 204, 403, 403},
    {get, "/api/sensors/{sid}/tokens", "/api/sensors/SHARED/tokens", "", 401, 404, 404, 200, 200, 200},
    {post, "/api/sensors/{sid}/tokens", "/api/sensors/SHARED/tokens", R"({"name":"x"})", 401, 404, 404, 200,
     403, 403},
    {erase, "/api/sensors/{sid}/tokens/{token}", "/api/sensors/SECRET/tokens/TOKEN", "{}", 401, 404, 404, 204,
     403, 403},
    {get, "/sensor/{sid}", "/sensor/SHARED?version=1.0&interval=day&unit=watt", "", 401, 401, 200, 200, 200,
     200},
    {get, "/sensor/{sid}", "/sensor/SECRET?version=1.0&interval=day&unit=watt", "", 401, 401, 401, 200, 200,
     200},
    {get, "/sensor/{sid}", "/sensor/SECRET?version=1.0&param=all", "", 401, 401, 401, 200, 200, 200},
    {get, "/sensor/{sid}/tmpo/sync", "/sensor/SHARED/tmpo/sync?version=1.0&rid=0&lvl=0&bid=0", "", 401, 401,
     200, 200, 200, 200},
    {get, "/sensor/{sid}/tmpo/sync", "/sensor/SECRET/tmpo/sync?version=1.0&rid=0&lvl=0&bid=0", "", 401, 401,
     401, 200, 200, 200},
    {get, "/sensor/{sid}/tmpo/{rid}/{lvl}/{bid}", "/sensor/SHARED/tmpo/0/8/1799999744?version=1.0", "", 401,
     401, 404, 404, 404, 404},
    {get, "/sensor/{sid}/tmpo/{rid}/{lvl}/{bid}", "/sensor/SECRET/tmpo/0/8/1799999744?version=1.0", "", 401,
     401, 401, 404, 404, 404},
    // What devices send has a signature and no session: without the former nobody sends anything
    {post, "/sensor/{sid}", "/sensor/SHARED?version=1.0", R"({"measurements":[[1799999999,7]]})", 400, 400,
     400, 400, 400, 400},
    {post, "/device/{device}", "/device/DEVICE?version=1.0", "{}", 400, 400, 400, 400, 400, 400},
    // Following
    {get, "/api/following", "/api/following", "", 401, 200, 200, 200, 200, 200},
    {post, "/api/following", "/api/following", R"({"name":"fred"})", 401, 204, 400, 204, 403, 403},
    {erase, "/api/following/{uid}", "/api/following/1", "{}", 401, 204, 204, 204, 403, 403},
    // The end
    {erase, "/api/devices/{device}", "/api/devices/DEVICE", "{}", 401, 404, 404, 204, 403, 403},
    {post, "/api/logout", "/api/logout", "{}", 204, 204, 204, 204, 403, 403},
};

}  // namespace

TEST_CASE("every path with every kind of visitor") {
  for (const Row& row : rows) {
    Town town;
    Visitor owner{town}, follower{town}, stranger{town}, nobody{town};
    for (auto& [visitor, name] :
         {std::pair{&owner, "anna"}, std::pair{&follower, "fred"}, std::pair{&stranger, "sam"}})
      REQUIRE(visitor->sign_up(name).status == 204);
    const std::string code = api::claim_code(Town::device, Town::key);
    REQUIRE(owner.post("/api/devices", {{"serial", Town::serial}, {"code", code}}).status == 204);
    town.device_reports();
    REQUIRE(owner.patch(fmt::format("/api/sensors/{}", Town::shared), {{"shared", true}}).status == 204);
    REQUIRE(follower.post("/api/following", {{"name", "anna"}}).status == 204);
    const std::string token = owner.json(fmt::format("/api/sensors/{}/tokens", Town::secret))[0]["token"];
    const std::map<std::string, std::string> names{{"SHARED", Town::shared},
                                                   {"SECRET", Town::secret},
                                                   {"DEVICE", Town::device},
                                                   {"TOKEN", token},
                                                   {"CODE", code}};
    const std::string path = filled(row.path, names), body = filled(row.body, names);
    INFO(web::method_name(row.method) << " " << path << " " << body);

    /// All that is anna's, as she sees it.
    const auto hers = [&] {
      std::string all;
      for (const char* of : {"/api/session", "/api/devices", "/api/sensors", "/api/following"})
        all += owner.get(of).body;
      for (const char* sid : {Town::shared, Town::secret})
        all += owner.get(fmt::format("/api/sensors/{}/tokens", sid)).body;
      return all;
    };
    const std::string before = hers();
    // None of the others learns where her meter is at home, its key or its tokens.
    const auto refused_or_clean = [&](Visitor& visitor, int status) {
      const web::Response answer = visitor.ask(row.method, path, body);
      CHECK(answer.status == status);
      for (const char* secret : {Town::home, Town::key, token.c_str()})
        CHECK(answer.body.find(secret) == std::string::npos);
      return answer;
    };
    {
      INFO("nobody");
      refused_or_clean(nobody, row.nobody);
    }
    {
      INFO("a stranger");
      refused_or_clean(stranger, row.stranger);
    }
    {
      INFO("a follower");
      refused_or_clean(follower, row.follower);
    }
    {
      INFO("a wrong CSRF token");
      Visitor forged = owner;
      forged.csrf = stranger.csrf;
      CHECK(forged.ask(row.method, path, body).status == row.wrong_csrf);
    }
    {
      INFO("a page of another site");
      Visitor lured = owner;
      lured.origin = "https://attacker.example";
      const web::Response answer = lured.ask(row.method, path, body, {{"Origin", lured.origin}});
      CHECK(answer.status == row.other_site);
      if (std::string_view(row.pattern).starts_with("/api/"))
        CHECK(answer.headers.find("Access-Control-Allow-Origin") == std::string::npos);
      // Never with cookies, which would let that page's scripts read what is hers.
      CHECK(answer.headers.find("Access-Control-Allow-Credentials") == std::string::npos);
    }
    CHECK(hers() == before);
    {
      INFO("the owner");
      CHECK(owner.ask(row.method, path, body).status == row.owner);
    }
  }
}

TEST_CASE("the table of visitors has every path that there is") {
  Town town;
  for (const web::Route& route : town.router.routes()) {
    INFO(web::method_name(route.method) << " " << route.pattern);
    CHECK(std::any_of(std::begin(rows), std::end(rows), [&](const Row& row) {
      return row.method == route.method && row.pattern == route.pattern;
    }));
  }
}

#include "tools/flmd/owner/owner.hpp"

#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <vector>

#include "tests/sim/temporary_folder.hpp"
#include "tests/tools/flmd/owner/visitor.hpp"
#include "tools/common/input_error.hpp"

namespace {

using namespace flm;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;
using test::Visitor;

/// An owner with a state folder of his own, and a route that only he may use.
struct House {
  TemporaryFolder folder;
  std::vector<std::string> log;
  std::chrono::steady_clock::time_point now{1000h};
  std::filesystem::path file = flmd::password_file(folder.path());
  flmd::Owner owner{file, [this](const std::string& line) { log.push_back(line); }, [this] { return now; }};
  web::Router router;
  int changes = 0;

  House() {
    owner.add_routes(router);
    router.post("/change", owner.guard()([this](const web::Request&) {
      ++changes;
      return web::no_content();
    }));
  }
};

}  // namespace

TEST_CASE("the first password is set from the local network, and logs in") {
  House house;
  Visitor visitor{house.router};
  CHECK(visitor.session() ==
        nlohmann::json{{"user", nullptr}, {"csrf", nullptr}, {"password_set", false}, {"local", true}});
  CHECK(visitor.post("/api/login", {{"password", "correct horse"}}).status == 409);
  CHECK(visitor.post("/api/password", {{"password", "correct horse"}}).status == 204);
  const auto session = visitor.session();
  CHECK(session["user"] == "owner");
  CHECK(session["password_set"] == true);
  CHECK(visitor.post("/change").status == 204);
  CHECK(house.changes == 1);
  struct stat info {};
  REQUIRE(stat(house.file.c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0600);
}

TEST_CASE("no stranger sets the first password") {
  House house;
  Visitor far{house.router, "203.0.113.9"};
  CHECK(far.session()["local"] == false);
  CHECK(far.post("/api/password", {{"password", "correct horse"}}).status == 403);
  // DNS rebinding: the browser is at home, the page is the attacker's, and so is the name.
  Visitor rebound{house.router, "192.168.1.20", "attacker.example:8080", "http://attacker.example:8080"};
  CHECK(rebound.session()["local"] == false);
  CHECK(rebound.post("/api/password", {{"password", "correct horse"}}).status == 403);
  Visitor other_site{house.router, "192.168.1.20", "192.168.1.7:8080", "https://attacker.example"};
  CHECK(other_site.post("/api/password", {{"password", "correct horse"}}).status == 403);
  CHECK_FALSE(std::filesystem::exists(house.file));
}

TEST_CASE("nothing is changed without a session, its token, and a page of this server") {
  House house;
  Visitor stranger{house.router};
  CHECK(stranger.post("/change").status == 401);
  Visitor owner{house.router};
  owner.become_owner();
  SECTION("the cookie alone is what another site's form would send") {
    owner.csrf.clear();
    CHECK(owner.post("/change").status == 403);
  }
  SECTION("another's token") {
    owner.csrf.back() = owner.csrf.back() == '0' ? '1' : '0';
    CHECK(owner.post("/change").status == 403);
  }
  SECTION("a page of another site, or of none") {
    for (const char* origin : {"http://attacker.example", "http://192.168.1.7", "null"}) {
      owner.origin = origin;
      CHECK(owner.post("/change").status == 403);
    }
  }
  CHECK(house.changes == 0);
  SECTION("a program that is no browser names no origin") {
    owner.origin.clear();
    CHECK(owner.post("/change").status == 204);
  }
}

TEST_CASE("a wrong password is refused, noted, and soon has to wait") {
  House house;
  flmd::write_password(house.file, "correct horse");
  Visitor visitor{house.router};
  for (int i = 0; i < 6; ++i) {
    const auto answer = visitor.post("/api/login", {{"password", "wrong horse"}});
    CHECK(answer.status == (i < 5 ? 403 : 429));  // tries.hpp: five failures are free
  }
  CHECK(house.log.size() == 5);
  CHECK(house.log.front() == "a wrong password from 192.168.1.20");
  CHECK(visitor.post("/api/login", {{"password", "correct horse"}}).status == 429);
  house.now += 2s;
  CHECK(visitor.post("/api/login", {{"password", "correct horse"}}).status == 204);
  CHECK(visitor.session()["user"] == "owner");
}

TEST_CASE("a login that is no JSON of a password is refused with what is allowed") {
  House house;
  flmd::write_password(house.file, "correct horse");
  Visitor visitor{house.router};
  for (const char* body : {"", "{", "[]", R"({"password": 7})", R"({"password": "a", "admin": true})"}) {
    CAPTURE(body);
    CHECK(visitor.ask(web::Method::post, "/api/login", body).status == 400);
  }
}

TEST_CASE("the password is changed in a session with the old one, which ends all others") {
  House house;
  Visitor here{house.router}, there{house.router};
  here.become_owner();
  there.post("/api/login", {{"password", "correct horse"}});
  REQUIRE(there.session()["user"] == "owner");

  Visitor stranger{house.router};
  CHECK(stranger.post("/api/password", {{"old", "correct horse"}, {"password", "battery staple"}}).status ==
        401);
  CHECK(here.post("/api/password", {{"password", "battery staple"}}).status == 400);
  CHECK(here.post("/api/password", {{"old", "wrong horse"}, {"password", "battery staple"}}).status == 403);
  const auto shorter = here.post("/api/password", {{"old", "correct horse"}, {"password", "short"}});
  CHECK(shorter.status == 400);
  CHECK_THAT(shorter.body, Contains("allowed: 8 to 256 bytes"));
  CHECK(here.post("/api/password", {{"old", "correct horse"}, {"password", "battery staple"}}).status == 204);
  CHECK(here.session()["user"] == "owner");
  CHECK(there.session()["user"] == nullptr);
  CHECK(there.post("/api/login", {{"password", "correct horse"}}).status == 403);
  CHECK(there.post("/api/login", {{"password", "battery staple"}}).status == 204);
}

TEST_CASE("a password that is set by another program counts at once, and ends all sessions") {
  House house;
  Visitor visitor{house.router};
  visitor.become_owner();
  flmd::write_password(house.file, "battery staple");
  CHECK(visitor.post("/change").status == 401);
  CHECK(visitor.session()["user"] == nullptr);
  CHECK(visitor.post("/api/login", {{"password", "battery staple"}}).status == 204);
}

TEST_CASE("a password's file that is damaged lets nobody in, and nobody set a first one") {
  House house;
  flmd::write_password(house.file, "correct horse");
  for (const char* content : {"", "correct horse\n", "$argon2id$v=19$m=7168,t=5,p=1$cut"}) {
    CAPTURE(content);
    std::ofstream(house.file, std::ios::trunc) << content;
    Visitor visitor{house.router};
    const auto answer = visitor.post("/api/password", {{"password", "battery staple"}});
    CHECK(answer.status == 500);
    CHECK_THAT(answer.body, Contains("flmd password"));
    CHECK(visitor.post("/api/login", {{"password", content}}).status == 500);
  }
  CHECK_THAT(house.log.back(), Contains("is no password's hash"));
}

TEST_CASE("who logs out is out, and nobody else is") {
  House house;
  Visitor here{house.router}, there{house.router};
  here.become_owner();
  there.post("/api/login", {{"password", "correct horse"}});
  there.session();
  const std::string cookie = there.cookie;
  CHECK(there.post("/api/logout").status == 204);
  there.cookie = cookie;
  CHECK(there.post("/change").status == 401);
  CHECK(here.post("/change").status == 204);
}

#include "tools/flmserver/accounts/sessions.hpp"

#include <catch2/catch.hpp>

#include "tests/tools/flmserver/store/store.hpp"
#include "tools/flmserver/accounts/accounts.hpp"
#include "tools/flmserver/store/schema.hpp"

namespace {

using namespace flm;
using Catch::Matchers::Contains;
using server::Sessions;

constexpr std::int64_t begin = 1'800'000'000;

/// Two accounts, and a transaction that all of a test is in.
struct Store {
  std::unique_ptr<server::Database> database = open();
  server::Transaction transaction{*database, server::Database::Mode::write};
  std::int64_t anna, fred;

  Store() {
    server::Accounts accounts(*database);
    anna = accounts.add_account("anna", "", "UTC", begin).uid;
    fred = accounts.add_account("fred", "", "UTC", begin).uid;
  }
  static std::unique_ptr<server::Database> open() {
    auto made = server::open_database(server::test::empty_database());
    server::migrate(*made);
    return made;
  }
  Sessions at(std::int64_t seconds, bool secure = false) { return {*database, begin + seconds, secure}; }
};

/// A request with a cookie, and a header if it has a name.
struct Asked : web::Request {
  explicit Asked(std::string_view cookie, std::string_view token = {},
                 std::string_view from = "http://meter.example") {
    headers = {{"Host", "meter.example"}, {"Origin", from}};
    if (!cookie.empty()) headers.emplace_back("Cookie", cookie);
    if (!token.empty()) headers.emplace_back("X-CSRF-Token", token);
  }
};

/// "flmserver_session=..." of an answer that logs in.
std::string cookie_of(const web::Response& response) {
  const std::string start = "Set-Cookie: ";
  const std::size_t at = response.headers.find(start) + start.size();
  return response.headers.substr(at, response.headers.find(';', at) - at);
}
std::string log_in(Sessions sessions, std::int64_t uid) {
  web::Response response;
  sessions.open(uid, Asked(""), response);
  return cookie_of(response);
}

int status_of(Sessions sessions, const web::Request& request) {
  try {
    (void)sessions.require(request);
    return 200;
  } catch (const web::HttpError& error) {
    return error.status();
  }
}

}  // namespace

TEST_CASE("a session is found by its cookie, which no script reads and no other site's form sends") {
  Store store;
  web::Response response;
  store.at(0).open(store.anna, Asked(""), response);
  CHECK_THAT(response.headers, Contains("; Path=/; Max-Age=604800; HttpOnly; SameSite=Lax\r\n"));
  const auto session = store.at(1).find(Asked(cookie_of(response)));
  REQUIRE(session);
  CHECK(session->uid == store.anna);
  CHECK_FALSE(store.at(1).find(Asked("")));
  CHECK_FALSE(store.at(1).find(Asked("flmserver_session=00112233445566778899aabbccddeeff")));
  CHECK_FALSE(store.at(1).find(Asked("flmserver_session=' OR 1=1 --")));
  web::Response over_tls;
  store.at(0, true).open(store.anna, Asked(""), over_tls);
  CHECK_THAT(over_tls.headers, Contains("; HttpOnly; SameSite=Lax; Secure\r\n"));
}

TEST_CASE("the store does not have what the cookie has") {
  Store store;
  const std::string cookie = log_in(store.at(0), store.anna);
  const std::string token = cookie.substr(cookie.find('=') + 1);
  REQUIRE(token.size() == 32);
  const server::Rows rows = store.database->run("SELECT token FROM session");
  REQUIRE(rows.size() == 1);
  CHECK(rows[0].text(0).size() == 64);  // SHA-256 as hex
  CHECK(rows[0].text(0).find(token) == std::string::npos);
  // What a thief reads in a backup opens nothing.
  CHECK_FALSE(store.at(1).find(Asked("flmserver_session=" + rows[0].text(0))));
}

TEST_CASE("a session ends after twelve hours without a request, and after seven days") {
  Store store;
  const std::string cookie = log_in(store.at(0), store.anna);
  CHECK(store.at(12 * 3600).find(Asked(cookie)));
  CHECK_FALSE(store.at(12 * 3600 + 1).find(Asked(cookie)));
  for (int hour = 10; hour < 7 * 24; hour += 10) CHECK(store.at(hour * 3600).use(Asked(cookie)));
  CHECK(store.at(7 * 86400).find(Asked(cookie)));
  CHECK_FALSE(store.at(7 * 86400 + 1).find(Asked(cookie)));
}

TEST_CASE("what changes something needs a session, its token, and a page of this server") {
  Store store;
  const std::string cookie = log_in(store.at(0), store.anna), other = log_in(store.at(0), store.fred);
  const std::string csrf = store.at(0).find(Asked(cookie))->csrf,
                    others = store.at(0).find(Asked(other))->csrf;
  CHECK(status_of(store.at(1), Asked(cookie, csrf)) == 200);
  CHECK(status_of(store.at(1), Asked("", csrf)) == 401);
  CHECK(status_of(store.at(1), Asked(cookie)) == 403);
  CHECK(status_of(store.at(1), Asked(cookie, others)) == 403);
  CHECK(status_of(store.at(1), Asked(cookie, csrf, "http://attacker.example")) == 403);
  CHECK(status_of(store.at(1), Asked(cookie, csrf, "null")) == 403);
}

TEST_CASE("a login ends the session that the browser had, and a logout its own only") {
  Store store;
  const std::string first = log_in(store.at(0), store.anna), second = log_in(store.at(0), store.anna);
  web::Response response;
  store.at(1).open(store.fred, Asked(first), response);
  CHECK_FALSE(store.at(1).find(Asked(first)));
  CHECK(store.at(1).find(Asked(cookie_of(response)))->uid == store.fred);
  web::Response out;
  store.at(2).close(Asked(second), out);
  CHECK_THAT(out.headers, Contains("Set-Cookie: flmserver_session=; Path=/; Max-Age=0;"));
  CHECK_FALSE(store.at(2).find(Asked(second)));
  CHECK(store.at(2).find(Asked(cookie_of(response))));
}

TEST_CASE("an account has twenty sessions at most; one more ends the one that was not used for longest") {
  Store store;
  std::vector<std::string> cookies;
  for (int i = 0; i < 20; ++i) cookies.push_back(log_in(store.at(i), store.anna));
  CHECK(store.at(700).use(Asked(cookies[0])));
  log_in(store.at(701), store.anna);
  CHECK(store.at(702).find(Asked(cookies[0])));
  CHECK_FALSE(store.at(702).find(Asked(cookies[1])));
  CHECK(store.at(702).find(Asked(cookies[2])));
  store.at(703).close_all_of(store.anna);
  CHECK_FALSE(store.at(704).find(Asked(cookies[2])));
}

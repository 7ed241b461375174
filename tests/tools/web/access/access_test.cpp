#include <catch2/catch.hpp>
#include <set>
#include <string>

#include "tools/common/input_error.hpp"
#include "tools/web/access/client.hpp"
#include "tools/web/access/local_network.hpp"
#include "tools/web/access/origin.hpp"
#include "tools/web/access/passwords.hpp"
#include "tools/web/access/sessions.hpp"
#include "tools/web/access/tries.hpp"

namespace {

using namespace flm::web;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;

/// A clock that goes on when it is told to.
struct Hand {
  std::chrono::steady_clock::time_point now{1000h};
  auto clock() {
    return [this] { return now; };
  }
};

/// A request with the cookie that an answer set.
struct Visit {
  explicit Visit(const Response& login = {}) {
    const std::size_t at = login.headers.find("flm_session=");
    if (at != std::string::npos) cookie = login.headers.substr(at, login.headers.find(';', at) - at);
    request.headers = {{"Cookie", cookie}};
  }
  Visit& with(std::string_view name, std::string_view value) {
    request.headers.emplace_back(name, value);
    return *this;
  }
  std::string cookie;
  Request request;
};

int status_of(Sessions& sessions, const Request& request) {
  try {
    sessions.require(request);
  } catch (const HttpError& error) {
    return error.status();
  }
  return 200;
}

/// Seconds to wait, as its refusal says; 0: none.
int wait(Tries& tries, std::string_view address) {
  try {
    tries.begin(address);
  } catch (const HttpError& error) {
    CHECK(error.status() == 429);
    const std::string what = error.what();
    return std::stoi(what.substr(what.find(" in ") + 4));
  }
  return 0;
}

}  // namespace

TEST_CASE("a password is checked against its hash, which is salted") {
  const std::string hash = hash_password("eight ch"), again = hash_password("eight ch");
  CHECK(hash != again);
  CHECK_THAT(hash, Catch::StartsWith("$argon2id$v=19$m=7168,t=5,p=1$"));
  CHECK_NOTHROW(check_password_hash(hash));
  CHECK(is_password("eight ch", hash));
  CHECK(is_password("eight ch", again));
  CHECK_FALSE(is_password("eight cH", hash));
  CHECK_FALSE(is_password("", hash));
}

TEST_CASE("a hash by another program of the same algorithm is understood") {
  // printf longenough | argon2 saltsaltsaltsalt -id -t 5 -k 7168 -p 1 -l 32 -e (Debian argon2 0~20171227)
  CHECK(is_password(
      "longenough",
      "$argon2id$v=19$m=7168,t=5,p=1$c2FsdHNhbHRzYWx0c2FsdA$M6OPubUaJkdyZsIHhhI3RghTRzNjV/BbHUu6xhYTO1U"));
}

TEST_CASE("a hash that is none lets nobody in") {
  const std::string hash = hash_password("eight ch");
  for (const std::string& wrong :
       {std::string(), std::string("eight ch"), hash.substr(0, 40), hash.substr(0, hash.size() - 1),
        std::string("$argon2id$v=19$m=4194304,t=100,p=1$c2FsdHNhbHRzYWx0$c2FsdHNhbHRzYWx0")}) {
    CHECK_FALSE(is_password("eight ch", wrong));
    CHECK_THROWS_WITH(check_password_hash(wrong), Contains("flmd password"));
  }
}

TEST_CASE("a password has 8 to 256 bytes of text") {
  for (const std::string& wrong :
       {std::string("seven c"), std::string(257, 'x'), std::string("with\0zero", 9),
        std::string("\xff\xff\xff\xff\xff\xff\xff\xff")})
    CHECK_THROWS_WITH(hash_password(wrong), Contains("allowed: 8 to 256 bytes of UTF-8"));
}

TEST_CASE("random tokens have their length, and none is like another") {
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) seen.insert(random_hex(20));
  CHECK(seen.size() == 100);
  CHECK(seen.begin()->size() == 40);
  CHECK(seen.begin()->find_first_not_of("0123456789abcdef") == std::string::npos);
}

TEST_CASE("a login's cookie is for this server's own pages, and no script reads it") {
  Sessions sessions;
  Response response;
  sessions.open("owner", Visit().request, response);
  CHECK_THAT(response.headers, Contains("; Path=/; Max-Age=604800; HttpOnly; SameSite=Strict\r\n"));
  CHECK_THAT(response.headers, !Contains("Secure"));
  Sessions over_tls({.secure = true});
  over_tls.open("owner", Visit().request, response);
  CHECK_THAT(response.headers, Contains("; Secure\r\n"));
}

TEST_CASE("what changes something needs a session and its CSRF token") {
  Sessions sessions;
  Response login, other_login;
  const std::string csrf = sessions.open("owner", Visit().request, login).csrf;
  const std::string other = sessions.open("guest", Visit().request, other_login).csrf;
  CHECK(status_of(sessions, Visit().request) == 401);
  CHECK(status_of(sessions, Visit().with("X-CSRF-Token", csrf).request) == 401);
  CHECK(status_of(sessions, Visit(login).request) == 403);
  CHECK(status_of(sessions, Visit(login).with("X-CSRF-Token", "").request) == 403);
  CHECK(status_of(sessions, Visit(login).with("X-CSRF-Token", other).request) == 403);
  CHECK(status_of(sessions, Visit(login).with("X-CSRF-Token", csrf).request) == 200);
  CHECK(sessions.find(Visit(login).request)->user == "owner");
  Visit form(login);
  const std::string body = "name=x&csrf=" + csrf;
  form.with("Content-Type", "application/x-www-form-urlencoded").request.body = body;
  CHECK(status_of(sessions, form.request) == 200);
  Visit forged;
  forged.cookie = "flm_session=" + std::string(64, '0');
  forged.request.headers = {{"Cookie", forged.cookie}};
  CHECK(status_of(sessions, forged.request) == 401);
}

TEST_CASE("a session ends by time, by logging out, and by a new login") {
  Hand hand;
  Sessions sessions({.idle = 60min, .whole = 180min}, hand.clock());
  Response login;
  sessions.open("owner", Visit().request, login);
  const Visit visit(login);
  for (int i = 0; i < 3; ++i) {
    hand.now += 59min;
    CHECK(sessions.find(visit.request));
  }
  hand.now += 4min;  // 181 since the login
  CHECK_FALSE(sessions.find(visit.request));

  Response again;
  sessions.open("owner", Visit().request, again);
  hand.now += 61min;
  CHECK_FALSE(sessions.find(Visit(again).request));

  Response first, second, out;
  sessions.open("owner", Visit().request, first);
  sessions.open("owner", Visit(first).request, second);
  CHECK_FALSE(sessions.find(Visit(first).request));
  CHECK(sessions.find(Visit(second).request));
  sessions.close(Visit(second).request, out);
  CHECK_FALSE(sessions.find(Visit(second).request));
  CHECK_THAT(out.headers, Contains("flm_session=; Path=/; Max-Age=0"));
}

TEST_CASE("one session too many ends the one that was not used for longest") {
  Hand hand;
  Sessions sessions({.sessions = 2}, hand.clock());
  Response first, second, third;
  sessions.open("a", Visit().request, first);
  hand.now += 1s;
  sessions.open("b", Visit().request, second);
  hand.now += 1s;
  CHECK(sessions.find(Visit(first).request));
  hand.now += 1s;
  sessions.open("c", Visit().request, third);
  CHECK(sessions.size() == 2);
  CHECK(sessions.find(Visit(first).request));
  CHECK_FALSE(sessions.find(Visit(second).request));
  sessions.close_all_of("c");
  CHECK_FALSE(sessions.find(Visit(third).request));
  sessions.close_all();
  CHECK(sessions.size() == 0);
}

TEST_CASE("five wrong passwords are free, then the wait doubles up to a quarter of an hour") {
  Hand hand;
  Tries tries(1000, hand.clock());
  for (int i = 0; i < 5; ++i) {
    CHECK(wait(tries, "192.0.2.7") == 0);
    tries.failed("192.0.2.7");
  }
  for (const int expected : {1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900}) {
    CHECK(wait(tries, "192.0.2.7") == expected);
    hand.now += std::chrono::seconds(expected) - 1ms;
    CHECK(wait(tries, "192.0.2.7") == 1);
    CHECK(wait(tries, "192.0.2.8") == 0);
    hand.now += 1ms;
    CHECK(wait(tries, "192.0.2.7") == 0);
    tries.failed("192.0.2.7");
  }
  hand.now += 1h;
  CHECK(wait(tries, "192.0.2.7") == 0);
  tries.failed("192.0.2.7");
  CHECK(wait(tries, "192.0.2.7") == 0);
}

TEST_CASE("the right password forgets the wrong ones") {
  Hand hand;
  Tries tries(60, hand.clock());
  for (int i = 0; i < 6; ++i) tries.failed("192.0.2.7");
  CHECK(wait(tries, "192.0.2.7") == 2);
  tries.succeeded("192.0.2.7");
  CHECK(wait(tries, "192.0.2.7") == 0);
}

TEST_CASE("IPv6 addresses of one household wait together") {
  Hand hand;
  Tries tries(60, hand.clock());
  for (int i = 0; i < 5; ++i) tries.failed("2001:db8:1:2::" + std::to_string(i + 1));
  CHECK(wait(tries, "2001:db8:1:2:ffff::1") == 1);
  CHECK(wait(tries, "2001:db8:1:3::1") == 0);
}

TEST_CASE("tries of all addresses together are limited, and what is remembered too") {
  Hand hand;
  Tries tries(10, hand.clock());
  for (int i = 0; i < 10; ++i) CHECK(wait(tries, "192.0.2." + std::to_string(i)) == 0);
  hand.now += 20s;
  CHECK(wait(tries, "198.51.100.1") == 40);
  hand.now += 40s;
  CHECK(wait(tries, "198.51.100.1") == 0);
  for (int i = 0; i < 3000; ++i)
    tries.failed("10.0." + std::to_string(i / 256) + "." + std::to_string(i % 256));
  CHECK(tries.addresses() == Tries::most_addresses);
}

TEST_CASE("addresses of the local network are known") {
  for (const char* local : {"127.0.0.1", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.20",
                            "169.254.1.1", "::1", "fe80::1", "fd00::1", "::ffff:10.0.0.1"})
    CHECK(is_local_address(local));
  for (const char* far : {"8.8.8.8", "172.15.0.1", "172.32.0.1", "192.169.0.1", "11.0.0.1", "2001:db8::1",
                          "::ffff:8.8.8.8", "", "local"})
    CHECK_FALSE(is_local_address(far));
}

TEST_CASE("a request is from the local network only under a name that no stranger can own") {
  const auto is = [](std::string_view address, std::string_view host) {
    Request request;
    request.address = address;
    request.headers = {{"Host", host}};
    return is_from_local_network(request);
  };
  for (const char* host : {"192.168.1.4:8080", "192.168.1.4", "[fd00::1]:8080", "[::1]", "localhost:8080",
                           "flm", "flm.local:8080", "FLM.Local.", "flm.lan", "a.home.arpa"})
    CHECK(is("192.168.1.20", host));
  for (const char* host : {"attacker.example", "attacker.example:8080", "x.notlocal", "local.example", "",
                           "[attacker.example]", "192.168.1.4.attacker.example"})
    CHECK_FALSE(is("192.168.1.20", host));
  CHECK_FALSE(is("203.0.113.5", "192.168.1.4"));
}

TEST_CASE("a request is of a page of this server, or of a program that is no browser") {
  const auto allowed = [](std::string_view host, std::string_view origin) {
    Request request;
    request.headers = {{"Host", host}, {"Origin", origin}};
    try {
      require_own_origin(request);
    } catch (const HttpError& error) {
      CHECK(error.status() == 403);
      return false;
    }
    return true;
  };
  CHECK(allowed("flm.lan:8080", "http://flm.lan:8080"));
  CHECK(allowed("[fe80::1]:8080", "http://[fe80::1]:8080"));
  CHECK(allowed("Flm.example", "https://flm.example"));  // TLS by a proxy
  CHECK_FALSE(allowed("flm.lan:8080", "http://flm.lan"));
  CHECK_FALSE(allowed("flm.lan", "http://flm.lan.attacker.example"));
  CHECK_FALSE(allowed("flm.lan", "null"));
  CHECK_FALSE(allowed("flm.lan", ""));
  CHECK_FALSE(allowed("", "http://"));
  Request plain;
  CHECK_NOTHROW(require_own_origin(plain));
}

TEST_CASE("behind a proxy the client is whom it names last; what the client says itself counts for nothing") {
  const std::vector<std::string> proxies{"127.0.0.1", "10.0.0.2"};
  const auto client = [&](std::string_view connection, std::string_view forwarded) {
    Request request;
    request.address = connection;
    if (!forwarded.empty()) request.headers = {{"x-forwarded-for", forwarded}};
    return client_address(request, proxies);
  };
  CHECK(client("203.0.113.9", "") == "203.0.113.9");
  CHECK(client("203.0.113.9", "198.51.100.1") == "203.0.113.9");  // no proxy of ours
  CHECK(client("127.0.0.1", "") == "127.0.0.1");
  CHECK(client("127.0.0.1", "203.0.113.9") == "203.0.113.9");
  CHECK(client("127.0.0.1", "198.51.100.1, 203.0.113.9") == "203.0.113.9");
  CHECK(client("127.0.0.1", "198.51.100.1, 203.0.113.9 , 10.0.0.2") == "203.0.113.9");
  CHECK(client("127.0.0.1", "10.0.0.2,,") == "10.0.0.2");
  CHECK(client("127.0.0.1", std::string(9000, 'a')) == "127.0.0.1");
}

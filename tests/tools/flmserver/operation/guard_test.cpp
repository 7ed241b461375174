#include "tools/flmserver/operation/guard.hpp"

#include <catch2/catch.hpp>

#include "tools/web/router.hpp"

namespace {

using namespace flm;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;

const std::string token(32, 'a');

/// A router with a guard, and a clock.
struct Guarded {
  explicit Guarded(std::size_t per_minute = 10'000)
      : guard(
            {.requests_per_minute = per_minute, .proxies = {"198.51.100.1"}, .unlimited = {"/health"}},
            [this](std::string_view line) { log.emplace_back(line); }, [this] { return now; }) {
    const auto answers = [](int status, std::string_view text) {
      return [=](const web::Request&) { return web::text(status, text); };
    };
    router.get("/good", answers(200, "good"))
        .get("/health", answers(200, "good"))
        .get("/broken", [](const web::Request&) -> web::Response { throw std::runtime_error("a fault"); })
        .get("/sensor/{sid}",
             [](const web::Request&) -> web::Response { throw web::HttpError(401, "Access refused"); })
        .add(web::Method::remove, "/api/tokens/{token}", answers(204, ""))
        .get("/later", [this](const web::Request&) {
          return web::Response{.later = waits = std::make_shared<web::Later>()};
        });
    guard.stand_before(router);
  }
  web::Response ask(std::string_view target, web::Fields headers = {}, std::string_view address = "192.0.2.7",
                    web::Method method = web::Method::get) {
    web::Request request;
    request.method = method;
    request.target = target;
    request.headers = std::move(headers);
    request.address = address;
    web::decode_target(request);
    const web::Route* const route = router.find(request);
    return router.answer(route, request, fault);
  }

  std::chrono::steady_clock::time_point now{1000h};
  std::vector<std::string> log;
  std::string fault;
  std::shared_ptr<web::Later> waits;
  server::Guard guard;
  web::Router router;
};

}  // namespace

TEST_CASE("what succeeds is counted, and not logged") {
  Guarded guarded;
  CHECK(guarded.ask("/good").status == 200);
  CHECK(guarded.guard.routes().at("GET /good").answers.at(200) == 1);
  CHECK(guarded.log.empty());
}

TEST_CASE("an answer that comes later is counted when it comes, with the time that it took") {
  Guarded guarded;
  const web::Response response = guarded.ask("/later");
  REQUIRE(response.later);
  CHECK(guarded.guard.routes().at("GET /later").answers.empty());
  guarded.now += 250ms;
  web::Response came;
  response.later->on_answer = [&](web::Response answer) { came = std::move(answer); };
  guarded.waits->complete(web::text(503, "the store does not answer"));
  CHECK(came.status == 503);
  CHECK(guarded.guard.routes().at("GET /later").answers.at(503) == 1);
  CHECK(guarded.guard.routes().at("GET /later").seconds == Approx(0.25));
  REQUIRE(guarded.log.size() == 1);
  CHECK(guarded.log[0] ==
        "http: status=503 method=GET route=/later client=192.0.2.7 ms=250 reason=\"the store does not "
        "answer\"");
}

TEST_CASE("a refusal is logged without the token that it was for") {
  Guarded guarded;
  CHECK(guarded.ask("/sensor/c141?version=1.0&token=" + token).status == 401);
  CHECK(guarded.ask("/sensor/c141", {{"X-Token", token}}).status == 401);
  REQUIRE(guarded.log.size() == 2);
  for (const std::string& line : guarded.log) {
    CHECK(line ==
          "http: status=401 method=GET route=/sensor/{sid} sid=c141 client=192.0.2.7 ms=0 reason=\"Access "
          "refused\"");
  }
}

TEST_CASE("a change by a page is logged, and not the token that it names") {
  Guarded guarded;
  CHECK(guarded.ask("/api/tokens/" + token, {}, "192.0.2.7", web::Method::remove).status == 204);
  REQUIRE(guarded.log.size() == 1);
  CHECK(guarded.log[0] == "http: status=204 method=DELETE route=/api/tokens/{token} client=192.0.2.7 ms=0");
}

TEST_CASE("a fault is counted, and told to the server") {
  Guarded guarded;
  CHECK(guarded.ask("/broken").status == 500);
  CHECK(guarded.fault == "a fault");
  CHECK(guarded.guard.routes().at("GET /broken").answers.at(500) == 1);
}

TEST_CASE("the log has 60 lines a minute at most, and says how many were left out") {
  Guarded guarded;
  for (int i = 0; i < 100; ++i) guarded.ask("/sensor/c141");
  CHECK(guarded.log.size() == 60);
  guarded.now += 1min;
  guarded.ask("/sensor/c141");
  CHECK_THAT(guarded.log.back(), Contains(" left_out=40"));
}

TEST_CASE("beyond the limit the answer is 429, with the time to wait") {
  Guarded guarded(10);
  for (int i = 0; i < 10; ++i) CHECK(guarded.ask("/good").status == 200);
  const web::Response refused = guarded.ask("/good");
  CHECK(refused.status == 429);
  CHECK(refused.headers == "Retry-After: 6\r\n");
  CHECK(guarded.ask("/health").status == 200);  // a load balancer asks for it
  CHECK(guarded.ask("/good", {}, "192.0.2.8").status == 200);
}

TEST_CASE("behind a proxy each client has its own limit, and invents no other") {
  Guarded guarded(10);
  for (int i = 0; i < 10; ++i)
    CHECK(guarded.ask("/good", {{"X-Forwarded-For", "192.0.2.9"}}, "198.51.100.1").status == 200);
  CHECK(guarded.ask("/good", {{"X-Forwarded-For", "192.0.2.9"}}, "198.51.100.1").status == 429);
  CHECK(guarded.ask("/good", {{"X-Forwarded-For", "203.0.113.5, 192.0.2.9"}}, "198.51.100.1").status == 429);
  CHECK(guarded.ask("/good", {{"X-Forwarded-For", "192.0.2.10"}}, "198.51.100.1").status == 200);
  CHECK(guarded.ask("/good", {{"X-Forwarded-For", "192.0.2.10"}}, "192.0.2.9").status == 429);
}

TEST_CASE("guessing of tokens is slow") {
  Guarded guarded;
  int answered = 0;
  for (int i = 0; i < 100; ++i) answered += guarded.ask("/sensor/c141", {{"X-Token", token}}).status == 401;
  CHECK(answered == 30);
  for (int i = 0; i < 100; ++i) guarded.ask("/sensor/c141");  // no token is no guess
  guarded.now += 1min;
  CHECK(guarded.ask("/sensor/c141", {{"X-Token", token}}).status == 401);
}

TEST_CASE("who comes by a proxy that the configuration does not name is not local") {
  const Guarded guarded;
  const auto is_local = [&](std::string_view address, web::Fields headers = {}) {
    web::Request request;
    request.address = address;
    request.headers = std::move(headers);
    return guarded.guard.is_local(request);
  };
  CHECK(is_local("127.0.0.1"));
  CHECK(is_local("192.168.1.2"));
  CHECK_FALSE(is_local("192.0.2.7"));
  CHECK_FALSE(is_local("127.0.0.1", {{"X-Forwarded-For", "192.0.2.7"}}));
  CHECK_FALSE(is_local("127.0.0.1", {{"X-Forwarded-For", "127.0.0.1"}}));
  CHECK(is_local("198.51.100.1", {{"X-Forwarded-For", "192.168.1.2"}}));
  CHECK_FALSE(is_local("198.51.100.1", {{"X-Forwarded-For", "192.168.1.2, 192.0.2.7"}}));
}

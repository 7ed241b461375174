#include "tools/flmserver/operation/limits.hpp"

#include <catch2/catch.hpp>

namespace {

using namespace flm;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;

const std::string token(32, 'a'), other_token(32, 'b');

struct Timed {
  explicit Timed(std::size_t per_minute) : limits(per_minute, [this] { return now; }) {}
  /// How many of so many requests are taken.
  int taken(int count, std::string_view address, std::string_view with = {}, bool has_digest = false) {
    int result = 0;
    for (int i = 0; i < count; ++i) try {
        limits.take(address, with, has_digest);
        ++result;
      } catch (const web::HttpError& error) {
        CHECK(error.status() == 429);
      }
    return result;
  }
  std::chrono::steady_clock::time_point now{1000h};
  server::Limits limits;
};

}  // namespace

TEST_CASE("an address has a minute's requests at once, and then so many a minute") {
  Timed timed(60);
  CHECK(timed.taken(100, "192.0.2.7") == 60);
  CHECK(timed.taken(1, "192.0.2.8") == 1);
  timed.now += 10s;
  CHECK(timed.taken(100, "192.0.2.7") == 10);
  timed.now += 1h;
  CHECK(timed.taken(100, "192.0.2.7") == 60);
}

TEST_CASE("a refusal says when the next request is allowed") {
  Timed timed(10);
  timed.taken(10, "192.0.2.7");
  timed.now += 2s;
  try {
    timed.limits.take("192.0.2.7", "", false);
    FAIL("it was taken");
  } catch (const web::HttpError& error) {
    CHECK(error.headers() == "Retry-After: 4\r\n");  // a request each 6 s, 2 of which have passed
    CHECK_THAT(error.what(), Contains("the next is allowed in 4 s"));
  }
  timed.now += 4s;
  CHECK(timed.taken(1, "192.0.2.7") == 1);
}

TEST_CASE("a household of IPv6 is one address") {
  Timed timed(10);
  CHECK(timed.taken(10, "2001:db8:0:1::1") == 10);
  CHECK(timed.taken(1, "2001:db8:0:1:ffff::2") == 0);
  CHECK(timed.taken(1, "2001:db8:0:2::1") == 1);
}

TEST_CASE("a token has its limit too, from wherever it is used") {
  Timed timed(10);
  int taken = 0;
  for (int i = 0; i < 20; ++i) taken += timed.taken(1, "192.0.2." + std::to_string(i), token);
  CHECK(taken == 10);
  CHECK(timed.taken(1, "192.0.2.100", other_token) == 1);
  CHECK(timed.taken(1, "192.0.2.100", std::string(20'000, 'x')) == 1);  // no token, and no bucket
}

TEST_CASE("who has shown wrong tokens waits before the next one, and may ask without") {
  Timed timed(10'000);
  for (int i = 0; i < 30; ++i) {
    REQUIRE(timed.taken(1, "192.0.2.7", token) == 1);
    timed.limits.failed("192.0.2.7");
  }
  CHECK(timed.taken(1, "192.0.2.7", token) == 0);
  CHECK(timed.taken(1, "192.0.2.7", "", true) == 0);
  CHECK(timed.taken(1, "192.0.2.7") == 1);
  CHECK(timed.taken(1, "192.0.2.8", token) == 1);
  timed.now += 2s;
  CHECK(timed.taken(1, "192.0.2.7", token) == 1);
}

TEST_CASE("memory for addresses is bounded, and comes back") {
  Timed timed(10);
  for (std::size_t i = 0; i < server::Limits::most_buckets + 1000; ++i)
    timed.taken(1, "address " + std::to_string(i));
  CHECK(timed.limits.buckets() == server::Limits::most_buckets);
  CHECK(timed.taken(1, "one more") == 0);  // those that have no bucket share one
  CHECK(timed.taken(1, "address 1") == 1);
  timed.now += 1min;
  CHECK(timed.taken(1, "one more") == 1);
  CHECK(timed.limits.buckets() == 1);
}

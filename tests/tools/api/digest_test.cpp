#include "tools/api/digest.hpp"

#include <catch2/catch.hpp>

using namespace flm::api;

namespace {
// Vector of the Flukso API: the key is the 32 hex digits as text; body of 58 bytes.
const std::string key = "0123456789abcdef0123456789abcdef";
const std::string body = R"({"measurements":[[1458756425,942856],[1458756431,942857]]})";
const std::string right = "c3f85d2650bce2f96852afdfaf748731be5470b3";
}  // namespace

TEST_CASE("the digest of a body is HMAC-SHA1 under the key's text") {
  CHECK(body.size() == 58);
  CHECK(digest(key, body) == right);
  // RFC 2202, section 3, test cases 2 and 6.
  CHECK(digest("Jefe", "what do ya want for nothing?") == "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
  CHECK(digest(std::string(80, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First") ==
        "aa4ae5e15272d00e95705637ce8a3b55ed402112");
}

TEST_CASE("a digest matches only as a whole, in lower case") {
  CHECK(digest_matches(key, body, right));
  for (std::size_t i = 0; i < right.size(); ++i) {
    std::string wrong = right;
    wrong[i] = wrong[i] == '0' ? '1' : '0';
    CHECK_FALSE(digest_matches(key, body, wrong));
  }
  CHECK_FALSE(digest_matches(key, body, ""));
  CHECK_FALSE(digest_matches(key, body, right.substr(0, 39)));
  CHECK_FALSE(digest_matches(key, body, right + "0"));
  CHECK_FALSE(digest_matches(key, body, "C3F85D2650BCE2F96852AFDFAF748731BE5470B3"));
  CHECK_FALSE(digest_matches(key, body + " ", right));
}

#include "tools/flmd/report/encoding.hpp"

#include <catch2/catch.hpp>

#include "tests/tools/flmd/report/unpacked.hpp"
#include "tools/api/hashes.hpp"  // base64

using namespace flm::api;
using namespace flm::flmd;

TEST_CASE("base64 has the values of RFC 4648, section 10") {
  CHECK(base64("").empty());
  CHECK(base64("f") == "Zg==");
  CHECK(base64("fo") == "Zm8=");
  CHECK(base64("foo") == "Zm9v");
  CHECK(base64("foobar") == "Zm9vYmFy");
  CHECK(base64(std::string(100, '\0')).find('\n') == std::string::npos);
}

TEST_CASE("gzip gives back what was packed") {
  std::string log;
  for (int i = 0; i < 1000; ++i) log += "daemon.info fluksod: processed pulse " + std::to_string(i) + "\n";
  for (const std::string& text : {std::string(), std::string("x"), log}) {
    const std::string packed = gzip(text);
    CHECK(packed.substr(0, 3) == "\x1f\x8b\x08");  // RFC 1952, section 2.3.1
    CHECK(unpacked(packed) == text);
  }
  CHECK(gzip(log).size() < log.size() / 5);
}

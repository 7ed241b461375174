#include "tools/web/exchange/request.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

namespace {

using namespace flm::web;
using Catch::Matchers::Contains;
using Segments = std::vector<std::string_view>;

/// What is wrong with it; empty: nothing.
std::string refusal(std::string_view target) {
  Request request;
  request.target = target;
  try {
    decode_target(request);
  } catch (const HttpError& error) {
    CHECK(error.status() == 400);
    return error.what();
  }
  return {};
}

Segments path_of(Request& request, std::string_view target) {
  request.target = target;
  decode_target(request);
  return request.path;
}

}  // namespace

TEST_CASE("a path is decoded segment by segment") {
  Request request;
  CHECK(path_of(request, "/").empty());
  CHECK(path_of(request, "/sensor/0a1b") == Segments{"sensor", "0a1b"});
  CHECK(path_of(request, "/a%20b/%C3%A9?x=/y/z") == Segments{"a b", "\xC3\xA9"});
  CHECK(path_of(request, "/a+b") == Segments{"a+b"});  // a plus is a space in forms only
  CHECK(path_of(request, "/sensor/") == Segments{"sensor", ""});
  CHECK(path_of(request, "//x") == Segments{"", "x"});
  CHECK(path_of(request, "/a...b/..c/...") == Segments{"a...b", "..c", "..."});
}

TEST_CASE("a whole address is a path as well (RFC 9112, 3.2.2)") {
  Request request;
  CHECK(path_of(request, "http://flm.local:8080/sensor/1?unit=watt") == Segments{"sensor", "1"});
  CHECK(request.query("unit") == "watt");
  CHECK(path_of(request, "HTTPS://flm.local/").empty());
  CHECK_THAT(refusal("http://flm.local"), Contains("has no path"));
  CHECK_THAT(refusal("http:/flm.local"), Contains("does not begin with '/'"));
}

TEST_CASE("a path cannot leave its folder") {
  for (const char* target : {"/..", "/../etc/passwd", "/a/../b", "/a/..", "/%2e%2e/x", "/.%2E/x", "/a/%2e/b",
                             "/./x", "http://h/../x"})
    CHECK_THAT(refusal(target), Contains("'.' or '..'"));
  CHECK_THAT(refusal("/a%2Fb"), Contains("'/' within a segment"));
  CHECK_THAT(refusal("/..%2f..%2fetc"), Contains("'/' within a segment"));
  CHECK_THAT(refusal("/%2e%2e%2fetc"), Contains("'/' within a segment"));
}

TEST_CASE("a target that is no text is refused") {
  for (const char* target : {"/%", "/%4", "/%zz", "/a?b=%", "/a?b=%g0", "/a?%1"})
    CHECK_THAT(refusal(target), Contains("'%' without two hex digits"));
  // Not UTF-8: a lone continuation, an overlong '/', a surrogate, above U+10FFFF, cut; controls.
  for (const char* target : {"/%80", "/%C0%AF", "/%ED%A0%80", "/%F4%90%80%80", "/%E2%82", "/%00",
                             "/a%0d%0aX:%20y", "/%7f", "/%C2%85"})
    CHECK_THAT(refusal(target), Contains("path is no UTF-8 text"));
  CHECK_THAT(refusal("/a?b=%ff"), Contains("query is no UTF-8 text"));
  CHECK(refusal("/a?b=line%0d%0aline").empty());
  CHECK_THAT(refusal(""), Contains("does not begin with '/'"));
  CHECK_THAT(refusal("sensor"), Contains("does not begin with '/'"));
}

TEST_CASE("a query's values are decoded, and one that stands twice is refused") {
  Request request;
  path_of(request, "/?unit=watt&name=a%26b+c&&empty=&flag&unit%31=x&unit=lperday");
  CHECK(request.query("name") == "a&b c");
  CHECK(request.query("empty") == "");
  CHECK(request.query("flag") == "");
  CHECK(request.query("unit1") == "x");
  CHECK(request.query("absent") == std::nullopt);
  CHECK_THROWS_WITH(request.query("unit"), "'unit' stands twice in the query; allowed: once");
}

TEST_CASE("headers and cookies are found by their names") {
  Request request;
  request.headers = {{"Host", "flm"},
                     {"X-Token", "1"},
                     {"x-token", "2"},
                     {"Cookie", "a=1; flm_session=abc=; b"},
                     {"cookie", "c=3"}};
  CHECK(request.header("x-TOKEN") == "1");
  CHECK(request.header("X-Toke") == std::nullopt);
  CHECK(request.cookie("flm_session") == "abc=");
  CHECK(request.cookie("a") == "1");
  CHECK(request.cookie("c") == "3");
  CHECK(request.cookie("b") == std::nullopt);
  CHECK(request.cookie("session") == std::nullopt);
}

TEST_CASE("a form's field is read from a body that says it is a form") {
  Request request;
  request.body = "csrf=0a%31&name=x+y";
  CHECK(request.form("csrf") == std::nullopt);
  request.headers = {{"Content-Type", "application/x-www-form-urlencoded; charset=UTF-8"}};
  CHECK(request.form("csrf") == "0a1");
  CHECK(request.form("name") == "x y");
  CHECK(request.form("other") == std::nullopt);
  request.body = "csrf=0a&name=%";
  CHECK(request.form("csrf") == std::nullopt);
}

TEST_CASE("a parameter that the pattern has not is a fault of the program") {
  Request request;
  request.parameters = {{"sid", "1"}};
  CHECK(request.parameter("sid") == "1");
  CHECK_THROWS_AS(request.parameter("rid"), std::logic_error);
}

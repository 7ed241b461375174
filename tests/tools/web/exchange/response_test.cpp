#include "tools/web/exchange/response.hpp"

#include <catch2/catch.hpp>
#include <memory>
#include <nlohmann/json.hpp>

namespace {

using namespace flm::web;
using Catch::Matchers::Contains;

std::string written(const Response& response, Connection connection = Connection::keep,
                    bool without_body = false) {
  std::string out;
  write(out, response, connection, without_body);
  return out;
}

Response wrapped(const char* name, const char* value) {
  Request request;
  request.queries = {{name, value}};
  return jsonp(request, "[[1,2]]");
}

}  // namespace

TEST_CASE("an answer is a status line, headers and a body of the length that it says") {
  const std::string answer = written(json("[1,2]"));
  CHECK_THAT(answer, Catch::StartsWith("HTTP/1.1 200 OK\r\nDate: "));
  CHECK_THAT(answer, Contains("\r\nContent-Type: application/json\r\n") &&
                         Contains("\r\nContent-Length: 5\r\n") &&
                         Contains("\r\nX-Content-Type-Options: nosniff\r\n"));
  CHECK_THAT(answer, Catch::EndsWith("\r\n\r\n[1,2]"));
  CHECK_THAT(answer, !Contains("Connection:"));
  CHECK_THAT(written(json("[1,2]"), Connection::keep, true),
             Contains("Content-Length: 5\r\n") && Catch::EndsWith("\r\n\r\n"));
  CHECK_THAT(written(text(404, "no"), Connection::close), Catch::StartsWith("HTTP/1.1 404 Not Found\r\n") &&
                                                              Contains("\r\nConnection: close\r\n") &&
                                                              Catch::EndsWith("\r\n\r\nno\n"));
  CHECK_THAT(written(json_of({{"a", 1}}), Connection::keep_1_0),
             Contains("\r\nConnection: keep-alive\r\n") && Catch::EndsWith("{\"a\":1}"));
  CHECK_THAT(written(no_content()), !Contains("Content-Length"));
}

TEST_CASE("a date is written as RFC 9110 has it") {
  CHECK(http_date(784111777) == "Sun, 06 Nov 1994 08:49:37 GMT");  // RFC 9110, 5.6.7
  CHECK(http_date(0) == "Thu, 01 Jan 1970 00:00:00 GMT");
}

TEST_CASE("a header's value cannot begin another header") {
  CHECK_THROWS_AS(see_other("/x\r\nSet-Cookie: a=b"), std::invalid_argument);
  CHECK_THROWS_AS(no_content().with("A\n", "b"), std::invalid_argument);
  CHECK_THAT(written(see_other("/x")),
             Catch::StartsWith("HTTP/1.1 303 See Other\r\n") && Contains("\r\nLocation: /x\r\n"));
}

TEST_CASE("a callback wraps JSON under its new name and its old one") {
  CHECK(wrapped("callback", "f").body == "f([[1,2]]);");
  CHECK(wrapped("jsonp_callback", "jQuery_17").body == "jQuery_17([[1,2]]);");
  CHECK(wrapped("call", "f").body == "[[1,2]]");
  CHECK(wrapped("callback", "f").content_type == "application/json");
  // A browser runs a script that says it is JSON only where it may look into it.
  CHECK_THAT(written(wrapped("callback", "f")), !Contains("nosniff"));
  CHECK_THAT(written(wrapped("call", "f")), Contains("nosniff"));
}

TEST_CASE("a callback that is no name is refused") {
  for (const char* name : {"", "alert(1)//", "a.b", "a-b", "f;", "<script>", "\xC3\xA9", "f\n"})
    CHECK_THROWS_WITH(wrapped("callback", name), Contains("allowed: 1 to 64 of 0-9, a-z, A-Z and _"));
  CHECK(wrapped("callback", std::string(64, 'x').c_str()).body.size() == 64 + 10);
  CHECK_THROWS_AS(wrapped("callback", std::string(65, 'x').c_str()), HttpError);
}

TEST_CASE("an answer is made of another one, whether they are there or come later") {
  const auto longer = [](Response first) { return text(first.status, first.body + "and more"); };
  CHECK(then(text(200, "first"), longer).body == "first\nand more\n");

  auto first = std::make_shared<Later>(), second = std::make_shared<Later>();
  std::string body;
  const Response whole = then(Response{.later = first}, [&](Response) { return Response{.later = second}; });
  REQUIRE(whole.later);
  whole.later->on_answer = [&](Response answer) { body = answer.body; };
  second->complete(text(200, "too early"));  // nobody waits for it yet
  CHECK(body.empty());
  first->complete(text(200, "first"));
  second->complete(text(200, "second"));
  CHECK(body == "second\n");
}

TEST_CASE("nobody waits any more for an answer that is made of another one") {
  auto first = std::make_shared<Later>();
  {
    const Response whole = then(Response{.later = first}, [](Response answer) { return answer; });
  }
  first->complete(text(200, "first"));  // as when the client has gone
}

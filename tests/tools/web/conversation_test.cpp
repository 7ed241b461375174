#include "tools/web/conversation.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

namespace {

using namespace flm::web;
using Catch::Matchers::Contains;
using Catch::Matchers::EndsWith;
using Catch::Matchers::StartsWith;

Router test_router() {
  Router router;
  router.get("/small", [](const Request&) { return json("[1]"); })
      .get("/query", [](const Request& request) { return text(200, request.query("x").value_or("none")); })
      .post("/echo", [](const Request& request) { return text(200, request.body); }, {.body_limit = 100})
      .post("/length", [](const Request& request) { return text(200, std::to_string(request.body.size())); })
      .get("/large", [](const Request&) { return text(200, std::string(200000, 'x')); })
      .post("/host",
            [](const Request& request) {
              return text(200, std::string(*request.header("Host")) + " " +
                                   std::string(*request.header("X-First")) + " " +
                                   std::string(request.header("X-Late").value_or("none")));
            })
      .get("/broken", [](const Request&) -> Response { throw std::runtime_error("no disk"); });
  return router;
}

/// Statuses, in order, of all answers to these bytes, and whether the connection ends.
struct Talk {
  explicit Talk(std::string_view bytes, std::size_t piece = 1 << 20) {
    for (; !bytes.empty(); bytes.remove_prefix(std::min(piece, bytes.size()))) {
      conversation.feed(bytes.substr(0, piece));
      drain();
    }
  }
  void drain() {
    for (auto output = conversation.output(); !output.empty(); output = conversation.output()) {
      all.append(output.first).append(output.then);
      conversation.sent();
    }
  }
  [[nodiscard]] std::string statuses() const {
    std::string result;
    for (std::size_t at = 0; (at = all.find("HTTP/1.1 ", at)) != all.npos; at += 9)
      if (all[at + 9] >= '1' && all[at + 9] <= '9') result += all.substr(at + 9, 3) + " ";
    return result + (conversation.last() ? "end" : "open");
  }
  Router router = test_router();
  std::vector<std::string> lines;
  Log log = [this](std::string_view line) { lines.emplace_back(line); };
  Conversation conversation{router, "192.0.2.7", log};
  std::string all;
};

std::string statuses(std::string_view bytes) { return Talk(bytes).statuses(); }
std::string with_headers(std::string_view lines) {
  return "GET /small HTTP/1.1\r\nHost: flm\r\n" + std::string(lines) + "\r\n";
}
std::string post(std::string_view path, std::string_view lines, std::string_view body) {
  return "POST " + std::string(path) + " HTTP/1.1\r\nHost: flm\r\n" + std::string(lines) + "\r\n" +
         std::string(body);
}

}  // namespace

TEST_CASE("a connection stays in HTTP/1.1, and ends in HTTP/1.0, unless it is said otherwise") {
  CHECK(statuses(with_headers("")) == "200 open");
  CHECK(statuses(with_headers("Connection: close\r\n")) == "200 end");
  CHECK(statuses("GET /small HTTP/1.0\r\n\r\n") == "200 end");
  const Talk kept("GET /small HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n");
  CHECK(kept.statuses() == "200 open");
  CHECK_THAT(kept.all, Contains("\r\nConnection: keep-alive\r\n"));
}

TEST_CASE("requests that come together are answered in order, however they are cut") {
  std::string bytes, expected;
  for (int i = 0; i < 200; ++i) {
    bytes += "GET /query?x=" + std::to_string(i) + " HTTP/1.1\r\nHost: flm\r\n\r\n";
    if (i % 3 == 0) bytes += "\r\n";  // RFC 9112, 2.2
    bytes += post("/echo", "Content-Length: 3\r\n", "abc");
    bytes += post("/echo", "Transfer-Encoding: chunked\r\n", "2;x=y\r\nde\r\n1\r\nf\r\n0\r\nX: y\r\n\r\n");
    expected += std::to_string(i) + " abc def ";
  }
  const auto bodies = [](const std::string& all) {
    std::string result;
    for (std::size_t at = 0; (at = all.find("\r\n\r\n", at)) != all.npos;) {
      at += 4;
      result += all.substr(at, all.find('\n', at) - at) + " ";
    }
    return result;
  };
  for (const std::size_t piece : {1u, 2u, 3u, 7u, 100u, 1000u, 1u << 20})
    CHECK(bodies(Talk(bytes, piece).all) == expected);
}

TEST_CASE("what waits for its answer is bounded, and is answered once there is room") {
  std::string bytes;
  for (int i = 0; i < 3; ++i) bytes += "GET /large HTTP/1.1\r\nHost: flm\r\n\r\n";
  Router router = test_router();
  const Log log;
  Conversation conversation(router, "192.0.2.7", log);
  conversation.feed(bytes);
  CHECK(conversation.output().first.size() < 201000);
  conversation.sent();
  CHECK(conversation.output().first.size() < 201000);
  conversation.sent();
  conversation.sent();
  CHECK(conversation.output().empty());
  CHECK(conversation.idle());
}

TEST_CASE("HEAD has the headers of GET, and no body") {
  const Talk head("HEAD /small HTTP/1.1\r\nHost: flm\r\n\r\nGET /small HTTP/1.1\r\nHost: flm\r\n\r\n");
  CHECK(head.statuses() == "200 200 open");
  CHECK_THAT(head.all, Contains("Content-Length: 3\r\n") && Contains("nosniff\r\n\r\nHTTP/1.1 200"));
}

TEST_CASE("what is no request is answered 400, and ends the connection") {
  for (const std::string& wrong :
       {std::string("hello\r\n\r\n"), std::string("GET\r\n\r\n"), std::string("GET /small\r\n\r\n"),
        std::string("GET  /small HTTP/1.1\r\n\r\n"), std::string("GET /small HTTP/1.1\n\n"),
        std::string("GET /small HTTP/2.0\r\n\r\n"), std::string("GET /small HTTX/1.1\r\n\r\n"),
        std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11) /* TLS */, std::string(20, '\0'),
        std::string("GET /sm\0all HTTP/1.1\r\n\r\n", 25), std::string("G\xc3\xa9T / HTTP/1.1\r\n\r\n")}) {
    INFO(wrong);
    CHECK(statuses(wrong + "GET /small HTTP/1.1\r\nHost: flm\r\n\r\n") == "400 end");
  }
}

TEST_CASE("a wrong header is answered 400") {
  CHECK(statuses("GET /small HTTP/1.1\r\n\r\n") == "400 end");  // no Host: RFC 9112, 3.2
  for (const char* lines :
       {"Host: other\r\n", "Name\r\n", "Na me: x\r\n", ": x\r\n", "Name : x\r\n", "Name: a\rb\r\n",
        "Name: \x01\r\n", "Content-Length: -1\r\n", "Content-Length: x\r\n",
        "Content-Length: 1\r\nContent-Length: 2\r\n", "Content-Length: 99999999999999999999\r\n",
        "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n"}) {
    INFO(lines);
    CHECK(statuses(with_headers(lines)) == "400 end");
  }
  CHECK(statuses("POST /echo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n") ==
        "400 end");
}

TEST_CASE("a method, or a transfer encoding, that is not known is answered 501") {
  for (const char* method : {"BREW", "CONNECT", "TRACE", "get", "PROPFIND"})
    CHECK(statuses(std::string(method) + " /small HTTP/1.1\r\nHost: flm\r\n\r\n") == "501 end");
  CHECK(statuses(post("/echo", "Transfer-Encoding: gzip\r\n", "")) == "501 end");
  CHECK(statuses(post("/echo", "Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n")) == "501 end");
  CHECK(statuses(post("/echo", "Expect: cake\r\nContent-Length: 1\r\n", "")) == "417 end");
}

TEST_CASE("a path that is wrong, unknown, or of other methods has its status") {
  CHECK(statuses("GET /a/../b HTTP/1.1\r\nHost: flm\r\n\r\n") == "400 end");
  CHECK(statuses("GET /%2e%2e HTTP/1.1\r\nHost: flm\r\n\r\n") == "400 end");
  CHECK(statuses("GET /nowhere HTTP/1.1\r\nHost: flm\r\n\r\n") == "404 open");
  CHECK(statuses("DELETE /small HTTP/1.1\r\nHost: flm\r\n\r\n") == "405 open");
  CHECK(statuses("OPTIONS * HTTP/1.1\r\nHost: flm\r\n\r\n") == "204 open");
  // Their bodies are not read.
  CHECK(statuses(post("/nowhere", "Content-Length: 100000000\r\n", "")) == "404 end");
  CHECK(statuses(post("/small", "Transfer-Encoding: chunked\r\n", "")) == "405 end");
}

TEST_CASE("a header of 8 kB or 100 lines is read, and a longer one is not, in one piece or in many") {
  const auto lines = [](std::size_t count, std::size_t size) {
    std::string all;
    for (std::size_t i = 0; i < count; ++i) all += "X: " + std::string(size, 'x') + "\r\n";
    return all;
  };
  for (const std::size_t piece : {std::size_t(100), std::size_t(2048), std::size_t(1) << 20}) {
    CAPTURE(piece);
    const auto answers = [&](const std::string& bytes) { return Talk(bytes, piece).statuses(); };
    CHECK(answers(with_headers(lines(99, 1))) == "200 open");
    CHECK(answers(with_headers(lines(100, 1))) == "431 end");
    CHECK(answers(with_headers(lines(80, 90))) == "200 open");
    CHECK(answers(with_headers(lines(90, 95))) == "431 end");
    CHECK(answers(with_headers(lines(1, 7000))) == "200 open");
    CHECK(answers(with_headers(lines(1, 9000))) == "431 end");
    CHECK(answers(with_headers("X: " + std::string(100000, 'x'))) == "431 end");
    CHECK(answers("GET /" + std::string(7000, 'a') + " HTTP/1.1\r\nHost: flm\r\n\r\n") == "404 open");
    CHECK(answers("GET /" + std::string(9000, 'a') + " HTTP/1.1\r\nHost: flm\r\n\r\n") == "414 end");
    CHECK(answers("GET /" + std::string(100000, 'a')) == "414 end");
    CHECK(answers(std::string(100000, 'A')) == "414 end");
  }
}

TEST_CASE("a body up to its route's limit is read, and a longer one is answered 413") {
  const std::string most(100, 'b');
  CHECK(statuses(post("/echo", "Content-Length: 100\r\n", most)) == "200 open");
  CHECK(statuses(post("/echo", "Content-Length: 101\r\n", "")) == "413 end");
  CHECK(statuses(post("/echo", "Content-Length: 18446744073709551615\r\n", "")) == "413 end");
  CHECK(statuses(post("/echo", "Transfer-Encoding: chunked\r\n", "64\r\n" + most + "\r\n0\r\n\r\n")) ==
        "200 open");
  CHECK(statuses(post("/echo", "Transfer-Encoding: chunked\r\n", "65\r\n")) == "413 end");
  CHECK(statuses(post("/echo", "Transfer-Encoding: chunked\r\n", "64\r\n" + most + "\r\n1\r\nx")) ==
        "413 end");
  CHECK(statuses(post("/echo", "Transfer-Encoding: chunked\r\n", "ffffffffffffffff\r\n")) == "413 end");
  CHECK(statuses(post("/length", "Content-Length: 65536\r\n", std::string(65536, 'x'))) ==
        "200 open");  // the default
  CHECK(statuses(post("/length", "Content-Length: 65537\r\n", "")) == "413 end");
}

TEST_CASE("a broken chunk is answered 400, and one that never ends is too") {
  for (const char* chunks :
       {"zz\r\n", "-1\r\n", "\r\n", "3\r\nabcdef\r\n", "1 \r\n", "11111111111111111\r\n"}) {
    INFO(chunks);
    CHECK(statuses(post("/echo", "Transfer-Encoding: chunked\r\n", chunks)) == "400 end");
  }
  CHECK(Talk(post("/echo", "Transfer-Encoding: chunked\r\n", "1;" + std::string(100000, 'x')), 1000)
            .statuses() == "431 end");
  CHECK(Talk(post("/echo", "Transfer-Encoding: chunked\r\n", "0\r\nX: " + std::string(100000, 'x')), 1000)
            .statuses() == "431 end");
}

TEST_CASE("a trailer is no header, and moves none") {
  const Talk talk(post("/host", "X-First: kept\r\nTransfer-Encoding: chunked\r\n",
                       "1\r\na\r\n0\r\nX-Late: " + std::string(3000, 'x') + "\r\nConnection: close\r\n\r\n"),
                  1000);
  CHECK_THAT(talk.all, EndsWith("\r\n\r\nflm kept none\n"));
}

TEST_CASE("a client that waits before it sends its body is told to go on") {
  Talk talk(post("/echo", "Content-Length: 3\r\nExpect: 100-continue\r\n", ""));
  CHECK(talk.all == "HTTP/1.1 100 Continue\r\n\r\n");
  CHECK_FALSE(talk.conversation.idle());
  talk.conversation.feed("abc");
  talk.drain();
  CHECK(talk.statuses() == "100 200 open");
  CHECK(statuses(post("/echo", "Content-Length: 300\r\nExpect: 100-continue\r\n", "")) == "413 end");
}

TEST_CASE("a fault of a handler is logged with its request, and the next request is answered") {
  const Talk talk("GET /broken?x HTTP/1.1\r\nHost: flm\r\n\r\n" + with_headers(""));
  CHECK(talk.statuses() == "500 200 open");
  CHECK(talk.lines == std::vector<std::string>{"http: GET /broken?x: no disk"});
}

TEST_CASE("a conversation that is to end says so with its next answer") {
  Talk talk("GET /sm");
  talk.conversation.end_soon();
  talk.conversation.feed("all HTTP/1.1\r\nHost: flm\r\n\r\n" + with_headers(""));
  talk.drain();
  CHECK(talk.statuses() == "200 end");
  CHECK_THAT(talk.all, Contains("\r\nConnection: close\r\n"));
}

TEST_CASE("an answer that is made elsewhere keeps its place among those that follow") {
  Router router;
  std::shared_ptr<Later> later;
  std::shared_ptr<const Request> kept;
  router
      .post("/later/{name}",
            [&](const Request& request) {
              kept = keep(request);
              later = std::make_shared<Later>();
              return Response{.later = later};
            },
            {.any_origin = true})
      .get("/now", [](const Request&) { return text(200, "now"); });
  const Log log = [](std::string_view) {};
  std::string bytes = "POST /later/a%20b?x=1 HTTP/1.1\r\nHost: flm\r\nContent-Length: 4\r\n\r\nbody";
  Conversation conversation(router, "192.0.2.7", log);
  int told = 0;
  conversation.feed(bytes + "GET /now HTTP/1.1\r\nHost: flm\r\n\r\n");
  CHECK(conversation.output().empty());
  CHECK(conversation.waits());
  CHECK_FALSE(conversation.idle());
  conversation.when_answered([&] { ++told; });

  bytes.assign(bytes.size(), '?');  // what was kept is its own
  CHECK(kept->parameter("name") == "a b");
  CHECK(kept->query("x") == "1");
  CHECK(kept->header("host") == "flm");
  CHECK(kept->body == "body");
  CHECK(kept->address == "192.0.2.7");

  later->complete(text(200, "later"));
  CHECK(told == 1);
  CHECK_FALSE(conversation.waits());
  const std::string both = std::string(conversation.output().first) + std::string(conversation.output().then);
  CHECK_THAT(both, Contains("\r\n\r\nlater\nHTTP/1.1 200 OK\r\n") && EndsWith("\r\n\r\nnow\n"));
  CHECK_THAT(both.substr(0, both.find("later\n")), Contains("Access-Control-Allow-Origin: *\r\n"));
  later->complete(text(200, "twice"));
  CHECK(told == 1);
}

TEST_CASE("an answer that comes when nobody waits for it any more is ignored") {
  Router router;
  std::shared_ptr<Later> later;
  router.get("/later", [&](const Request&) {
    later = std::make_shared<Later>();
    return Response{.later = later};
  });
  const Log log = [](std::string_view) {};
  {
    Conversation conversation(router, "192.0.2.7", log);
    conversation.feed("GET /later HTTP/1.1\r\nHost: flm\r\n\r\n");
    conversation.refuse(503, "too late");
    later->complete(text(200, "late"));
    CHECK_THAT(std::string(conversation.output().first),
               StartsWith("HTTP/1.1 503 ") && EndsWith("too late\n"));
    CHECK(conversation.last());
  }
  {
    Conversation conversation(router, "192.0.2.7", log);
    conversation.feed("GET /later HTTP/1.1\r\nHost: flm\r\n\r\n");
  }
  later->complete(text(200, "late"));
}

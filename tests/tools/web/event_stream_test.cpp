#include "tools/web/event_stream.hpp"

#include <catch2/catch.hpp>
#include <memory>
#include <string>

#include "tests/tools/web/raw_client.hpp"

namespace {

using namespace flm;
using namespace flm::test;
using Catch::Matchers::Contains;
using Catch::Matchers::EndsWith;
using Catch::Matchers::StartsWith;

const std::string subscribe = "GET /events HTTP/1.1\r\nHost: flm\r\n\r\n";

/// A server with a stream, which sends from the server's thread as flmd does.
struct Streaming {
  explicit Streaming(web::EventStream::Limits limits = {}, web::ServerLimits server_limits = {})
      : stream(std::make_unique<web::EventStream>(limits)), server(router(), server_limits) {}
  web::Router router() {
    web::Router made;
    made.get("/events",
             [this](const web::Request&) { return stream->open(web::EventStream::frame("hello", "you")); })
        .get("/small", [](const web::Request&) { return web::json("[1]"); });
    return made;
  }
  void send(std::string_view event, std::string_view data) {
    server.on_loop([&](web::Server&) {
      stream->send(event, data);
      return 0;
    });
  }
  std::size_t clients() {
    return server.on_loop([&](web::Server&) { return stream->clients(); });
  }
  bool has(std::size_t count) {
    for (int i = 0; i < 500 && clients() != count; ++i) std::this_thread::sleep_for(10ms);
    return clients() == count;
  }

  std::unique_ptr<web::EventStream> stream;
  RunningServer server;
};

}  // namespace

TEST_CASE("an event is lines as the HTML standard has them") {
  CHECK(web::EventStream::frame("reading", "[1]") == "event: reading\ndata: [1]\n\n");
  CHECK(web::EventStream::frame("", "a\nb\r\nc\rd") == "data: a\ndata: b\ndata: c\ndata: d\n\n");
  CHECK(web::EventStream::frame("", "") == "data: \n\n");
  CHECK(web::EventStream::frame("a\nb", "x\n\nevent: y") == "event: a\ndata: x\ndata: \ndata: event: y\n\n");
}

TEST_CASE("each client gets what there is, and then what is sent, in order") {
  Streaming streaming;
  RawClient first(streaming.server.port(), subscribe), second(streaming.server.port(), subscribe);
  for (RawClient* client : {&first, &second}) {
    const std::string start = client->until("data: you\n\n");
    CHECK_THAT(start, StartsWith("HTTP/1.1 200 OK\r\n") &&
                          Contains("\r\nContent-Type: text/event-stream\r\n") &&
                          Contains("\r\nCache-Control: no-store\r\n") &&
                          Contains("\r\n\r\nretry: 2000\n\nevent: hello\n"));
    CHECK_THAT(start, !Contains("Content-Length"));
  }
  REQUIRE(streaming.has(2));
  for (int i = 0; i < 1000; ++i) streaming.send("reading", std::to_string(i));
  for (RawClient* client : {&first, &second})
    for (int i = 0; i < 1000; ++i)
      CHECK(client->until("\n\n") == "event: reading\ndata: " + std::to_string(i) + "\n\n");
}

TEST_CASE("a client that does not read is dropped, and the others get everything") {
  Streaming streaming({.clients = 4, .queue = 20000});
  RawClient reads(streaming.server.port(), subscribe);
  RawClient lazy(streaming.server.port(), 4096);
  lazy.send(subscribe);
  REQUIRE(streaming.has(2));
  const std::string data(10000, 'd');
  std::size_t got = reads.until("data: you\n\n").empty();
  for (int i = 0; i < 2000 && streaming.clients() == 2; ++i) {
    streaming.send("", data);
    got += reads.until("\n\n").size() == 10008;
  }
  CHECK(streaming.clients() == 1);
  CHECK(streaming.stream->dropped() == 1);
  streaming.send("", "last");
  CHECK(reads.until("\n\n") == "data: last\n\n");
  CHECK(got > 2);
}

TEST_CASE("a client that goes is forgotten") {
  Streaming streaming;
  {
    RawClient client(streaming.server.port(), subscribe);
    REQUIRE(streaming.has(1));
  }
  CHECK(streaming.has(0));
  CHECK(streaming.stream->dropped() == 0);
}

TEST_CASE("one client too many is told to come later") {
  Streaming streaming({.clients = 2});
  RawClient first(streaming.server.port(), subscribe), second(streaming.server.port(), subscribe);
  REQUIRE(streaming.has(2));
  RawClient third(streaming.server.port(), subscribe);
  CHECK_THAT(third.answer(), StartsWith("HTTP/1.1 503 ") && Contains("\r\nRetry-After: 10\r\n"));
}

TEST_CASE("a quiet stream is kept open by comments") {
  Streaming streaming({}, {.keep_alive = 100ms});
  RawClient client(streaming.server.port(), subscribe);
  client.until("data: you\n\n");
  CHECK(client.until(":\n\n", 3s) == ":\n\n");
  CHECK(client.until(":\n\n", 3s) == ":\n\n");
}

TEST_CASE("streams stay when many other clients come") {
  Streaming streaming({}, {.connections = 10});
  RawClient client(streaming.server.port(), subscribe);
  REQUIRE(streaming.has(1));
  std::vector<RawClient> crowd;
  for (int i = 0; i < 50; ++i) crowd.emplace_back(streaming.server.port());
  RawClient works(streaming.server.port(), "GET /small HTTP/1.1\r\nHost: flm\r\n\r\n");
  CHECK_THAT(works.answer(), EndsWith("[1]"));
  client.until("data: you\n\n");
  streaming.send("", "still");
  CHECK(client.until("\n\n") == "data: still\n\n");
}

TEST_CASE("a stream ends with its server, and a server goes on without its stream") {
  Streaming streaming;
  RawClient client(streaming.server.port(), subscribe);
  REQUIRE(streaming.has(1));
  SECTION("the server stops") {
    streaming.server.stop();
    CHECK(client.closed());
    streaming.server.join();
  }
  SECTION("the stream is destroyed") {
    streaming.server.on_loop([&](web::Server&) {
      streaming.stream = std::make_unique<web::EventStream>();
      return 0;
    });
    CHECK(client.closed());
    RawClient again(streaming.server.port(), subscribe);
    CHECK_THAT(again.until("data: you\n\n"), EndsWith("you\n\n"));
  }
}

TEST_CASE("HEAD of a stream is its headers") {
  Streaming streaming;
  RawClient client(streaming.server.port(), "HEAD /events HTTP/1.1\r\nHost: flm\r\n\r\n");
  CHECK_THAT(client.rest(), EndsWith("\r\n\r\n") && Contains("text/event-stream"));
  CHECK(streaming.clients() == 0);
}

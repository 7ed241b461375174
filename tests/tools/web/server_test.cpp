#include "tools/web/server.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "tests/tools/web/raw_client.hpp"
#include "tools/common/input_error.hpp"

namespace {

using namespace flm;
using namespace flm::test;
using Catch::Matchers::Contains;
using Catch::Matchers::EndsWith;
using Catch::Matchers::StartsWith;

const std::string get = "GET /small HTTP/1.1\r\nHost: flm\r\n\r\n";

web::Router small_router() {
  web::Router router;
  static const std::string large(20'000'000, 'l');
  router.get("/small", [](const web::Request&) { return web::json("[1]"); })
      .get("/address", [](const web::Request& request) { return web::text(200, request.address); })
      .get("/large", [](const web::Request&) { return web::Response{.fixed_body = large}; })
      .post("/length",
            [](const web::Request& request) { return web::text(200, std::to_string(request.body.size())); });
  return router;
}

bool works(std::uint16_t port) {
  RawClient client(port, get);
  return client.answer().ends_with("\r\n\r\n[1]");
}

/// Waits for what the server's thread is about to do.
template <class Is>
bool soon(Is is) {
  for (int i = 0; i < 500; ++i) {
    if (is()) return true;
    std::this_thread::sleep_for(10ms);
  }
  return false;
}

void allow_files(rlim_t count) {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur >= count) return;
  limit.rlim_cur = std::min(count, limit.rlim_max);
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

std::string complaint(std::string_view address, std::string_view before = {}) {
  boost::asio::io_context io;
  web::Server server(io, small_router());
  try {
    if (!before.empty()) server.listen(before);
    server.listen(address);
  } catch (const InputError& error) {
    return error.what();
  }
  return {};
}

}  // namespace

TEST_CASE("a connection takes one request after the other") {
  RunningServer server(small_router());
  RawClient client(server.port());
  for (int i = 0; i < 100; ++i) {
    client.send(get);
    CHECK_THAT(client.answer(), StartsWith("HTTP/1.1 200 OK\r\n") && EndsWith("\r\n\r\n[1]"));
  }
  client.send("HEAD /small HTTP/1.1\r\nHost: flm\r\n\r\n");
  CHECK_THAT(client.answer(true), Contains("Content-Length: 3\r\n") && EndsWith("\r\n\r\n"));
  client.send("GET /small HTTP/1.0\r\n\r\n");
  CHECK_THAT(client.rest(), EndsWith("\r\n\r\n[1]"));
  CHECK(client.closed());
}

TEST_CASE("a thousand requests that are sent at once are answered in order") {
  RunningServer server(small_router());
  RawClient client(server.port());
  std::string requests;
  for (int i = 0; i < 1000; ++i)
    requests +=
        i % 2 ? "GET /small HTTP/1.1\r\nHost: flm\r\n\r\n" : "GET /address HTTP/1.1\r\nHost: flm\r\n\r\n";
  client.send(requests);
  for (int i = 0; i < 1000; ++i)
    CHECK_THAT(client.answer(), EndsWith(i % 2 ? "\r\n\r\n[1]" : "\r\n\r\n127.0.0.1\n"));
}

TEST_CASE("a refusal reaches a client that goes on sending") {
  RunningServer server(small_router());
  for (int i = 0; i < 20; ++i) {
    RawClient client(server.port());
    client.send("POST /length HTTP/1.1\r\nHost: flm\r\nContent-Length: 200000\r\n\r\n");
    client.send(std::string(200000, 'x'));
    CHECK_THAT(client.rest(), StartsWith("HTTP/1.1 413 "));
  }
  CHECK(works(server.port()));
}

TEST_CASE("a client that sends without an end is cut off") {
  RunningServer server(small_router(), {.linger = 60s});
  RawClient client(server.port(), "POST /length HTTP/1.1\r\nHost: flm\r\nContent-Length: 90000000\r\n\r\n");
  const std::string block(1 << 20, 'x');
  bool goes_on = true;
  for (int i = 0; i < 80 && goes_on; ++i) goes_on = client.send(block);
  CHECK_FALSE(goes_on);
  CHECK(soon([&] { return server.open() == 0; }));
}

TEST_CASE("a request that is cut leaves nothing") {
  RunningServer server(small_router());
  for (std::size_t size = 0; size < get.size(); size += 3)
    RawClient(server.port(), std::string_view(get).substr(0, size));
  for (std::size_t size = 0; size < get.size(); size += 3) {
    RawClient client(server.port(), std::string_view(get).substr(0, size));
    client.end_sending();
    CHECK(client.closed());
  }
  CHECK(soon([&] { return server.open() == 0; }));
  CHECK(works(server.port()));
}

TEST_CASE("a client that closes its side after a request still gets the answer") {
  RunningServer server(small_router());
  RawClient client(server.port(), get);
  client.end_sending();
  CHECK_THAT(client.rest(), EndsWith("[1]"));
}

TEST_CASE("a request that does not come in time is answered 408, however steadily it comes") {
  RunningServer server(small_router(), {.request = 300ms});
  RawClient client(server.port());
  const auto start = std::chrono::steady_clock::now();
  const std::string slow = "GET /small HTTP/1.1\r\nHost: flm\r\nX: " + std::string(1000, 'x');
  for (const char c : slow) {
    if (!client.send(std::string_view(&c, 1)) || std::chrono::steady_clock::now() - start > 600ms) break;
    std::this_thread::sleep_for(5ms);
  }
  CHECK_THAT(client.rest(), StartsWith("HTTP/1.1 408 Request Timeout\r\n"));
  CHECK(std::chrono::steady_clock::now() - start < 3s);
  RawClient body(server.port(), "POST /length HTTP/1.1\r\nHost: flm\r\nContent-Length: 10\r\n\r\n12345");
  CHECK_THAT(body.rest(), StartsWith("HTTP/1.1 408 "));
}

TEST_CASE("an idle connection is closed without a word") {
  RunningServer server(small_router(), {.request = 200ms, .idle = 200ms});
  RawClient silent(server.port()), used(server.port(), get);
  CHECK_THAT(used.answer(), EndsWith("[1]"));
  CHECK(used.rest(3s).empty());
  CHECK(used.closed());
  CHECK(silent.rest(3s).empty());
  CHECK(silent.closed());
}

TEST_CASE("a thousand idle connections do not stop the service, nor a thousand half requests") {
  allow_files(4096);
  RunningServer server(small_router(), {.connections = 100});
  for (const std::string_view first :
       {std::string_view(), std::string_view("GET /sm"), std::string_view(get)}) {
    std::vector<RawClient> crowd;
    for (int i = 0; i < 1000; ++i) crowd.emplace_back(server.port(), first);
    CHECK(works(server.port()));
    CHECK(server.open() <= 100);
    // The last that came are still there.
    crowd.back().send(first.empty() || first == get ? get : "all HTTP/1.1\r\nHost: flm\r\n\r\n");
    CHECK_THAT(crowd.back().answer(), EndsWith("[1]"));
  }
}

TEST_CASE("an idle connection makes room before one that is at its request") {
  RunningServer server(small_router(), {.connections = 3});
  RawClient busy(server.port(), "GET /sm"), idle(server.port(), get);
  CHECK_THAT(idle.answer(), EndsWith("[1]"));
  RawClient other(server.port(), "GET /sm");
  CHECK(soon([&] { return server.open() == 3; }));
  CHECK(works(server.port()));
  CHECK(idle.closed());
  busy.send("all HTTP/1.1\r\nHost: flm\r\n\r\n");
  CHECK_THAT(busy.answer(), EndsWith("[1]"));
}

TEST_CASE("a server that may open no more files goes on when it may again") {
  allow_files(4096);
  RunningServer server(small_router());
  CHECK(works(server.port()));
  std::vector<RawClient> crowd;
  for (int i = 0; i < 20; ++i) crowd.emplace_back(server.port());
  CHECK(soon([&] { return server.open() >= 20; }));
  rlimit before{}, none{};
  ::getrlimit(RLIMIT_NOFILE, &before);
  RawClient waits(server.port());  // accepted already, or not: the next is not
  none = before;
  none.rlim_cur =
      static_cast<rlim_t>(std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {}));
  std::optional<RawClient> more;
  more.emplace(server.port(), get);  // takes the last file of the process, and the server's accept fails
  ::setrlimit(RLIMIT_NOFILE, &none);
  RawClient* last = &*more;
  CHECK_THAT(last->answer(), EndsWith("[1]"));
  ::setrlimit(RLIMIT_NOFILE, &before);
  CHECK(works(server.port()));
}

TEST_CASE("a client that does not read its answer is dropped, and nobody waits for it") {
  RunningServer server(small_router(), {.write = 400ms});
  RawClient lazy(server.port(), 4096);
  lazy.send("GET /large HTTP/1.1\r\nHost: flm\r\n\r\n");
  CHECK(soon([&] { return server.open() == 1; }));
  for (int i = 0; i < 20; ++i) CHECK(works(server.port()));
  CHECK(soon([&] { return server.open() == 0; }));
}

TEST_CASE("a large answer comes whole to a client that takes its time") {
  RunningServer server(small_router(), {.write = 1000ms});
  RawClient client(server.port(), 65536);
  client.send("GET /large HTTP/1.1\r\nHost: flm\r\n\r\n" + get);
  std::this_thread::sleep_for(300ms);
  CHECK(client.answer().size() > 20'000'000);
  CHECK_THAT(client.answer(), EndsWith("\r\n\r\n[1]"));
}

TEST_CASE("a server that stops lets a request that runs end, and leaves no work") {
  RunningServer server(small_router());
  RawClient idle(server.port(), get),
      half(server.port(), "POST /length HTTP/1.1\r\nHost: flm\r\nContent-Length: 3\r\n\r\na");
  CHECK_THAT(idle.answer(), EndsWith("[1]"));
  CHECK(soon([&] { return server.open() == 2; }));
  std::this_thread::sleep_for(50ms);
  server.stop();
  CHECK(idle.closed());
  half.send("bc");
  CHECK_THAT(half.rest(), Contains("\r\nConnection: close\r\n") && EndsWith("\r\n\r\n3\n"));
  server.join();
  CHECK_THROWS(RawClient(server.port()));
}

TEST_CASE("a server that stops waits no longer than it said") {
  RunningServer server(small_router(), {.stop = 300ms});
  RawClient half(server.port(), "GET /sm"), lazy(server.port(), 4096);
  lazy.send("GET /large HTTP/1.1\r\nHost: flm\r\n\r\n");
  CHECK(soon([&] { return server.open() == 2; }));
  std::this_thread::sleep_for(50ms);
  const auto start = std::chrono::steady_clock::now();
  server.stop();
  server.join();
  CHECK(std::chrono::steady_clock::now() - start < 3s);
}

TEST_CASE("a handler may stop its server, and its answer is sent") {
  boost::asio::io_context io;
  web::Server* stops = nullptr;
  web::Router router;
  router.post("/stop", [&](const web::Request&) {
    stops->stop();
    return web::text(200, "stops");
  });
  web::Server server(io, std::move(router));
  stops = &server;
  server.listen("127.0.0.1:0");
  const std::string at = server.addresses()[0];
  RawClient client(static_cast<std::uint16_t>(std::stoul(at.substr(at.rfind(':') + 1))),
                   "POST /stop HTTP/1.1\r\nHost: flm\r\n\r\n");
  io.run();
  CHECK_THAT(client.rest(), EndsWith("stops\n"));
}

TEST_CASE("a server that is destroyed in the middle of everything leaves nothing behind") {
  for (int i = 0; i < 10; ++i) {
    std::vector<RawClient> clients;
    RunningServer server(small_router());
    for (int k = 0; k < 10; ++k) {
      clients.emplace_back(server.port(), "GET /large HTTP/1.1\r\nHost: flm\r\n\r\n");
      clients.emplace_back(server.port(), "GET /sm");
    }
  }
}

TEST_CASE("an address that is taken is refused, with who has it") {
  RunningServer server(small_router());
  const std::string address = "127.0.0.1:" + std::to_string(server.port());
  CHECK(complaint(address) == "listen: " + address + " is taken by this program; allowed: a free address");
}

TEST_CASE("an address that is none, or not of this machine, is refused") {
  for (const char* wrong :
       {"", "8080", "localhost:8080", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:80800",
        "127.0.0.1:-1", "::1:8080", "[::1]", "[127.0.0.1]:8080", "1.2.3:80", "127.0.0.1:80 "})
    CHECK_THAT(complaint(wrong),
               EndsWith("allowed: an IP address and a port, as 127.0.0.1:8080 or [::]:8080"));
  CHECK(complaint("192.0.2.1:8080") ==
        "listen: 192.0.2.1:8080 is no address of this machine; allowed: one of its own");
}

TEST_CASE("a server on [::] takes IPv4, and knows such a client by its IPv4 address") {
  if (!std::filesystem::exists("/proc/net/if_inet6")) return;
  RunningServer server(small_router(), {}, {}, "[::]:0");
  RawClient client(server.port(), "GET /address HTTP/1.1\r\nHost: flm\r\n\r\n");
  CHECK_THAT(client.answer(), EndsWith("\r\n\r\n127.0.0.1\n"));
}

TEST_CASE("an answer made by another thread goes out when it is there, and others are answered meanwhile") {
  web::Router router = small_router();
  std::vector<std::thread> threads;
  RunningServer* running = nullptr;
  router.get("/slow", [&](const web::Request& request) {
    auto later = std::make_shared<web::Later>();
    threads.emplace_back([&running, later, kept = web::keep(request)] {
      std::this_thread::sleep_for(150ms);
      running->on_loop([&](web::Server&) {
        later->complete(web::text(200, kept->query("x").value()));
        return 0;
      });
    });
    return web::Response{.later = later};
  });
  RunningServer server(std::move(router));
  running = &server;
  RawClient slow(server.port(), "GET /slow?x=7 HTTP/1.1\r\nHost: flm\r\n\r\n");
  { RawClient gone(server.port(), "GET /slow?x=8 HTTP/1.1\r\nHost: flm\r\n\r\n"); }
  CHECK(works(server.port()));
  CHECK_THAT(slow.answer(), EndsWith("\r\n\r\n7\n"));
  slow.send(get);
  CHECK_THAT(slow.answer(), EndsWith("\r\n\r\n[1]"));
  for (std::thread& thread : threads) thread.join();
}

TEST_CASE("an answer that does not come in time is a 503") {
  web::Router router = small_router();
  router.get("/never",
             [](const web::Request&) { return web::Response{.later = std::make_shared<web::Later>()}; });
  RunningServer server(std::move(router), {.answer = 100ms});
  RawClient client(server.port(), "GET /never HTTP/1.1\r\nHost: flm\r\n\r\n");
  CHECK_THAT(client.rest(), StartsWith("HTTP/1.1 503 "));
  CHECK(client.closed());
  CHECK(works(server.port()));
}

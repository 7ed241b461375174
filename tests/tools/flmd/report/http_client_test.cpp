#include "tools/flmd/report/http_client.hpp"

#include <dlfcn.h>
#include <netdb.h>

#include <boost/asio/steady_timer.hpp>
#include <catch2/catch.hpp>

#include <atomic>
#include <optional>

#include "tests/tools/flmd/report/certificates.hpp"
#include "tests/tools/flmd/report/scripted_server.hpp"
#include "tests/tools/flmd/report/surroundings.hpp"
#include "tools/common/input_error.hpp"

using namespace flm::flmd;
using namespace std::chrono_literals;

// The C library's, but for a name that takes its time: what a name server does that does not answer.
namespace {
std::atomic<int> slow_names = 0;
}
extern "C" int getaddrinfo(const char* node, const char* service, const addrinfo* hints, addrinfo** result) {
  using Resolver = int(const char*, const char*, const addrinfo*, addrinfo**);
  static auto* const original = reinterpret_cast<Resolver*>(dlsym(RTLD_NEXT, "getaddrinfo"));
  if (node != nullptr && std::string(node) == "slow.test") {
    ++slow_names;
    std::this_thread::sleep_for(3s);
    return EAI_AGAIN;
  }
  return original(node, service, hints, result);
}

namespace {

struct Client {
  explicit Client(HttpSettings settings = {}) : client(loop, std::move(settings)) {
    setenv("no_proxy", "*", 1);
  }
  HttpAnswer post(const std::string& url, std::string body = "{}") {
    std::optional<HttpAnswer> got;
    client.post({url, {{"X-Version", "1.0"}}, std::move(body)},
                [&](HttpAnswer answer) { got = std::move(answer); });
    CHECK_FALSE(got.has_value());
    REQUIRE(turn_until(loop, [&] { return got.has_value(); }));
    return *got;
  }
  boost::asio::io_context loop;
  HttpClient client;
};

HttpSettings quick() {
  HttpSettings settings;
  settings.user_agent = "Fluksometer v250";
  settings.whole_limit = 300ms;
  return settings;
}

}  // namespace

TEST_CASE("a request arrives as it was asked for, and its answer comes back") {
  ScriptedServer server([](const Received&) {
    return answer(200, "{\"response\":\"ok\"}", {{"X-Digest", "abc"}});
  });
  server.start();
  Client client(quick());
  const HttpAnswer got = client.post(server.url() + "sensor/x", "a body");
  CHECK(got.status == 200);
  CHECK(got.body == "{\"response\":\"ok\"}");
  CHECK(got.header("x-digest") == "abc");
  CHECK(got.header("www-authenticate").empty());
  const Received request = server.received().at(0);
  CHECK(request.method == "POST");
  CHECK(request.target == "/sensor/x");
  CHECK(request.body == "a body");
  CHECK(request.headers.at("user-agent") == "Fluksometer v250");
  CHECK(request.headers.at("x-version") == "1.0");
  CHECK(request.headers.at("content-length") == "6");
}

TEST_CASE("requests one after another use one connection") {
  ScriptedServer server([](const Received&) { return answer(200); });
  server.start();
  Client client(quick());
  for (int i = 0; i < 20; ++i) CHECK(client.post(server.url()).status == 200);
  CHECK(server.connections() == 1);
}

TEST_CASE("a body of a megabyte arrives whole, without a pause for '100 Continue'") {
  ScriptedServer server(
      [](const Received& request) { return answer(200, std::to_string(request.body.size())); });
  server.start();
  Client client;
  const auto start = std::chrono::steady_clock::now();
  CHECK(client.post(server.url(), std::string(5'000'000, 'x')).body == "5000000");
  CHECK(std::chrono::steady_clock::now() - start < 900ms);
}

TEST_CASE("no answer, a torn answer and no HTTP are errors with a reason") {
  const auto of = [](Reply reply) {
    ScriptedServer server([reply](const Received&) { return reply; });
    server.start();
    Client client(quick());
    return client.post(server.url());
  };
  const HttpAnswer silent = of(nothing());
  CHECK(silent.status == 0);
  CHECK_THAT(silent.error, Catch::Contains("timed out"));
  CHECK(of(cut(answer(200, "1234567890"), 0)).status == 0);
  const std::string whole = answer(200, "1234567890").bytes;
  for (std::size_t bytes = 1; bytes < whole.size(); bytes += 5) {
    const HttpAnswer torn = of(cut(answer(200, "1234567890"), bytes));
    CHECK(torn.status == 0);
    CHECK_FALSE(torn.error.empty());
  }
  CHECK(of({"\x16\x03\x01 this is no HTTP\r\n\r\n", Reply::Then::close}).status == 0);
  CHECK(of({std::string(3000, '\0'), Reply::Then::close}).status == 0);

  Client client(quick());
  const HttpAnswer absent = client.post("http://127.0.0.1:" + std::to_string(closed_port()) + "/");
  CHECK(absent.status == 0);
  CHECK_FALSE(absent.error.empty());
  CHECK(client.post("file:///etc/passwd").status == 0);
}

TEST_CASE("an answer that is longer than the limit is an error, and no more of it is read") {
  ScriptedServer server([](const Received& request) {
    return answer(200, std::string(request.target == "/long" ? 1001 : 1000, 'x'));
  });
  server.start();
  HttpSettings settings = quick();
  settings.answer_limit = 1000;
  Client client(settings);
  CHECK(client.post(server.url()).body.size() == 1000);
  const HttpAnswer got = client.post(server.url() + "long");
  CHECK(got.status == 0);
  CHECK(got.error == "the answer is longer than 1000 bytes");
  CHECK(client.post(server.url()).status == 200);
}

TEST_CASE("a redirection is an answer, and is not followed") {
  ScriptedServer server([](const Received&) { return answer(302, "", {{"Location", "/elsewhere"}}); });
  server.start();
  Client client(quick());
  CHECK(client.post(server.url()).status == 302);
  CHECK(server.requests() == 1);
}

TEST_CASE("a name server that does not answer holds up neither the loop nor the end") {
  Client client;
  bool answered = false;
  client.client.post({"http://slow.test/", {}, ""}, [&](const HttpAnswer&) { answered = true; });
  int ticks = 0;
  auto last = std::chrono::steady_clock::now();
  auto longest = 0ms;
  boost::asio::steady_timer timer(client.loop);
  std::function<void()> tick = [&] {
    timer.expires_after(1ms);
    timer.async_wait([&](const boost::system::error_code& error) {
      if (error) return;
      const auto now = std::chrono::steady_clock::now();
      longest = std::max(longest, std::chrono::duration_cast<std::chrono::milliseconds>(now - last));
      last = now;
      ++ticks;
      tick();
    });
  };
  tick();
  turn_for(client.loop, 500ms);
  CHECK(slow_names == 1);
  CHECK(ticks > 50);
  CHECK(longest < 100ms);
  const auto start = std::chrono::steady_clock::now();
  client.client.cancel();
  CHECK(std::chrono::steady_clock::now() - start < 500ms);  // the name takes 3 s
  timer.cancel();
  CHECK_FALSE(answered);

  // Nor is it waited for when time is up.
  HttpSettings settings = quick();
  Client other(settings);
  const auto before = std::chrono::steady_clock::now();
  CHECK(other.post("http://slow.test/").status == 0);
  CHECK(std::chrono::steady_clock::now() - before < 1500ms);
}

TEST_CASE("after cancel() nobody is told, and the client can be used again") {
  std::atomic<bool> speaks = false;
  ScriptedServer server([&](const Received&) { return speaks ? answer(200) : nothing(); });
  server.start();
  Client client;
  int told = 0;
  client.client.post({server.url(), {}, ""}, [&](const HttpAnswer&) { ++told; });
  REQUIRE(turn_until(client.loop, [&] { return server.requests() == 1; }));
  client.client.cancel();
  turn_for(client.loop, 100ms);
  CHECK(told == 0);
  speaks = true;
  CHECK(client.post(server.url()).status == 200);
}

TEST_CASE("who is told may end the client") {
  ScriptedServer server([](const Received&) { return answer(200); });
  server.start();
  boost::asio::io_context loop;
  auto client = std::make_unique<HttpClient>(loop, quick());
  bool told = false;
  for (int i = 0; i < 2; ++i)
    client->post({server.url(), {}, ""}, [&](const HttpAnswer&) {
      client.reset();
      CHECK_FALSE(told);
      told = true;
    });
  REQUIRE(turn_until(loop, [&] { return told; }));
  turn_for(loop, 100ms);
}

TEST_CASE("over TLS only a server whom the CA file vouches for, under its own name, is spoken to") {
  const Folder folder;
  const Authority ours("ours"), theirs("theirs");
  ours.write_certificate(folder / "ours.pem");
  theirs.write_certificate(folder / "theirs.pem");
  ours.write_server(folder / "server.pem", folder / "server.key", "IP:127.0.0.1");
  ours.write_server(folder / "other.pem", folder / "other.key", "DNS:other.example");
  const ServerIdentity identity{folder / "server.pem", folder / "server.key"},
      other{folder / "other.pem", folder / "other.key"};
  ScriptedServer server([](const Received&) { return answer(200, "ok"); }, &identity);
  ScriptedServer wrong_name([](const Received&) { return answer(200, "ok"); }, &other);
  server.start();
  wrong_name.start();
  const auto with = [&](const std::string& ca_file) {
    HttpSettings settings;
    settings.ca_file = ca_file;
    return settings;
  };

  Client client(with(folder / "ours.pem"));
  CHECK(client.post(server.url()).body == "ok");
  CHECK(client.post(server.url()).body == "ok");
  CHECK(server.connections() == 1);
  CHECK(client.post(wrong_name.url()).status == 0);
  CHECK(wrong_name.requests() == 0);

  Client stranger(with(folder / "theirs.pem"));
  const HttpAnswer refused = stranger.post(server.url());
  CHECK(refused.status == 0);
  CHECK_THAT(refused.error, Catch::Contains("certificate"));
  Client of_the_system;
  CHECK(of_the_system.post(server.url()).status == 0);
  Client without(with(folder / "absent.pem"));
  CHECK(without.post(server.url()).status == 0);
  CHECK(server.requests() == 2);
}

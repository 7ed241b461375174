// What the MQTT page is sent, through the real mosquitto.
#include "tools/flmd/subscribers/mqtt_watch.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <sstream>
#include <vector>

#include "tests/tools/mqtt/broker.hpp"

using namespace flm;
using Catch::Matchers::EndsWith;
using Catch::Matchers::StartsWith;
using nlohmann::json;
using test::until;

namespace {

/// Events of a text of frames.
std::vector<json> events_of(const std::string& text) {
  std::vector<json> events;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);)
    if (line.starts_with("data: ")) events.push_back(json::parse(line.substr(6)));
  return events;
}

/// A page that listens.
struct Page : web::EventClient {
  explicit Page(flmd::MqttWatch& watch) : response(watch.open()), first(events_of(response.body)) {
    response.events->add(this);
  }
  ~Page() override { response.events->remove(this); }
  bool push(const web::Frame& frame) override {
    for (json& event : events_of(*frame)) came.push_back(std::move(event));
    return true;
  }
  void end() override {}
  /// The last event of a topic; null: none.
  [[nodiscard]] json of(const std::string& topic) const {
    const auto found =
        std::find_if(came.rbegin(), came.rend(), [&](const json& e) { return e["topic"] == topic; });
    return found == came.rend() ? json() : *found;
  }
  web::Response response;
  std::vector<json> first, came;
};

const std::string ready = "/device/ready";

struct Site {
  Site() {
    broker.start();
    flm::mqtt::Options options;
    options.host = "127.0.0.1";
    options.port = static_cast<std::uint16_t>(broker.port());
    options.client_id = "flmd-test-page";
    watch.emplace(loop, options, clock);
    broker.publish(ready, "1", true);
  }
  /// The broker has taken the subscription: what it had kept has come.
  bool listens(Page& page) {
    const bool came = until(loop, [&] { return page.of(ready) != json(); });
    page.came.clear();
    return came;
  }
  test::Broker broker;
  boost::asio::io_context loop;
  flmd::SiteClock clock;
  std::optional<flmd::MqttWatch> watch;
};

}  // namespace

TEST_CASE("a page gets what the broker has kept and what it forwards, and no other topics") {
  Site site;
  site.broker.publish("/sensor/a/gauge", "[1,2,\"W\"]", true);
  Page page(*site.watch);
  REQUIRE(until(site.loop, [&] { return page.came.size() == 2; }));
  CHECK(page.of("/sensor/a/gauge")["payload"] == "[1,2,\"W\"]");
  CHECK(page.of("/sensor/a/gauge")["retained"] == true);
  site.broker.publish("/elsewhere", "no");
  site.broker.publish("/device/b/status", "<b>online</b>");
  REQUIRE(until(site.loop, [&] { return page.came.size() == 3; }));
  CHECK(page.of("/device/b/status")["payload"] == "<b>online</b>");
  CHECK(page.of("/device/b/status")["retained"] == false);
}

TEST_CASE("a page that comes later gets the last message of each topic first") {
  Site site;
  Page page(*site.watch);
  REQUIRE(site.listens(page));
  for (const char* payload : {"1", "2"}) site.broker.publish("/sensor/a/gauge", payload);
  REQUIRE(until(site.loop, [&] { return page.came.size() == 2; }));
  Page late(*site.watch);
  REQUIRE(late.first.size() == 2);
  CHECK(late.first[1]["topic"] == "/sensor/a/gauge");
  CHECK(late.first[1]["payload"] == "2");
}

TEST_CASE("a payload that is no text is its length, and a long one is cut between characters") {
  Site site;
  Page page(*site.watch);
  REQUIRE(site.listens(page));
  site.broker.publish("/sensor/a/tmpo/0/8/1/gz", "\x1f\x8b\x08 gzip");
  std::string long_text = "x";
  for (int i = 0; i < 2000; ++i) long_text += "é";  // 4001 bytes; the cut falls into one
  site.broker.publish("/device/b/config/sensor", long_text);
  REQUIRE(until(site.loop, [&] { return page.came.size() == 2; }));
  CHECK(page.of("/sensor/a/tmpo/0/8/1/gz")["payload"] == "(8 bytes that are no text)");
  const std::string shown = page.of("/device/b/config/sensor")["payload"];
  CHECK_THAT(shown, StartsWith("xé") && EndsWith("é … (4001 bytes)"));
  CHECK(shown.size() < flmd::MqttWatch::longest_payload + 32);
}

TEST_CASE("the broker is left when no page looks any more") {
  Site site;
  {
    Page page(*site.watch);
    site.watch->tick();
    REQUIRE(until(site.loop, [&] { return site.watch->connected(); }));
    site.watch->tick();
    CHECK(site.watch->connected());
  }
  site.watch->tick();
  CHECK_FALSE(site.watch->connected());
}

TEST_CASE("what is kept for later pages has a limit") {
  Site site;
  Page page(*site.watch);
  REQUIRE(site.listens(page));
  constexpr std::size_t messages = 80;  // of 4 KiB in JSON and more: 320 KiB
  for (std::size_t i = 0; i < messages; ++i)
    site.broker.publish(fmt::format("/sensor/{}/gauge", i), std::string(2040, '"'));
  REQUIRE(until(site.loop, [&] { return page.came.size() == messages; }));
  Page late(*site.watch);
  CHECK(late.response.body.size() < flmd::MqttWatch::most_kept + 16 * 1024);
  CHECK(late.first.size() > 50);
}

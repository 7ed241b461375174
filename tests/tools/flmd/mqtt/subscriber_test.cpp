// flmd's MQTT as a subscriber of the broker meets it: each topic byte for byte, through the real mosquitto.
#include "tools/flmd/subscribers/mqtt.hpp"

#include <fmt/format.h>
#include <catch2/catch.hpp>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <map>

#include "tests/tools/flmd/site.hpp"
#include "tests/tools/mqtt/broker.hpp"

using namespace flm;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;
using flm::mqtt::Client;
using flmd::MqttOptions;
using flmd::MqttSubscriber;
using flmd::Quantity;
using flmd::mqtt::BlockName;
using test::Broker;
using test::device;
using test::until;

namespace {

const std::string gauge_topic = "/sensor/0123456789abcdef0123456789abcde1/gauge";
const std::string counter_topic = "/sensor/0123456789abcdef0123456789abcde1/counter";
const std::string front = "/device/9a3b6a0123456789abcdef0123456789/";
const std::string discovery_topic = "homeassistant/device/flm_9a3b6a/config";

/// Blocks in memory.
struct Blocks : flmd::BlockSource {
  std::map<BlockName, std::string> all;
  std::vector<BlockName> blocks(const std::string& sid) override {
    std::vector<BlockName> names;
    for (const auto& [id, bytes] : all)
      if (id.sid == sid) names.push_back(id);
    return names;
  }
  std::optional<std::string> block(const BlockName& id) override {
    const auto found = all.find(id);
    return found == all.end() ? std::nullopt : std::optional(found->second);
  }
};

struct Site {
  explicit Site(const Broker& broker, std::optional<std::string> discovery = {}) {
    MqttOptions options;
    options.broker.host = "127.0.0.1";
    options.broker.port = static_cast<std::uint16_t>(broker.port());
    options.broker.first_delay = 20ms;
    options.broker.longest_delay = 100ms;
    options.gateway = {device, "FLM02B", "1.0.0", "", ""};
    options.discovery_prefix = std::move(discovery);
    options.announced_within = 50ms;
    mqtt.emplace(loop, options, &blocks, [this](const std::string& line) { log.push_back(line); });
  }
  bool connects(std::uint64_t times = 1) {
    return until(loop,
                 [&] { return mqtt->client().counters().connections >= times && mqtt->client().idle(); });
  }
  void read(const flmd::SiteSensor& sensor, Quantity quantity, std::int64_t time, history::Milli value,
            std::string_view unit) {
    mqtt->on_reading({&sensor, quantity, {time, value}, unit});
  }

  boost::asio::io_context loop;
  Blocks blocks;
  std::vector<std::string> log;
  std::optional<MqttSubscriber> mqtt;
};

/// What mosquitto_sub has seen of the topics that begin so.
std::vector<std::string> seen(test::Process& watch, std::string_view begin) {
  std::vector<std::string> lines;
  for (const std::string& line : watch.lines())
    if (line.starts_with(begin)) lines.push_back(line);
  return lines;
}

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("gauge and counter are published as they come, retained, the counter when it changes") {
  Broker broker;
  broker.start();
  test::Process watch = broker.watch();
  Site site(broker);
  REQUIRE(site.connects());
  const auto clamp = test::clamp();
  site.read(clamp, Quantity::counter, 1459065179, 2'149'218'000, "Wh");
  site.read(clamp, Quantity::gauge, 1459065180, 157'000, "W");
  site.read(clamp, Quantity::counter, 1459065180, 2'149'218'000, "Wh");
  site.read(clamp, Quantity::gauge, 1459065181, 157'000, "W");
  site.read(clamp, Quantity::counter, 1459065181, 2'149'219'500, "Wh");
  auto disabled = test::gas();
  disabled.enabled = false;
  site.read(disabled, Quantity::counter, 1459065181, 1'000, "L");
  CHECK(until(site.loop, [&] { return seen(watch, "/sensor").size() >= 4; }));
  // Payloads: the reference's examples; published with QoS 0, of which a live copy has no retain flag.
  CHECK(seen(watch, "/sensor") == Lines{counter_topic + R"( 0 0 [1459065179,2149218,"Wh"])",
                                        gauge_topic + R"( 0 0 [1459065180,157,"W"])",
                                        gauge_topic + R"( 0 0 [1459065181,157,"W"])",
                                        counter_topic + R"( 0 0 [1459065181,2149219.5,"Wh"])"});
  CHECK(broker.keeps({front + "status 0 1 online", counter_topic + R"( 0 1 [1459065181,2149219.5,"Wh"])",
                      gauge_topic + R"( 0 1 [1459065181,157,"W"])"}));
}

TEST_CASE("availability is online while flmd is there, and offline after") {
  Broker broker;
  broker.start();
  {
    Site site(broker);
    REQUIRE(site.connects());
    CHECK(broker.keeps({front + "status 0 1 online"}));
    site.mqtt->stop();
  }
  CHECK(broker.keeps({front + "status 0 1 offline"}));
}

TEST_CASE("configuration is published on connecting and on a change, the network's key never") {
  Broker broker;
  broker.start();
  test::Process watch = broker.watch();
  Site site(broker);
  const std::vector<flmd::SiteSensor> sensors = {test::clamp(), test::unprovisioned()};
  site.mqtt->on_sensors(sensors);
  const std::vector<flmd::mqtt::Kube> kubes = {
      {1, "0123456789abcdef0123456789abcdef", 19218, 1, "cellar", true}};
  site.mqtt->on_kubes(kubes, {212, 174, 30, 0});
  REQUIRE(site.connects());
  const std::string clamp =
      R"("1":{"id":"0123456789abcdef0123456789abcde1","type":"electricity","class":"analog","function":"main",)"
      R"("current":50,"port":[1],"voltage":230,"enable":1,"data_type":"counter","rid":0})";
  const std::string kube =
      R"({"1":{"hw_id":"0123456789abcdef0123456789abcdef","hw_type":19218,"sw_version":1,"name":"cellar","enable":1},)"
      R"("main":{"pair_group":212,"collect_group":174,"max_nodes":30,"encryption":0}})";
  const std::string first = "{" + clamp + R"(,"12":{"id":"0123456789abcdef0123456789abcdec"}})";
  CHECK(until(site.loop, [&] { return seen(watch, front + "config").size() >= 2; }));
  CHECK(seen(watch, front + "config") ==
        Lines{front + "config/kube 0 0 " + kube, front + "config/sensor 0 0 " + first});
  site.mqtt->on_sensors(std::span(sensors).first(1));
  site.mqtt->on_sections({{"main", {{"phase", 1}}}});
  CHECK(until(site.loop, [&] { return seen(watch, front + "config").size() >= 4; }));
  CHECK(broker.keeps({front + "config/kube 0 1 " + kube,
                      front + "config/sensor 0 1 {" + clamp + R"(,"main":{"phase":1}})",
                      front + "status 0 1 online"}));
}

TEST_CASE("a sensor that is disabled is not brought to a broker that forgot it") {
  Broker broker;
  broker.start();
  Site site(broker);
  std::vector<flmd::SiteSensor> sensors = {test::clamp()};
  site.mqtt->on_sensors(sensors);
  site.read(sensors[0], Quantity::gauge, 1459065180, 157'000, "W");
  REQUIRE(site.connects());
  sensors[0].enabled = false;
  site.mqtt->on_sensors(sensors);
  broker.kill();
  broker.start();
  REQUIRE(site.connects(2));
  test::Process watch = broker.watch();
  REQUIRE(until(site.loop, [&] { return !seen(watch, front + "config/sensor").empty(); }));
  CHECK(seen(watch, "/sensor").empty());
}

TEST_CASE("a finished block is published as bytes, not retained") {
  Broker broker;
  broker.start();
  test::Process watch = broker.watch();
  Site site(broker);
  REQUIRE(site.connects());
  site.mqtt->on_block({test::gas_sid, 0, 8, 1404225536}, "\x1f\x8b bytes");
  CHECK(until(site.loop, [&] { return seen(watch, "/sensor").size() == 1; }));
  CHECK(seen(watch, "/sensor") ==
        Lines{"/sensor/0123456789abcdef0123456789abcde4/tmpo/0/8/1404225536/gz 0 0 \x1f\x8b bytes"});
  CHECK(broker.keeps({front + "status 0 1 online"}));
}

TEST_CASE("on connecting the server is asked, and what it lacks goes out in order") {
  Broker broker;
  broker.start();
  test::Process watch = broker.watch();
  Site site(broker);
  const std::vector<flmd::SiteSensor> sensors = {test::clamp(), test::gas()};
  site.mqtt->on_sensors(sensors);
  const std::string& sid = test::main_sid;
  for (const BlockName& id : std::vector<BlockName>{{sid, 0, 8, 1404225536},
                                                    {sid, 0, 8, 1404225792},
                                                    {sid, 0, 12, 1404223488},
                                                    {test::gas_sid, 0, 8, 1404225536},
                                                    {test::net_sid, 0, 8, 1404225536}})
    site.blocks.all[id] = fmt::format("{}.{}", id.lvl, id.bid);
  // More than a portion.
  for (int i = 1; i <= 30; ++i) site.blocks.all[{sid, 1, 8, 1404225792 + i * 256}] = "later";
  REQUIRE(site.connects());
  CHECK(until(site.loop, [&] { return seen(watch, front + "tmpo").size() == 1; }));
  CHECK(seen(watch, front + "tmpo") == Lines{front + "tmpo/sync 0 0 "});
  broker.publish("/d" + front + "tmpo/sync",
                 R"([{"sid":"0123456789abcdef0123456789abcde1","rid":0,"lvl":8,"bid":1404225536},)"
                 R"({"sid":"0123456789abcdef0123456789abcde7","rid":0,"lvl":0,"bid":0},)"
                 R"({"sid":"ffffffffffffffffffffffffffffffff","rid":0,"lvl":0,"bid":0}])");
  CHECK(until(site.loop, [&] { return seen(watch, "/sensor").size() >= 32; }));
  Lines expected = {"/sensor/" + sid + "/tmpo/0/12/1404223488/gz 0 0 12.1404223488",
                    "/sensor/" + sid + "/tmpo/0/8/1404225792/gz 0 0 8.1404225792"};
  for (int i = 1; i <= 30; ++i)
    expected.push_back(fmt::format("/sensor/{}/tmpo/1/8/{}/gz 0 0 later", sid, 1404225792 + i * 256));
  CHECK(seen(watch, "/sensor") == expected);
}

TEST_CASE("a sync answer that is none is said once and harms nobody") {
  Broker broker;
  broker.start();
  Site site(broker);
  REQUIRE(site.connects());
  for (int i = 0; i < 3; ++i) broker.publish("/d" + front + "tmpo/sync", "[{\"sid\":\"../x\"}]");
  broker.publish("/query/" + test::main_sid + "/tmpo", "drop table");
  CHECK(until(site.loop, [&] { return site.mqtt->client().counters().received == 4; }));
  REQUIRE(site.log.size() == 3);
  CHECK_THAT(site.log[1],
             Contains("MQTT: a message on /d" + front + "tmpo/sync is not taken: element 0: sid; allowed: "));
  CHECK_THAT(site.log[2], Contains("is not taken: the query is no list of two; allowed: [from,to]"));
  CHECK(site.mqtt->client().state() == Client::State::connected);
}

TEST_CASE("a query is answered with the blocks of its time, QoS 1") {
  Broker broker;
  broker.start();
  test::Process watch = broker.watch();
  Site site(broker);
  const std::vector<flmd::SiteSensor> sensors = {test::clamp()};
  site.mqtt->on_sensors(sensors);
  for (const std::int64_t bid : {1404225280, 1404225536, 1404225792})
    site.blocks.all[{test::main_sid, 0, 8, bid}] = std::to_string(bid);
  REQUIRE(site.connects());
  broker.publish("/query/" + test::main_sid + "/tmpo", "[1404225600,1404225800]");
  CHECK(until(site.loop, [&] { return seen(watch, "/sensor").size() == 2; }));
  const std::string topic = "/sensor/" + test::main_sid + "/query/1404225600/1404225800";
  CHECK(seen(watch, "/sensor") == Lines{topic + " 1 0 1404225536", topic + " 1 0 1404225792"});
}

TEST_CASE("of many queries and answers at once some wait, and the blocks go on") {
  Broker broker;
  broker.start();
  test::Process watch = broker.watch();
  Site site(broker);
  const std::vector<flmd::SiteSensor> sensors = {test::clamp()};
  site.mqtt->on_sensors(sensors);
  for (int i = 0; i < 200; ++i) site.blocks.all[{test::main_sid, 0, 8, 1404225536 + i * 256}] = "block";
  REQUIRE(site.connects());
  std::string queries;
  for (int i = 0; i < 200; ++i) queries += fmt::format("[1404225536,{}]\n", 1404225536 + i);
  test::run({"sh", "-c",
             fmt::format("printf '{}' | mosquitto_pub -h 127.0.0.1 -p {} -l -t /query/{}/tmpo", queries,
                         broker.port(), test::main_sid)});
  broker.publish("/d" + front + "tmpo/sync",
                 R"([{"sid":"0123456789abcdef0123456789abcde1","rid":0,"lvl":0,"bid":0}])");
  broker.publish("/d" + front + "tmpo/sync",
                 R"([{"sid":"0123456789abcdef0123456789abcde1","rid":0,"lvl":8,"bid":1404225536}])");
  const std::string last =
      fmt::format("/sensor/{}/tmpo/0/8/{}/gz 0 0 block", test::main_sid, 1404225536 + 199 * 256);
  CHECK(until(site.loop, [&] { return !seen(watch, last).empty(); }));
  // All 199 that the second answer lacks and none of the first's; of 200 queries those that found room.
  CHECK(seen(watch, "/sensor/" + test::main_sid + "/tmpo").size() == 199);
  const std::size_t answered = seen(watch, "/sensor/" + test::main_sid + "/query").size();
  CHECK(answered >= 8);
  CHECK(answered < 100);
}

TEST_CASE("Home Assistant is told of the sensors, and what an earlier run had told is taken back") {
  Broker broker;
  broker.start();
  const auto kept = [&] {
    for (const std::string& line : broker.kept())
      if (line.starts_with(discovery_topic))
        return nlohmann::json::parse(line.substr(discovery_topic.size() + 5))["cmps"];
    return nlohmann::json();
  };
  const auto announce = [&](const std::vector<flmd::SiteSensor>& sensors) {
    Site site(broker, "homeassistant");
    site.mqtt->on_sensors(sensors);
    // Status, config/sensor, sync request, discovery.
    REQUIRE(until(site.loop, [&] { return site.mqtt->client().counters().published >= 4; }));
    return kept();
  };
  CHECK(announce({test::clamp(), test::gas()}).size() == 4);
  const nlohmann::json reduced = announce({test::clamp()});
  CHECK(reduced.size() == 4);
  CHECK(reduced[test::gas_sid + "_gauge"] == nlohmann::json({{"p", "sensor"}}));
  CHECK(reduced[test::main_sid + "_gauge"]["stat_t"] == gauge_topic);
  CHECK(announce({test::clamp()}).size() == 2);
}

TEST_CASE("Home Assistant that comes up is told again, and nothing else is said to be it") {
  Broker broker;
  broker.start();
  test::Process watch = broker.watch();
  Site site(broker, "homeassistant");
  const std::vector<flmd::SiteSensor> sensors = {test::clamp(), test::kube_temperature()};
  site.mqtt->on_sensors(sensors);
  const auto told = [&] { return seen(watch, discovery_topic).size(); };
  REQUIRE(until(site.loop, [&] { return told() == 1; }));
  CHECK(until(site.loop,
              [&] { return seen(watch, "homeassistant/device/flm_9a3b6a/kube_1/config").size() == 1; }));
  broker.publish("homeassistant/status", "offline");
  CHECK_FALSE(until(
      site.loop, [&] { return told() == 2; }, 200ms));
  broker.publish("homeassistant/status", "online");
  CHECK(until(site.loop, [&] { return told() == 2; }));
}

TEST_CASE("an outage of the broker is over as soon as it is there") {
  Broker broker;
  broker.start();
  Site site(broker);
  const auto clamp = test::clamp();
  REQUIRE(site.connects());
  broker.kill();
  REQUIRE(until(site.loop, [&] { return site.mqtt->client().state() != Client::State::connected; }));
  for (int i = 0; i < 1'000; ++i) site.read(clamp, Quantity::gauge, 1459065180 + i, i * 1'000, "W");
  broker.start();
  REQUIRE(site.connects(2));
  CHECK(broker.keeps({front + "status 0 1 online", gauge_topic + R"( 0 1 [1459066179,999,"W"])"}));
}

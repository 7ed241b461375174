// What devices publish, taken from the real mosquitto into a store.
#include "tools/flmserver/ingest/ingest.hpp"

#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>
#include <fstream>

#include "tests/sim/temporary_folder.hpp"
#include "tests/tools/mqtt/broker.hpp"
#include "tools/flmserver/accounts/accounts.hpp"
#include "tools/flmserver/store/schema.hpp"
#include "tools/flmserver/store/series_store.hpp"
#include "tools/history/tmpo_block.hpp"

namespace {

using namespace flm;
using flm::test::until;

const std::string device = "0123456789abcdef0123456789abcdef", key = "fedcba9876543210fedcba9876543210",
                  sid = "c1411c6b4f9910bbbab09f145f8533b9";
constexpr std::int64_t now = 1'700'001'000, start = 1'700'000'000;
const std::string config =
    R"({"1":{"id":")" + sid +
    R"(","type":"electricity","class":"analog","function":"main","port":[1],"voltage":230,"current":50,)"
    R"("enable":1,"data_type":"counter","rid":0},"12":{"id":"00000000000000000000000000000012"},"main":{"phase":1}})";

/// A broker, a store with one device, and what joins them.
struct Joined {
  Joined() {
    server::Transaction transaction(*database, server::Database::Mode::write);
    server::Accounts accounts(*database);
    accounts.add_device(device, key, "FL02B00042");
    accounts.give(accounts.add_account("icarus", "", "UTC", now).uid, device);
    transaction.commit();
    broker.start();
    flm::mqtt::Options options;
    options.host = "127.0.0.1";
    options.port = static_cast<std::uint16_t>(broker.port());
    options.client_id = "flmserver";
    ingest = std::make_unique<server::Ingest>(
        loop, workers, options, [] { return now; },
        [this](std::string_view line) { log.emplace_back(line); });
    ingest->start();
    REQUIRE(until(loop, [&] { return ingest->client().state() == flm::mqtt::Client::State::connected; }));
  }
  /// Publishes the bytes of a block.
  void publish_block(const std::string& topic, const std::string& gzip) {
    const std::filesystem::path file = folder.path() / "block";
    std::ofstream(file, std::ios::binary) << gzip;
    test::run({"mosquitto_pub", "-p", std::to_string(broker.port()), "-t", topic, "-f", file.string()});
  }
  static std::unique_ptr<server::Database> opened(const std::string& url) {
    auto database = server::open_database(url);
    server::migrate(*database);
    return database;
  }
  template <class Use>
  auto in_store(Use use) {
    server::Transaction transaction(*database, server::Database::Mode::read);
    return use();
  }
  [[nodiscard]] std::optional<std::string> block(int level) {
    return in_store([&] { return server::SeriesStore(*database).block({sid, 0}, {level, start}); });
  }

  TemporaryFolder folder;
  std::string url = "sqlite:" + (folder.path() / "store.db").string();
  std::unique_ptr<server::Database> database = opened(url);
  boost::asio::io_context loop{1};
  std::vector<std::string> log;
  server::Workers workers{loop, {.url = url}, [this](std::string_view line) { log.emplace_back(line); }};
  test::Broker broker;
  std::unique_ptr<server::Ingest> ingest;
};

}  // namespace

TEST_CASE("a device's configuration makes its sensors, and its blocks are stored byte for byte") {
  Joined joined;
  joined.broker.publish("/device/" + device + "/config/sensor", config, true);
  REQUIRE(until(joined.loop, [&] { return joined.ingest->counts().configurations == 1; }));
  const auto sensor = joined.in_store([&] { return server::Accounts(*joined.database).sensor(sid); });
  REQUIRE(sensor);
  CHECK(sensor->number == 1);
  CHECK(sensor->function == "main");

  const std::string gzip = history::encode(R"({"id":")" + sid + R"("})",
                                           std::vector<history::Point>{{start, 5000}, {start + 6, 6000}});
  joined.publish_block("/sensor/" + sid + "/tmpo/0/8/" + std::to_string(start) + "/gz", gzip);
  REQUIRE(until(joined.loop, [&] { return joined.ingest->counts().blocks == 1; }));
  CHECK(joined.block(8) == gzip);
  // A parent that covers it takes its place.
  const std::int64_t parent = start / 4096 * 4096;
  const std::string larger =
      history::encode(R"({"id":")" + sid + R"("})",
                      std::vector<history::Point>{{parent, 1000}, {start, 5000}, {start + 6, 6000}});
  joined.publish_block("/sensor/" + sid + "/tmpo/0/12/" + std::to_string(parent) + "/gz", larger);
  REQUIRE(until(joined.loop, [&] { return joined.ingest->counts().blocks == 2; }));
  CHECK_FALSE(joined.block(8));
}

TEST_CASE("a device that asks is told the last block of each of its enabled sensors") {
  Joined joined;
  joined.broker.publish("/device/" + device + "/config/sensor", config, true);
  REQUIRE(until(joined.loop, [&] { return joined.ingest->counts().configurations == 1; }));
  test::Process watch = joined.broker.watch();
  const std::string topic = "/d/device/" + device + "/tmpo/sync";
  const auto said = [&](const std::string& payload) {
    return until(joined.loop, [&] {
      for (const std::string& line : watch.lines())
        if (line.starts_with(topic) && line.ends_with(payload)) return true;
      return false;
    });
  };
  joined.broker.publish("/device/" + device + "/tmpo/sync", "");
  CHECK(said(R"([{"sid":")" + sid + R"(","rid":0,"lvl":0,"bid":0}])"));
  joined.publish_block(
      "/sensor/" + sid + "/tmpo/0/8/" + std::to_string(start) + "/gz",
      history::encode(R"({"id":")" + sid + R"("})", std::vector<history::Point>{{start, 5000}}));
  REQUIRE(until(joined.loop, [&] { return joined.ingest->counts().blocks == 1; }));
  joined.broker.publish("/device/" + device + "/tmpo/sync", "");
  CHECK(said(R"([{"sid":")" + sid + R"(","rid":0,"lvl":8,"bid":1700000000}])"));
}

TEST_CASE("what is no block, of no sensor or of no device is counted, and nothing of it is stored") {
  Joined joined;
  joined.broker.publish("/device/" + device + "/config/sensor", config, true);
  REQUIRE(until(joined.loop, [&] { return joined.ingest->counts().configurations == 1; }));
  const std::string good =
      history::encode(R"({"id":")" + sid + R"("})", std::vector<history::Point>{{start, 5000}});
  const std::string at = "/tmpo/0/8/" + std::to_string(start) + "/gz";
  const auto refused = [&](std::uint64_t count) {
    return until(joined.loop, [&] { return joined.ingest->counts().refused == count; });
  };
  joined.publish_block("/sensor/" + std::string(32, '7') + at, good);  // not known
  CHECK(refused(1));
  joined.publish_block("/sensor/nobody" + at, good);
  CHECK(refused(2));
  joined.publish_block("/sensor/" + sid + "/tmpo/0/8/1700000001/gz", good);  // not aligned
  CHECK(refused(3));
  joined.publish_block("/sensor/" + sid + "/tmpo/0/9/1700000000/gz", good);  // no such level
  CHECK(refused(4));
  joined.publish_block("/sensor/" + sid + "/tmpo/-1/8/1700000000/gz", good);
  CHECK(refused(5));
  joined.publish_block("/sensor/" + sid + at, "no gzip");
  CHECK(refused(6));
  joined.publish_block("/sensor/" + sid + at, good.substr(0, good.size() - 9));  // torn
  CHECK(refused(7));
  joined.publish_block("/sensor/" + sid + at, history::encode(R"({"id":"00000000000000000000000000000001"})",
                                                              std::vector<history::Point>{{start, 1}}));
  CHECK(refused(8));  // of another sensor
  joined.broker.publish("/device/" + std::string(32, '3') + "/config/sensor", config, true);
  CHECK(refused(9));
  joined.broker.publish("/device/" + device + "/config/sensor", "[1,2", true);
  CHECK(refused(10));
  joined.broker.publish("/device/" + device + "/config/sensor", R"({"1":{"id":"short","class":"analog"}})",
                        true);
  CHECK(refused(11));
  CHECK(joined.ingest->counts().blocks == 0);
  CHECK_FALSE(joined.block(8));
  joined.publish_block("/sensor/" + sid + at, good);
  CHECK(until(joined.loop, [&] { return joined.ingest->counts().blocks == 1; }));
}

TEST_CASE("a gzip bomb is refused") {
  Joined joined;
  joined.broker.publish("/device/" + device + "/config/sensor", config, true);
  REQUIRE(until(joined.loop, [&] { return joined.ingest->counts().configurations == 1; }));
  joined.publish_block("/sensor/" + sid + "/tmpo/0/8/" + std::to_string(start) + "/gz",
                       history::gzip(std::string(100 << 20, ' ')));
  CHECK(until(joined.loop, [&] { return joined.ingest->counts().refused == 1; }));
  CHECK_FALSE(joined.block(8));
}

#include "tools/flmd/kubes/kubes.hpp"

#include <fmt/format.h>
#include <catch2/catch.hpp>

#include <set>

#include "tests/field_data.hpp"
#include "tests/sim/temporary_folder.hpp"
#include "tests/tools/flmd/owner/visitor.hpp"
#include "tools/flmd/kubes/kube_routes.hpp"
#include "tools/flmd/kubes/pair_command.hpp"

using namespace flm;
using namespace flm::flmd;
using flm::test::bytes_of_hex;
namespace jeenode = protocol::jeenode;

namespace {

constexpr std::int64_t start_s = 1'700'000'000;

Site site_of(const TemporaryFolder& folder) {
  return read_site(folder.file("site.toml",
                               "board = \"flm02b\"\n[link]\nport = \"spi:/dev/spidev1.0\"\n"
                               "[state]\ndir = \"state\"\n"));
}

/// Kubes with everything around them but the board.
struct House {
  explicit House(const TemporaryFolder& folder, std::optional<int> group = {}, std::string firmware = "")
      : site(site_of(folder)),
        state(site.state_dir),
        sensors(site, state, [](const std::string&) {}),
        kubes(types, sensors, state,
              {site.state_dir, std::move(firmware), group, "9a3b6a0123456789abcdef0123456789"},
              {[this](const Reading& r) {
                 readings.push_back(fmt::format("{} {} {}{}", r.sensor->number, r.sensor->type,
                                                history::decimal(r.point.value), r.unit));
               },
               [this] { ++sensors_changed; }, [this] { ++kubes_changed; },
               [this](std::vector<std::uint8_t> packet) { sent.push_back(std::move(packet)); },
               [this](int g) { groups.push_back(g); },
               [this](int node, std::string_view hex) { unknown.push_back(fmt::format("{} {}", node, hex)); },
               [this](const std::string& line) { log.push_back(line); }}) {}

  [[nodiscard]] Moment now() const { return {time_s * 1000, (time_s - start_s) * 1000}; }

  void hear(int group, int header, const std::vector<std::uint8_t>& payload) {
    std::uint8_t frame[jeenode::frame_max];
    const auto size = jeenode::build(frame, static_cast<std::uint8_t>(group),
                                     static_cast<std::uint8_t>(header), payload.data(), payload.size());
    kubes.take({0, {frame, frame + size}}, now());
  }
  void hear(int group, int header, const std::string& hex) { hear(group, header, bytes_of_hex(hex)); }

  /// A pairing request, on the group of unpaired kubes.
  void ask_to_pair(int type, int id) {
    std::vector<std::uint8_t> payload(jeenode::pairing_request_size, 0);
    payload[0] = static_cast<std::uint8_t>(type & 0xFF);
    payload[1] = static_cast<std::uint8_t>(type >> 8);
    payload[21] = static_cast<std::uint8_t>(id);
    hear(jeenode::default_group, 0xA1, payload);
  }
  /// The number that a kube has after pairing.
  int pair(int type, int id) {
    kubes.start_pairing(now());
    sent.clear();
    ask_to_pair(type, id);
    time_s += 3;
    kubes.tick(now());
    return sent.empty() ? 0 : sent.at(0).at(3 + 3);
  }
  std::vector<std::string> take_readings() { return std::exchange(readings, {}); }

  KubeTypes types;
  Site site;
  State state;
  Sensors sensors;
  std::int64_t time_s = start_s;
  int sensors_changed = 0, kubes_changed = 0;
  std::vector<std::string> readings, unknown, log;
  std::vector<std::vector<std::uint8_t>> sent;
  std::vector<int> groups;
  Kubes kubes;
};

using Lines = std::vector<std::string>;
// FLK01A: 23.44 degrees, 48.7 %, 2.5 V, error 1; see kube_types_test.cpp.
const std::string flk01a = "666600700a01";
// The id's first byte 0x9A is 154, and 154 mod 210 + 1 = 155 (the stock main board's rule).
constexpr int collect = 155;

}  // namespace

TEST_CASE("a kube is paired: number, group and key, and the radio goes on to its group") {
  const TemporaryFolder folder;
  House house(folder);
  CHECK(house.kubes.collect_group() == 0);
  house.kubes.board_answers();
  CHECK(house.groups.empty());  // the radio is left as it is while there are no kubes

  house.kubes.start_pairing(house.now());
  CHECK(house.kubes.pairing_left(house.now()) == 20);
  house.ask_to_pair(19217, 7);
  REQUIRE(house.sent.size() == 1);
  const auto packet = house.sent[0];
  REQUIRE(packet.size() == 3u + jeenode::pairing_reply_size);
  CHECK(packet[0] == 212);
  CHECK(packet[1] == 0xE1);  // as recorded: a1 is answered by e1
  CHECK(packet[2] == 20);
  CHECK((packet[3] | packet[4] << 8) == 19217);
  CHECK(packet[5] == collect);
  CHECK(packet[6] == 1);
  CHECK(std::set<int>(packet.begin() + 7, packet.end()).size() > 4);  // 16 random bytes

  // The answer may be lost: asking again gives the same.
  house.time_s += 1;
  house.ask_to_pair(19217, 7);
  REQUIRE(house.sent.size() == 2);
  CHECK(house.sent[1] == packet);
  house.time_s += 1;
  house.kubes.tick(house.now());
  CHECK(house.kubes.pairing_left(house.now()) == 0);
  CHECK(house.groups == std::vector<int>{212, collect});
  REQUIRE(house.kubes.list().size() == 1);
  CHECK(house.kubes.list()[0].type == "FLK01A");
  CHECK(house.kubes.list()[0].record.hw_id == "00000000000000000000000000000007");
}

TEST_CASE("nothing is paired while nobody listens") {
  const TemporaryFolder folder;
  House house(folder);
  house.ask_to_pair(19217, 7);
  house.kubes.start_pairing(house.now());
  house.time_s += 20;
  house.ask_to_pair(19217, 7);
  house.kubes.tick(house.now());
  house.ask_to_pair(19217, 7);
  CHECK(house.sent.empty());
  CHECK(house.kubes.list().empty());
}

TEST_CASE("what a kube measures becomes readings of sensors with the next free numbers") {
  const TemporaryFolder folder;
  House house(folder);
  REQUIRE(house.pair(19217, 7) == 1);
  house.hear(collect, 1, flk01a);
  CHECK(house.take_readings() ==
        Lines{"7 temperature 23.44°C", "8 humidity 48.7%", "9 battery 2.5V", "10 error 1"});
  CHECK(house.sensors_changed == 1);
  house.time_s += 8;
  house.hear(collect, 1, "05000000");
  CHECK(house.take_readings() == Lines{"11 movement 5"});
  const SiteSensor* movement = house.sensors.by_number(11);
  CHECK(movement->sensor_class == "kube");
  CHECK(movement->counter_is_data);
  CHECK(movement->parameters == nlohmann::json{{"kid", 1}});
  CHECK(!house.sensors.by_number(7)->counter_is_data);
  CHECK(house.kubes.list()[0].heard == start_s + 3 + 8);
  CHECK(house.kubes.list()[0].sensors.size() == 5);

  // Its sids and numbers are the same after a restart.
  const std::string sid = house.sensors.by_number(9)->sid;
  house.state.save();
  const KubeState kept = read_kube_state(kube_state_file(house.site.state_dir));
  CHECK(kept.slots.at(9) == KubeSlot{1, "battery", 0});
  CHECK(house.state.ids().sensors.at(9) == sid);
}

TEST_CASE("a packet that comes twice counts once, and a counter only when it has changed") {
  const TemporaryFolder folder;
  House house(folder);
  house.pair(19217, 7);
  house.hear(collect, 1, "05000000");
  house.hear(collect, 1, "05000000");
  house.time_s += 8;
  house.hear(collect, 1, "05000000");
  CHECK(house.take_readings() == Lines{"7 movement 5"});
  house.time_s += 8;
  house.hear(collect, 1, "06000000");
  CHECK(house.take_readings() == Lines{"7 movement 6"});
}

TEST_CASE("what is no whole packet of a paired kube measures nothing") {
  const TemporaryFolder folder;
  House house(folder);
  house.pair(19217, 7);
  std::uint8_t frame[jeenode::frame_max];
  const auto payload = bytes_of_hex(flk01a);
  const auto size = jeenode::build(frame, collect, 1, payload.data(), payload.size());
  for (std::size_t cut = 0; cut < size; ++cut) house.kubes.take({0, {frame, frame + cut}}, house.now());
  for (std::size_t i = 0; i < size; ++i) {
    std::vector<std::uint8_t> wrong(frame, frame + size);
    wrong[i] ^= 1;
    house.kubes.take({0, wrong}, house.now());
  }
  house.hear(collect, 0x41, flk01a);   // addressed to node 1
  house.hear(collect, 0x81, flk01a);   // an acknowledgement
  house.hear(collect + 1, 1, flk01a);  // another network
  house.hear(collect, 1, "");
  CHECK(house.readings.empty());
  CHECK(house.unknown.empty());
  house.time_s = 1000;  // the clock is not set
  house.hear(collect, 1, flk01a);
  CHECK(house.readings.empty());
}

TEST_CASE("what nobody can decode is shown as it is") {
  const TemporaryFolder folder;
  House house(folder);
  REQUIRE(house.pair(19300, 9) == 1);  // of an unknown type
  house.hear(collect, 1, "c0ffee");
  house.hear(collect, 5, "beef");  // not paired
  CHECK(house.unknown == Lines{"1 c0ffee", "5 beef"});
  CHECK(house.kubes.list()[0].type == "type 19300");
  CHECK(house.kubes.list()[0].unknown == "c0ffee");
  REQUIRE(house.kubes.strangers().size() == 1);
  CHECK(house.kubes.strangers()[0].node == 5);
  CHECK(house.kubes.strangers()[0].payload == "beef");
  CHECK(house.readings.empty());
  REQUIRE(house.pair(19217, 7) == 2);
  house.hear(collect, 2, "00");  // a length that no packet of its type has
  CHECK(house.unknown.back() == "2 00");
}

TEST_CASE("30 kubes are paired, and no more; nor without free sensors") {
  const TemporaryFolder folder;
  House house(folder);
  SECTION("30") {
    for (int i = 1; i <= 30; ++i) REQUIRE(house.pair(19300, i) == i);
    CHECK(house.pair(19300, 31) == 0);
    CHECK(house.log.back() == "kubes: type 19300 is not paired: 30 are; allowed: 30, remove one");
    CHECK(house.kubes.remove(12));
    CHECK(house.pair(19300, 31) == 12);
  }
  SECTION("sensors") {
    // 58 numbers are left beside the board's six; an FLK01A takes five.
    for (int i = 1; i <= 11; ++i) {
      REQUIRE(house.pair(19217, i) == i);
      house.hear(collect, i, flk01a);
      house.hear(collect, i, "01000000");
    }
    house.kubes.start_pairing(house.now());
    house.sent.clear();
    house.ask_to_pair(19217, 12);
    CHECK(house.sent.empty());
    CHECK(house.log.back() ==
          "kubes: FLK01A is not paired: it needs 5 sensors, and 3 are free; remove a kube");
  }
}

TEST_CASE("a removed kube's numbers go to the next one, whose series are new ones") {
  const TemporaryFolder folder;
  House house(folder);
  house.pair(19217, 7);
  house.hear(collect, 1, flk01a);
  const std::string sid = house.sensors.by_number(7)->sid;
  CHECK(!house.kubes.remove(2));
  CHECK(house.kubes.remove(1));
  CHECK(house.kubes.list().empty());
  CHECK(!house.sensors.by_number(7)->enabled);
  CHECK(house.sensors.by_number(7)->sensor_class.empty());
  house.take_readings();
  house.time_s += 64;
  house.hear(collect, 1, flk01a);
  CHECK(house.readings.empty());

  REQUIRE(house.pair(19217, 8) == 1);
  house.hear(collect, 1, flk01a);
  CHECK(house.take_readings().size() == 4);
  CHECK(house.sensors.by_number(7)->sid == sid);
  CHECK(house.sensors.by_number(7)->rid == 1);
  // The same kube again is a new series too.
  house.kubes.remove(1);
  house.pair(19217, 7);
  house.time_s += 64;
  house.hear(collect, 1, flk01a);
  CHECK(house.sensors.by_number(7)->rid == 2);
}

TEST_CASE("a restart keeps kubes, sensors and recycle ids; a damaged file is refused, not replaced") {
  const TemporaryFolder folder;
  std::string sid;
  {
    House house(folder);
    house.pair(19218, 1);
    house.pair(19217, 2);
    house.hear(collect, 2, flk01a);
    house.kubes.rename(2, "cellar");
    house.kubes.remove(1);
    sid = house.sensors.by_number(7)->sid;
  }
  {
    House house(folder);
    CHECK(house.sensors.by_number(7)->sid == sid);
    CHECK(house.sensors.by_number(7)->name == "cellar temperature");
    house.kubes.board_answers();
    CHECK(house.groups == std::vector<int>{collect});
    house.hear(collect, 2, flk01a);
    CHECK(house.readings.size() == 4);
    CHECK(house.sensors_changed == 0);
    house.time_s += 5;
    CHECK(house.pair(19218, 3) == 1);
  }
  for (const char* text :
       {"", "{", "[]", R"({"key":"x","collect_group":1,"kubes":{},"slots":{}})",
        R"({"key":"00112233445566778899aabbccddeeff","collect_group":0,"kubes":{},"slots":{}})",
        R"({"key":"00112233445566778899aabbccddeeff","collect_group":1,"kubes":{"31":{}},"slots":{}})",
        R"({"key":"00112233445566778899aabbccddeeff","collect_group":1,"kubes":{},"slots":{"6":{}}})"}) {
    CAPTURE(text);
    folder.file("state/kubes.json", text);
    CHECK_THROWS_WITH(House(folder), Catch::Contains("kubes.json: is damaged"));
  }
}

TEST_CASE("the configuration's group is that of the kubes") {
  const TemporaryFolder folder;
  House house(folder, 42);
  CHECK(house.pair(19217, 7) == 1);
  CHECK(house.sent.at(0).at(5) == 42);
  CHECK(house.groups.back() == 42);
}

TEST_CASE("a kube gets the newest firmware, block by block") {
  const TemporaryFolder folder;
  // 80 bytes: a block and a quarter. Intel HEX by hand: 16 bytes 0 at each address.
  std::string image;
  for (int address = 0; address < 80; address += 16)
    image += fmt::format(":10{:04X}00{:032}{:02X}\n", address, 0, 256 - 16 - address);
  folder.file("flk01a-3.hex", image + ":00000001FF\n");
  House house(folder, {}, folder.path().string());
  house.pair(19217, 7);
  house.sent.clear();
  const int before = house.kubes_changed;

  house.hear(collect, 0xA1,
             "114b"
             "0200"
             "0500"
             "3412");  // 19217, version 2, 5 times 16 bytes, CRC 0x1234
  REQUIRE(house.sent.size() == 1);
  const FirmwareImage same{3, std::vector<std::uint8_t>(80, 0)};
  CHECK(house.sent[0] == std::vector<std::uint8_t>{collect, 0xE1, 8, 0x11, 0x4B, 3, 0, 5, 0,
                                                   static_cast<std::uint8_t>(same.crc() & 0xFF),
                                                   static_cast<std::uint8_t>(same.crc() >> 8)});
  CHECK(house.kubes.list()[0].record.sw_version == 2);
  CHECK(house.kubes_changed == before + 1);

  house.hear(collect, 0xA1,
             "0300"
             "0100");  // version 3, block 1
  REQUIRE(house.sent.size() == 2);
  const auto block = house.sent[1];
  REQUIRE(block.size() == 3u + 2 + 64);
  CHECK(block[3] == (3 ^ 1));
  for (std::size_t i = 0; i < 64; ++i)  // whitened by 211 i, as the kube's boot loader takes it off
    REQUIRE((block[5 + i] ^ (211 * i & 0xFF)) == (i < 16 ? 0u : 0xFFu));

  house.hear(collect, 0xA1,
             "0300"
             "0200");  // a block behind the end
  house.hear(collect, 0xA1,
             "0300"
             "ffff");
  house.hear(collect, 0xA1,
             "0400"
             "0000");  // a version that was not offered
  house.hear(collect, 0xA2,
             "0300"
             "0000");  // a kube that did not ask before
  house.hear(collect, 0xA2,
             "114b"
             "0200"
             "0500"
             "3412");  // and is not paired
  house.hear(collect, 0xA1,
             "124b"
             "0200"
             "0500"
             "3412");  // of another type than it is
  CHECK(house.sent.size() == 2);
}

TEST_CASE("without an image that is newer, a kube is told to keep its own") {
  const TemporaryFolder folder;
  House house(folder);
  house.pair(19217, 7);
  house.sent.clear();
  house.hear(collect, 0xA1,
             "114b"
             "0200"
             "0500"
             "3412");
  REQUIRE(house.sent.size() == 1);
  CHECK(std::vector<std::uint8_t>(house.sent[0].begin() + 3, house.sent[0].end()) == bytes_of_hex("114b"
                                                                                                  "0200"
                                                                                                  "0500"
                                                                                                  "3412"));
  house.hear(collect, 0xA1,
             "114b"
             "0000"
             "0000"
             "0000");
  CHECK(house.sent.size() == 1);
  CHECK_THAT(house.log.back(), Catch::Contains("has no firmware, and there is none for FLK01A"));
}

TEST_CASE("the page lists kubes; only the owner changes them") {
  const TemporaryFolder folder;
  House house(folder);
  house.pair(19217, 7);
  house.hear(collect, 1, flk01a);
  SiteClock clock;
  bool answers = false, owner = false;
  web::Router router;
  add_kube_routes(
      router,
      [&](web::Handler handler) -> web::Handler {
        return [&owner, handler = std::move(handler)](const web::Request& request) {
          return owner ? handler(request) : web::text(401, "who?");
        };
      },
      house.kubes, clock, [&] { return answers; });
  test::Visitor visitor{router};
  const auto list = [&] { return nlohmann::json::parse(visitor.ask(web::Method::get, "/api/kubes").body); };
  CHECK(list()["pairing"] == 0);
  CHECK(list()["kubes"][0]["kid"] == 1);
  CHECK(list()["kubes"][0]["type"] == "FLK01A");
  CHECK(list()["kubes"][0]["heard"] == start_s + 3);
  CHECK(list()["kubes"][0]["sensors"][0] == house.sensors.by_number(7)->sid);

  CHECK(visitor.post("/api/kubes/pair").status == 401);
  CHECK(visitor.put("/api/kubes/1", {{"name", "x"}}).status == 401);
  CHECK(visitor.ask(web::Method::remove, "/api/kubes/1").status == 401);
  owner = true;
  CHECK(visitor.post("/api/kubes/pair").status == 409);
  answers = true;
  CHECK(visitor.post("/api/kubes/pair").status == 204);
  CHECK(list()["pairing"] == 20);

  CHECK(visitor.put("/api/kubes/1", {{"name", "<b>cellar"}}).status == 204);
  CHECK(list()["kubes"][0]["name"] == "<b>cellar");
  CHECK(visitor.put("/api/kubes/1", {{"name", std::string(33, 'x')}}).status == 400);
  CHECK(visitor.put("/api/kubes/1", {{"name", ""}}).status == 400);
  CHECK(visitor.put("/api/kubes/1", {{"name", 5}}).status == 400);
  CHECK(visitor.put("/api/kubes/1", {{"name", "x"}, {"kid", 2}}).status == 400);
  CHECK(visitor.put("/api/kubes/2", {{"name", "x"}}).status == 404);
  CHECK(visitor.put("/api/kubes/1x", {{"name", "x"}}).status == 404);
  CHECK(visitor.ask(web::Method::remove, "/api/kubes/1").status == 204);
  CHECK(visitor.ask(web::Method::remove, "/api/kubes/1").status == 404);
  CHECK(list()["kubes"].empty());
}

TEST_CASE("pairing is asked for by a file, once") {
  const TemporaryFolder folder;
  CHECK(!take_pair_request(folder.path()));
  folder.file("pair", "\n");
  CHECK(take_pair_request(folder.path()));
  CHECK(!take_pair_request(folder.path()));
}

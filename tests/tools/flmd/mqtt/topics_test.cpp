// Topics and payloads against the reference of the stock main board (firmware r250: fluksod, tmpod, kubed)
// and its examples.
#include "tools/flmd/mqtt/topics.hpp"

#include <catch2/catch.hpp>
#include <stdexcept>

#include "tests/tools/flmd/site.hpp"

using namespace flm::flmd;
using namespace flm::flmd::mqtt;
using Catch::Matchers::Contains;
using flm::test::device;
namespace test = flm::test;

namespace {

std::string payload(const SiteSensor& sensor, std::int64_t time, flm::history::Milli value,
                    std::string_view unit) {
  return reading_payload({&sensor, Quantity::gauge, {time, value}, unit});
}

}  // namespace

TEST_CASE("a reading's topic is its sensor's and its quantity's") {
  const SiteSensor sensor = test::clamp();
  CHECK(reading_topic({&sensor, Quantity::gauge, {}, "W"}) == "/sensor/" + test::main_sid + "/gauge");
  CHECK(reading_topic({&sensor, Quantity::counter, {}, "Wh"}) == "/sensor/" + test::main_sid + "/counter");
}

TEST_CASE("a reading's payload is time, value and unit without blanks") {
  // The reference's examples.
  CHECK(payload(test::clamp(), 1459065180, 157'000, "W") == R"([1459065180,157,"W"])");
  CHECK(payload(test::clamp(), 1459065184, 2'149'218'000, "Wh") == R"([1459065184,2149218,"Wh"])");
  CHECK(payload(test::gas(), 1404225014, 1'066'740'000, "L") == R"([1404225014,1066740,"L"])");
  CHECK(payload(test::clamp(), 1458756425, 942'856'500, "Wh") == R"([1458756425,942856.5,"Wh"])");
  CHECK(payload(test::kube_temperature(), 1435000000, 21'370, "°C") == "[1435000000,21.37,\"\xC2\xB0\x43\"]");
}

TEST_CASE("a net power may be negative") {
  CHECK(payload(test::net(), 1459065180, -1'234'000, "W") == R"([1459065180,-1234,"W"])");
  CHECK(payload(test::net(), 1459065180, -4, "Wh") == R"([1459065180,-0.004,"Wh"])");
}

TEST_CASE("a kube's value without a unit has none, and an empty one if its registry says so") {
  SiteSensor sensor = test::kube_temperature();
  sensor.type = "proximity";
  CHECK(payload(sensor, 1435000000, 3'000, "") == "[1435000000,3]");
  sensor.type = "movement";
  CHECK(payload(sensor, 1435000000, 3'000, "") == R"([1435000000,3,""])");
}

TEST_CASE("config/sensor is the reference's example") {
  const std::vector<SiteSensor> sensors = {test::clamp(), test::gas(), test::net(), test::kube_temperature(),
                                           test::unprovisioned()};
  // Members of the example, but `counter`, which only a backup has; their order is arbitrary there.
  const std::string text = config_sensor(sensors, {{"main", {{"phase", "1"}, {"led_mode", 256}}}});
  CHECK(nlohmann::json::parse(text) == nlohmann::json::parse(R"({
    "1":{"id":"0123456789abcdef0123456789abcde1","type":"electricity","class":"analog","function":"main","port":[1],
         "voltage":230,"current":50,"enable":1,"data_type":"counter","rid":0},
    "4":{"id":"0123456789abcdef0123456789abcde4","type":"gas","class":"pulse","function":"gas","port":[4],
         "constant":10,"enable":1,"data_type":"counter","rid":0},
    "7":{"id":"0123456789abcdef0123456789abcde7","type":"electricity","class":"cosem","function":"smart-main",
         "protocol":"dlms","port":"ttyS0","obis":["1-0:1.8.1*255"],"derive":1,"enable":1,"data_type":"counter",
         "rid":0},
    "9":{"id":"0123456789abcdef0123456789abcde9","class":"kube","type":"temperature","data_type":"gauge","kid":1,
         "rid":0,"enable":1},
    "12":{"id":"0123456789abcdef0123456789abcdec"},
    "main":{"phase":1,"led_mode":256}})"));
  CHECK(text.find(' ') == text.npos);
}

TEST_CASE("config/sensor has numbers where text looks like one, and no others") {
  SiteSensor sensor = test::clamp();
  sensor.name = "12";
  sensor.sid = "12345678901234567890123456789012";
  sensor.parameters = {{"a", "0.500"}, {"b", "10.0"},     {"c", "-3"}, {"d", "1e3"}, {"e", ""},
                       {"f", "1."},    {"g", {"1", "x"}}, {"h", 2.0},  {"i", "+1"},  {"id", "other"}};
  const auto section = nlohmann::json::parse(config_sensor(std::span(&sensor, 1)))["1"];
  CHECK(section["function"] == "12");
  CHECK(section["id"] == sensor.sid);
  CHECK(section["a"].dump() == "0.5");
  CHECK(section["b"].dump() == "10");
  CHECK(section["c"].dump() == "-3");
  CHECK(section["d"] == "1e3");
  CHECK(section["e"] == "");
  CHECK(section["f"] == "1.");
  CHECK(section["g"].dump() == R"([1,"x"])");
  CHECK(section["h"].dump() == "2");
  CHECK(section["i"] == "+1");
}

TEST_CASE("config/sensor has a disabled sensor without data_type and rid") {
  SiteSensor sensor = test::clamp();
  sensor.enabled = false;
  const auto section = nlohmann::json::parse(config_sensor(std::span(&sensor, 1)))["1"];
  CHECK(section["enable"] == 0);
  CHECK_FALSE(section.contains("data_type"));
  CHECK_FALSE(section.contains("rid"));
}

TEST_CASE("config/sensor survives a name of invalid UTF-8") {
  SiteSensor sensor = test::clamp();
  sensor.name = "\xFFmain\"<script>";
  const auto section = nlohmann::json::parse(config_sensor(std::span(&sensor, 1)))["1"];
  CHECK(section["function"] == "\xEF\xBF\xBDmain\"<script>");
}

TEST_CASE("config/kube is the reference's example without keys") {
  const std::vector<Kube> kubes = {{1, "0123456789abcdef0123456789abcdef", 19218, 1, "cellar", true}};
  CHECK(
      config_kube(kubes, {212, 174, 30, 0}) ==
      R"({"1":{"hw_id":"0123456789abcdef0123456789abcdef","hw_type":19218,"sw_version":1,"name":"cellar","enable":1},)"
      R"("main":{"pair_group":212,"collect_group":174,"max_nodes":30,"encryption":0}})");
}

TEST_CASE("topics of blocks, synchronisation and status are the reference's") {
  CHECK(block_topic({test::gas_sid, 0, 8, 1404225536}) ==
        "/sensor/" + test::gas_sid + "/tmpo/0/8/1404225536/gz");
  CHECK(sync_request_topic(device) == "/device/" + device + "/tmpo/sync");
  CHECK(sync_answer_topic(device) == "/d/device/" + device + "/tmpo/sync");
  CHECK(device_topic(device, "status") == "/device/" + device + "/status");
  CHECK(query_answer_topic({test::gas_sid, 1404225000, 1404226000}) ==
        "/sensor/" + test::gas_sid + "/query/1404225000/1404226000");
}

TEST_CASE("a sync answer names the last block of each sensor") {
  const auto blocks =
      parse_sync_answer(R"([{"sid":"0123456789abcdef0123456789abcde1","rid":0,"lvl":8,"bid":1404225536},)"
                        R"( {"sid":"0123456789abcdef0123456789abcde4","rid":0,"lvl":0,"bid":0}])");
  CHECK(blocks == std::vector<BlockName>{{test::main_sid, 0, 8, 1404225536}, {test::gas_sid, 0, 0, 0}});
  CHECK(parse_sync_answer("[]").empty());
}

TEST_CASE("a sync answer that is none is refused with what is allowed") {
  const auto element = [](std::string_view sid, std::string_view rest) {
    return "[{\"sid\":\"" + std::string(sid) + "\"," + std::string(rest) + "}]";
  };
  const std::string good = R"("rid":0,"lvl":8,"bid":1404225536)";
  REQUIRE_NOTHROW(parse_sync_answer(element(test::main_sid, good)));
  const std::vector<std::pair<std::string, std::string>> bad = {
      {"", "no JSON list"},
      {"{}", "no JSON list"},
      {"[1,", "no JSON list"},
      {"[1]", "element 0: is no object"},
      {element("0123456789ABCDEF0123456789ABCDE1", good), "element 0: sid"},
      {element("../../etc/passwd", good), "element 0: sid"},
      {"[{\"sid\":1}]", "element 0: sid"},
      {element(test::main_sid, R"("rid":-1,"lvl":8,"bid":0)"), "element 0: rid"},
      {element(test::main_sid, R"("rid":"0","lvl":8,"bid":0)"), "element 0: rid"},
      {element(test::main_sid, R"("rid":0,"lvl":9,"bid":0)"), "element 0: lvl"},
      {element(test::main_sid, R"("rid":0,"lvl":4,"bid":0)"), "element 0: lvl"},
      {element(test::main_sid, R"("rid":0,"lvl":24,"bid":0)"), "element 0: lvl"},
      {element(test::main_sid, R"("rid":0,"lvl":8.0,"bid":0)"), "element 0: lvl"},
      {element(test::main_sid, R"("rid":0,"lvl":8,"bid":1404225537)"), "element 0: bid"},
      {element(test::main_sid, R"("rid":0,"lvl":8,"bid":4294967296)"), "element 0: bid"},
      {element(test::main_sid, R"("rid":0,"lvl":0,"bid":1)"), "element 0: bid"},
      {element(test::main_sid, R"("rid":0,"lvl":8)"), "element 0: bid"},
      {"[" + element(test::main_sid, good).substr(1, element(test::main_sid, good).size() - 2) + "," +
           element(test::main_sid, good).substr(1),
       "element 1: the sensor is there already"},
      {std::string(65'000, '['), "no JSON list"},
  };
  for (const auto& [text, complaint] : bad) {
    INFO(text.substr(0, 200));
    CHECK_THROWS_WITH(parse_sync_answer(text), Contains(complaint) && Contains("; allowed: "));
  }
  std::string many = "[";
  for (int i = 0; i < 65; ++i) many += "1,";
  CHECK_THROWS_WITH(parse_sync_answer(many + "1]"), Contains("66 elements"));
}

TEST_CASE(
    "the server lacks blocks that end after its last one, by rid, then the longest first, then by time") {
  const std::string& sid = test::main_sid;
  // 1404225536 = 5485256 * 256; the level-12 block 1404223488 ends at 1404227583, the level-8 one at
  // 1404225791.
  const std::vector<BlockName> all = {{sid, 0, 8, 1404225792},  {sid, 0, 8, 1404225536},
                                      {sid, 0, 12, 1404223488}, {sid, 1, 8, 1404225280},
                                      {sid, 1, 12, 1404227584}, {sid, 0, 8, 1404226048},
                                      {sid, 0, 20, 1403002880}, {test::gas_sid, 0, 8, 1404226048}};
  CHECK(later_blocks(all, {sid, 0, 8, 1404225536}) == std::vector<BlockName>{{sid, 0, 12, 1404223488},
                                                                             {sid, 0, 8, 1404225792},
                                                                             {sid, 0, 8, 1404226048},
                                                                             {sid, 1, 12, 1404227584}});
  CHECK(later_blocks(all, {sid, 0, 0, 0}).size() == 7);
  CHECK(later_blocks(all, {sid, 1, 0, 0}) ==
        std::vector<BlockName>{{sid, 1, 12, 1404227584}, {sid, 1, 8, 1404225280}});
}

TEST_CASE("a query asks for the blocks that reach into its time") {
  const Query query = parse_query("/query/" + test::main_sid + "/tmpo", "[1404225700, 1404226000]");
  CHECK(query.sid == test::main_sid);
  CHECK(query.from == 1404225700);
  CHECK(query.to == 1404226000);
  const std::string& sid = test::main_sid;
  const std::vector<BlockName> all = {{sid, 0, 8, 1404226048},  {sid, 0, 8, 1404225792},
                                      {sid, 0, 8, 1404225536},  {sid, 0, 8, 1404225280},
                                      {sid, 0, 12, 1404223488}, {test::gas_sid, 0, 8, 1404225792}};
  CHECK(blocks_between(all, query) ==
        std::vector<BlockName>{{sid, 0, 12, 1404223488}, {sid, 0, 8, 1404225536}, {sid, 0, 8, 1404225792}});
}

TEST_CASE("a query that is none is refused with what is allowed") {
  const std::string topic = "/query/" + test::main_sid + "/tmpo";
  for (const char* bad :
       {"", "[]", "[1]", "[1,2,3]", "[2,1]", "[-1,2]", "[1.5,2]", "[\"1\",2]", "[1,4294967296]"}) {
    INFO(bad);
    CHECK_THROWS_WITH(parse_query(topic, bad), Contains("; allowed: [from,to]"));
  }
  for (const std::string& bad : {std::string("/query//tmpo"), topic + "/x", "/query/" + test::main_sid,
                                 "/query/" + std::string(32, '.') + "/tmpo"}) {
    INFO(bad);
    CHECK_THROWS_WITH(parse_query(bad, "[1,2]"), Contains("; allowed: /query/<sid>/tmpo"));
  }
}

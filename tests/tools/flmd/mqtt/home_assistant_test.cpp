// Discovery messages against Home Assistant's documentation of MQTT discovery and of its sensor entity: names
// of members, units that a class allows, and how a component is taken back.
#include "tools/flmd/mqtt/home_assistant.hpp"

#include <catch2/catch.hpp>

#include "tests/tools/flmd/site.hpp"

using namespace flm::flmd;
using namespace flm::flmd::mqtt;
using flm::test::device;
namespace test = flm::test;
using nlohmann::json;

namespace {

const Gateway gateway = {device, "FLM02B", "1.0.0", "", "http://flm.local/"};
const std::string main_topic = "homeassistant/device/flm_9a3b6a/config";
const std::string kube_topic = "homeassistant/device/flm_9a3b6a/kube_1/config";

Discovery of(const std::vector<SiteSensor>& sensors) {
  return discovery("homeassistant", gateway, sensors, {});
}

json component(const SiteSensor& sensor, const std::string& key) {
  return json(of({sensor}).at(main_topic).at("cmps").at(sensor.sid + "_" + key));
}

std::vector<std::string> keys(const nlohmann::ordered_json& message) {
  std::vector<std::string> names;
  for (const auto& item : message.at("cmps").items()) names.push_back(item.key());
  return names;
}

}  // namespace

TEST_CASE("a clamp is a power and an energy of the main board") {
  CHECK(
      discovery_payload(of({test::clamp()}).at(main_topic)) ==
      R"({"dev":{"ids":["flm_9a3b6a0123456789abcdef0123456789"],"name":"Fluksometer 9a3b6a","mf":"OpenFLM",)"
      R"("mdl":"FLM02B","sw":"1.0.0","cu":"http://flm.local/"},"o":{"name":"flmd","sw":"1.0.0"},)"
      R"("avty_t":"/device/9a3b6a0123456789abcdef0123456789/status","cmps":{)"
      R"("0123456789abcdef0123456789abcde1_gauge":{"p":"sensor","name":"main power","dev_cla":"power",)"
      R"("unit_of_meas":"W","stat_cla":"measurement","stat_t":"/sensor/0123456789abcdef0123456789abcde1/gauge",)"
      R"("val_tpl":"{{ value_json[1] }}","uniq_id":"flm_0123456789abcdef0123456789abcde1_gauge","exp_aft":30},)"
      R"("0123456789abcdef0123456789abcde1_counter":{"p":"sensor","name":"main energy","dev_cla":"energy",)"
      R"("unit_of_meas":"Wh","stat_cla":"total_increasing",)"
      R"("stat_t":"/sensor/0123456789abcdef0123456789abcde1/counter","val_tpl":"{{ value_json[1] }}",)"
      R"("uniq_id":"flm_0123456789abcdef0123456789abcde1_counter"}}})");
}

TEST_CASE("a net energy is a total, which may fall, and what is taken or given only rises") {
  CHECK(component(test::net(), "counter")["stat_cla"] == "total");
  CHECK(component(test::net(), "gauge")["stat_cla"] == "measurement");
  SiteSensor import = test::net();
  import.falls = false;
  import.parameters["derive"] = 0;
  CHECK(component(import, "counter")["stat_cla"] == "total_increasing");
  CHECK(keys(of({import}).at(main_topic)) == std::vector<std::string>{test::net_sid + "_counter"});
}

TEST_CASE("gas and water are litres, and litres a day become litres an hour") {
  for (const std::string type : {"gas", "water"}) {
    SiteSensor sensor = test::gas();
    sensor.type = type;
    const json counter = component(sensor, "counter"), gauge = component(sensor, "gauge");
    CHECK(counter["dev_cla"] == type);
    CHECK(counter["unit_of_meas"] == "L");
    CHECK(counter["stat_cla"] == "total_increasing");
    CHECK(gauge["dev_cla"] == "volume_flow_rate");
    CHECK(gauge["unit_of_meas"] == "L/h");
    CHECK(gauge["val_tpl"] == "{{ (value_json[1]/24)|round(2) }}");
    CHECK_FALSE(gauge.contains("exp_aft"));  // it falls to 0 by itself, and then is silent
  }
}

TEST_CASE("a kube is a device of its own, reached through the main board") {
  const std::vector<Kube> kubes = {{1, "", 19218, 1, "cellar", true}};
  const std::vector<SiteSensor> sensors = {test::clamp(), test::kube_temperature()};
  const Discovery all = discovery("homeassistant", gateway, sensors, kubes);
  REQUIRE(all.size() == 2);
  const auto& message = all.at(kube_topic);
  CHECK(message["dev"]["ids"][0] == "flm_" + device + "_kube_1");
  CHECK(message["dev"]["via_device"] == "flm_" + device);
  CHECK(message["dev"]["name"] == "cellar");
  CHECK(keys(message) == std::vector<std::string>{test::kube_sid + "_gauge"});
  const json temperature = message["cmps"][test::kube_sid + "_gauge"];
  CHECK(temperature["name"] == "temperature");
  CHECK(temperature["unit_of_meas"] == "°C");
  CHECK(temperature["exp_aft"] == 200);
  CHECK(of({test::kube_temperature()}).at(kube_topic)["dev"]["name"] == "Kube 1");
}

TEST_CASE("each value of a kube has the class, unit and state class of the table") {
  struct Row {
    std::string type;
    bool counter;
    json expected;
  };
  const std::vector<Row> rows = {{"temperature", false, {"temperature", "°C", "measurement"}},
                                 {"humidity", false, {"humidity", "%", "measurement"}},
                                 {"pressure", false, {"atmospheric_pressure", "Pa", "measurement"}},
                                 {"light", false, {"illuminance", "lx", "measurement"}},
                                 {"battery", false, {"voltage", "V", "measurement"}},
                                 {"error", false, {nullptr, nullptr, nullptr}},
                                 {"movement", true, {nullptr, nullptr, "total_increasing"}},
                                 {"vibration", true, {nullptr, nullptr, "total_increasing"}},
                                 {"proximity", true, {nullptr, nullptr, "total_increasing"}}};
  for (const Row& row : rows) {
    INFO(row.type);
    SiteSensor sensor = test::kube_temperature();
    sensor.type = row.type;
    sensor.counter_is_data = row.counter;
    const json members(
        of({sensor}).at(kube_topic)["cmps"][test::kube_sid + (row.counter ? "_counter" : "_gauge")]);
    CHECK(members.value("dev_cla", json()) == row.expected[0]);
    CHECK(members.value("unit_of_meas", json()) == row.expected[1]);
    CHECK(members.value("stat_cla", json()) == row.expected[2]);
    CHECK(members.contains("ent_cat") == (row.type == "battery" || row.type == "error"));
  }
}

TEST_CASE("a smart meter: import and export increase, net is a total, a phase's power is no energy") {
  const auto registers = [](const char* name, bool counter, bool falls) {
    SiteSensor sensor = test::net();
    sensor.name = name;
    sensor.counter_is_data = counter;
    sensor.falls = falls;
    sensor.parameters = {{"derive", falls ? 1 : 0}};
    return sensor;
  };
  CHECK(component(registers("import", true, false), "counter").at("stat_cla") == "total_increasing");
  CHECK(component(registers("net", true, true), "counter").at("stat_cla") == "total");
  CHECK(component(registers("net", true, true), "gauge").at("dev_cla") == "power");
  CHECK(keys(of({registers("power L1", false, false)}).at(main_topic)) ==
        std::vector<std::string>{test::net_sid + "_gauge"});
}

TEST_CASE("a disabled sensor is no entity") {
  SiteSensor sensor = test::clamp();
  sensor.enabled = false;
  CHECK(keys(of({sensor, test::unprovisioned()}).at(main_topic)).empty());
}

TEST_CASE("a name is text, whatever it is") {
  SiteSensor sensor = test::clamp();
  sensor.name = "\"},{{ evil }}<script>\xFF";
  const json message = json::parse(discovery_payload(of({sensor}).at(main_topic)));
  CHECK(message["cmps"][test::main_sid + "_gauge"]["name"] == "\"},{{ evil }}<script>\xEF\xBF\xBD power");
}

TEST_CASE("a sensor that is gone is first reduced to its platform, then left out") {
  const Discovery before = with_removals(of({test::clamp(), test::gas()}), {});
  const Discovery reduced = with_removals(of({test::clamp()}), before);
  CHECK(reduced.at(main_topic)["cmps"][test::gas_sid + "_gauge"] == json({{"p", "sensor"}}));
  CHECK(reduced.at(main_topic)["cmps"][test::main_sid + "_gauge"].size() > 1);
  CHECK(with_removals(of({test::clamp()}), reduced) == of({test::clamp()}));
  // It comes back.
  CHECK(with_removals(of({test::clamp(), test::gas()}), reduced) == of({test::clamp(), test::gas()}));
}

TEST_CASE("a kube that is gone is removed by an empty message, once") {
  const Discovery removed = with_removals(of({test::clamp()}), of({test::clamp(), test::kube_temperature()}));
  CHECK(removed.at(kube_topic).is_null());
  CHECK(discovery_payload(removed.at(kube_topic)).empty());
  CHECK_FALSE(with_removals(of({test::clamp()}), removed).contains(kube_topic));
}

TEST_CASE("what an earlier run announced is taken back as well") {
  const auto kept = parse_discovery("homeassistant", device, main_topic,
                                    discovery_payload(of({test::clamp(), test::gas()}).at(main_topic)));
  REQUIRE(kept);
  const Discovery reduced = with_removals(of({test::clamp()}), {{main_topic, *kept}});
  CHECK(reduced.at(main_topic)["cmps"][test::gas_sid + "_counter"] == json({{"p", "sensor"}}));
  // The next run finds the reduced one, and leaves it out.
  const auto found =
      parse_discovery("homeassistant", device, main_topic, discovery_payload(reduced.at(main_topic)));
  REQUIRE(found);
  CHECK(with_removals(of({test::clamp()}), {{main_topic, *found}}) == of({test::clamp()}));
}

TEST_CASE("only our own discovery messages are taken, and only if they are some") {
  const std::string good = R"({"cmps":{"a":{"p":"sensor"}}})";
  const auto taken = [](std::string_view topic, std::string_view payload) {
    return parse_discovery("homeassistant", device, topic, payload).has_value();
  };
  CHECK(taken(main_topic, good));
  CHECK(taken(kube_topic, good));
  for (const char* topic :
       {"homeassistant/device/flm_ffffff/config", "homeassistant/device/flm_9a3b6a/x/config",
        "homeassistant/device/flm_9a3b6a/kube_/config", "homeassistant/device/flm_9a3b6a/kube_100/config",
        "homeassistant/device/flm_9a3b6a", "homeassistant/device/flm_9a3b6a/kube_/x/config"}) {
    INFO(topic);
    CHECK_FALSE(taken(topic, good));
  }
  for (const char* payload : {"", "{", "[]", "{}", R"({"cmps":[]})", R"({"cmps":{"a b":{"p":"sensor"}}})",
                              R"({"cmps":{"a":1}})", "\xFF"}) {
    INFO(payload);
    CHECK_FALSE(taken(main_topic, payload));
  }
}

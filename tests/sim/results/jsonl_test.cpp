// sim/results/jsonl.md against what to_json() writes.
#include <catch2/catch.hpp>

#include <array>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "protocol/jeenode.hpp"
#include "protocol/kube.hpp"
#include "protocol/p1.hpp"
#include "tools/mainboard/readings/p1_text.hpp"
#include "tools/mainboard/readings/record_json.hpp"

using namespace flm;
using namespace flm::sim;
using namespace flm::mainboard;
using nlohmann::json;

namespace {

/// Type of each key by its path, "meter.refused.crc": "integer".
using Types = std::map<std::string, std::string>;

/// The keys of the page's tables, and lines of its examples.
struct Page {
  Types types;
  std::vector<std::string> examples;
};

Page page() {
  Page page;
  std::ifstream in(FLM_SOURCE_DIR "/sim/results/jsonl.md");
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("    {")) page.examples.push_back(line.substr(4));
    if (!line.starts_with("| `")) continue;
    const std::size_t end = line.find('`', 3), type = end + 4;
    const auto [_, is_new] =
        page.types.emplace(line.substr(3, end - 3), line.substr(type, line.find(" |", type) - type));
    CAPTURE(line);
    CHECK(is_new);
  }
  return page;
}

/// A device's name, "gas_l" and "warm_water_time", as the page's "DEVICE_l" and "DEVICE_time".
std::string without_device(const std::string& key) {
  for (unsigned type = 1; type < 256; ++type) {
    std::string name = p1_device_name(static_cast<std::uint8_t>(type));
    std::replace(name.begin(), name.end(), ' ', '_');
    if (key.starts_with(name + "_") && key.find('_', name.size() + 1) == key.npos)
      return "DEVICE" + key.substr(name.size());
  }
  return key;
}

void collect(const json& object, const std::string& path, Types& types) {
  for (const auto& [key, value] : object.items()) {
    const std::string name = path == "meter." ? without_device(key) : key;
    std::string& type = types[path + name];
    if (value.is_object())
      type = "object", collect(value, path + name + ".", types);
    else if (value.is_boolean() || value.is_string())
      type = value.is_boolean() ? "boolean" : "string";
    else if (type.empty() || value.is_number_float())  // a number that can be whole is a number
      type = value.is_number_float() ? "number" : "integer";
  }
}

void collect(const Record& record, Types& types) { collect(json::parse(to_json(record)), "", types); }

Reading reading(bool pulse, std::uint16_t milli, bool clipped = false) {
  Reading r;
  r.t = 1.5;
  r.sensor = 1;
  r.milli = milli;
  r.kind = pulse ? SensorKind::pulse : SensorKind::clamp;
  r.clipped = clipped;
  return r;
}

/// A smart meter's report in which every kind of error has been counted.
MeterReport report(std::uint8_t device) {
  MeterReport r;
  r.t = 1.0;
  r.fields.assign(MeterReport::count, 1);
  r.fields[0] = device;
  return r;
}

RadioPacket packet(const std::vector<std::uint8_t>& payload) {
  std::array<std::uint8_t, 80> frame{};
  const std::uint8_t size = protocol::jeenode::build(frame.data(), 212, 2, payload.data(), payload.size());
  return RadioPacket{1.0, {frame.begin(), frame.begin() + size}};
}

}  // namespace

TEST_CASE("jsonl.md has every key of every record with its type, and no other") {
  Types types;
  collect(reading(true, 0), types);
  collect(reading(false, 500, true), types);
  for (const std::uint8_t device : {protocol::p1::device::gas, protocol::p1::device::heat})
    collect(report(device), types);
  for (const protocol::kube::Row& row : protocol::kube::table())
    // 0x6b is a value for every formula, and fractions of all that can have any.
    collect(packet(std::vector<std::uint8_t>(row.length, 0x6B)), types);
  collect(SerialBytes{1.0, {0x30}}, types);
  collect(Reply{1.0, "gc 0", "gc 0 1234"}, types);
  CHECK(page().types == types);
}

TEST_CASE("the examples of jsonl.md are lines with keys of its tables") {
  const Page p = page();
  REQUIRE(p.examples.size() >= 6);
  for (const std::string& example : p.examples) {
    CAPTURE(example);
    Types types;
    collect(json::parse(example), "", types);
    for (const auto& [key, type] : types) {
      CAPTURE(key);
      REQUIRE(p.types.contains(key));
      CHECK((p.types.at(key) == type || (p.types.at(key) == "number" && type == "integer")));
    }
  }
}

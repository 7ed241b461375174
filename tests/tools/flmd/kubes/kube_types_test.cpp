#include "tools/flmd/kubes/kube_types.hpp"

#include <catch2/catch.hpp>

#include <cmath>
#include <random>

#include "tests/field_data.hpp"

using namespace flm;
using namespace flm::flmd;
using flm::test::bytes_of_hex;

namespace {

std::map<std::string, history::Milli> values(const KubePacket& packet, const std::uint8_t* payload) {
  std::map<std::string, history::Milli> named;
  for (const auto& [index, value] : packet.measure(payload))
    named[std::string(packet.values[index].type)] = value;
  return named;
}

std::map<std::string, history::Milli> values(const KubeTypes& types, int type, const std::string& hex) {
  const auto bytes = bytes_of_hex(hex);
  const KubePacket* packet = types.find(type)->packet(bytes.size());
  REQUIRE(packet != nullptr);
  return values(*packet, bytes.data());
}

/// A registry of one kube with these lines in it; the packet's are 7 to 9.
std::string registry(const std::string& kube, const std::string& packet) {
  return "# my kubes\n[[kube]]\ntype = 19300\n" + kube + "\n[[kube.packet]]\n" + packet + "\n";
}

std::string complaint(const std::string& text) {
  KubeTypes types;
  try {
    types.add("my.toml", text);
  } catch (const InputError& error) {
    CHECK(types.find(19300) == nullptr);
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("the program's types say what the protocol's table says, of any payload") {
  const KubeTypes types;
  std::mt19937 random(31);
  int compared = 0;
  for (const protocol::kube::Row& row : protocol::kube::table()) {
    const KubePacket* packet = types.find(row.type)->packet(row.length);
    REQUIRE(packet != nullptr);
    CHECK(types.find(row.type)->name == row.name);
    for (int round = 0; round < 500; ++round) {
      std::uint8_t payload[9];
      for (auto& byte : payload) byte = static_cast<std::uint8_t>(random());
      const auto named = values(*packet, payload);
      const protocol::kube::Readings readings = protocol::kube::decode(row, payload);
      for (int i = 0; i < readings.count; ++i) {
        const std::string name = readings.list[i].name;
        std::string type = name.substr(0, name.find('_'));
        if (type == "movements" || type == "vibrations") type.pop_back();
        if (!readings.list[i].valid || named.count(type) == 0 || name.ends_with("_error")) continue;
        CAPTURE(name);
        // Rounded to one decimal at the coarsest.
        REQUIRE(std::abs(static_cast<double>(named.at(type)) / 1000 - readings.list[i].value) <= 0.0501);
        ++compared;
      }
    }
  }
  CHECK(compared >= 500 * 8);  // five of FLK01B's first packet, and movement, vibration, three of FLK01A
}

TEST_CASE("values are rounded as stock does: two decimals of temperature, one of humidity and battery") {
  const KubeTypes types;
  // -46.85 + 175.72 * 0x6666 / 65536 = 23.4369, -6 + 125 * 0x7000 / 65536 = 48.6875, 27.43 * 10 ^ -1.04
  // = 2.5017
  const auto kube = values(types, 19217, "666600700a01");
  CHECK(kube.at("temperature") == 23'440);
  CHECK(kube.at("humidity") == 48'700);
  CHECK(kube.at("battery") == 2'500);
  CHECK(kube.at("error") == 1'000);
}

TEST_CASE("an FLK01B's seven error bits are one value") {
  const KubeTypes types;
  CHECK(values(types, 19218, "0000000000000000fe").at("error") == 127'000);
}

TEST_CASE("a battery's number that has no voltage gives none") {
  const KubeTypes types;
  CHECK(values(types, 19217, "000000000000").count("battery") == 0);
}

TEST_CASE("a file adds types, and replaces those of the program") {
  KubeTypes types;
  types.add("my.toml",
            registry("name = \"Garden\"",
                     "length = 3\nfields = [{bits = 4}, {sensor = \"temperature\", unit = \"°C\", bits = "
                     "12, signed = true, scale = 0.1, decimals = 1}, {sensor = \"movement\", bits = 8, "
                     "counter = true}]"));
  const KubeType* garden = types.find(19300);
  REQUIRE(garden != nullptr);
  CHECK(types.name(19300) == "Garden");
  CHECK(types.name(19301) == "type 19301");
  CHECK(garden->sensor_types() == std::set<std::string_view>{"temperature", "movement"});
  // Bits from the least significant one: 12 bits 0xFFB after the low four of the first byte are -5.
  const auto named = values(types, 19300, "b0ff07");
  CHECK(named.at("temperature") == -500);
  CHECK(named.at("movement") == 7'000);
  CHECK(garden->packet(3)->values[1].counter);

  types.add("my.toml",
            "[[kube]]\ntype = 19217\nname = \"Mine\"\n[[kube.packet]]\nlength = 1\nfields = [{bits = 8}]\n");
  CHECK(types.name(19217) == "Mine");
  CHECK(types.find(19217)->packet(6) == nullptr);
}

TEST_CASE("a mistake in a registry is named with file, line, key and what is allowed") {
  const std::string name = "name = \"Garden\"";
  CHECK(complaint(registry("", "length = 1\nfields = [{bits = 8}]")) ==
        "my.toml:2: [[kube]] key 'name' is missing; allowed: 1 to 32 letters, digits, blanks, '-', '_'");
  CHECK_THAT(complaint(registry("name = \"<b>\"", "length = 1\nfields = [{bits = 8}]")),
             Catch::Contains("my.toml:4: [[kube]] key 'name' is no name"));
  CHECK_THAT(complaint(registry(name + "\nfirmware = \"../x\"", "length = 1\nfields = [{bits = 8}]")),
             Catch::Contains("key 'firmware' is no beginning of a file's name"));
  CHECK_THAT(
      complaint(registry(name, "length = 2\nfields = [{bits = 8}]")),
      Catch::Contains("my.toml:7: [[kube.packet]] key 'fields' have 8 bits in all; allowed: 16 for 2 bytes"));
  CHECK_THAT(complaint(registry(name, "length = 67\nfields = [{bits = 8}]")),
             Catch::Contains("key 'length'"));
  CHECK_THAT(complaint(registry(name, "length = 1\nfields = []")), Catch::Contains("is no list of tables"));
  CHECK_THAT(complaint(registry(name, "length = 1\nfields = [{bits = 8, unit = \"V\"}]")),
             Catch::Contains("my.toml:7: fields key 'unit' stands without a sensor; allowed: sensor too"));
  CHECK_THAT(complaint(registry(name, "length = 1\nfields = [{sensor = \"light\", bits = 33}]")),
             Catch::Contains("key 'bits'"));
  CHECK_THAT(complaint(registry(name, "length = 1\nfields = [{sensor = \"lihgt\", bits = 8}]")),
             Catch::Contains("light"));
  CHECK_THAT(complaint(registry(name,
                                "length = 2\nfields = [{sensor = \"light\", bits = 8}, {sensor = \"light\", "
                                "bits = 8}]")),
             Catch::Contains("key 'sensor' is light a second time"));
  CHECK_THAT(complaint(registry(name, "length = 1\nfields = [{sensor = \"light\", bits = 8, divisor = 0}]")),
             Catch::Contains("key 'divisor'"));
  CHECK_THAT(complaint(registry(name, "length = 1\nfields = [{sensor = \"light\", bits = 8, colour = 1}]")),
             Catch::Contains("'colour'"));
  CHECK_THAT(complaint("[[kubes]]\n"), Catch::Contains("my.toml:1:") && Catch::Contains("'kube'"));
  CHECK_THAT(complaint(registry(name,
                                "length = 1\nfields = [{bits = 8}]\n[[kube.packet]]\nlength = 1\nfields = "
                                "[{bits = 8}]")),
             Catch::Contains("key 'length' is 1 a second time of Garden; allowed: each once"));
}

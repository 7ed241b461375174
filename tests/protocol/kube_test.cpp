#include "protocol/kube.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <cstdio>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "protocol/jeenode.hpp"
#include "tests/field_data.hpp"

using namespace flm::protocol;
using flm::test::bytes_of_hex;

namespace {

std::map<std::string, double> values(const kube::Row& row, const std::uint8_t* payload) {
  const kube::Readings readings = kube::decode(row, payload);
  std::map<std::string, double> named;
  for (int i = 0; i < readings.count; ++i)
    if (readings.list[i].valid) named[readings.list[i].name] = readings.list[i].value;
  return named;
}
std::map<std::string, double> values(std::uint16_t type, const std::string& hex) {
  const auto bytes = bytes_of_hex(hex);
  const kube::Row* row = kube::find(type, bytes.size());
  REQUIRE(row != nullptr);
  return values(*row, bytes.data());
}

}  // namespace

TEST_CASE("every kube's fields fill its payload exactly") {
  for (const kube::Row& row : kube::table()) {
    unsigned bits = 0;
    for (const kube::Field& field : row.fields) bits += field.bits;
    CHECK(bits == 8u * row.length);
  }
}

TEST_CASE("an FLK01A reports temperature, humidity and battery") {
  // By the HTU21D's data sheet, and the kube's own formula for its battery, in Python:
  // -46.85 + 175.72 * 0x6666 / 65536, -6 + 125 * 0x7000 / 65536, 27.43 * 10 ** -1.04
  const auto kube = values(kube::flk01a, "666600700a01");
  CHECK(kube.at("temperature_c") == Approx(23.437).margin(0.001));
  CHECK(kube.at("humidity_pct") == Approx(48.6875));
  CHECK(kube.at("battery_v") == Approx(2.5017).margin(0.0002));
  CHECK(kube.at("error") == 1);
}

TEST_CASE(
    "an FLK01B reports pressure, humidity, light, temperature, battery and errors from one stream of bits") {
  // 20 bits 405300 (101325 Pa), 12 bits 0x800 (56.5 %), 16 bits 1000 (250 lx), 14 bits 6400 (21.79 C), 3 bits
  // 2, 7 bits 0x41: in Python, sum of x << place over 72 bits, to_bytes(9, "little").hex(); 26.93 * 10.5 **
  // -0.985
  std::vector<std::uint8_t> payload(9);
  unsigned place = 0;
  for (const auto& [value, bits] : std::vector<std::pair<unsigned, unsigned>>{
           {405300, 20}, {0x800, 12}, {1000, 16}, {6400, 14}, {2, 3}, {0x41, 7}})
    for (unsigned bit = 0; bit < bits; ++bit, ++place)
      payload[place / 8] = static_cast<std::uint8_t>(payload[place / 8] | (value >> bit & 1U) << place % 8);
  const auto kube = values(*kube::find(kube::flk01b, 9), payload.data());
  CHECK(kube.at("pressure_pa") == 101325);
  CHECK(kube.at("humidity_pct") == Approx(56.5));
  CHECK(kube.at("light_lx") == 250);
  CHECK(kube.at("temperature_c") == Approx(21.7906).margin(0.0001));
  CHECK(kube.at("battery_v") == Approx(2.6568).margin(0.001));
  CHECK(kube.at("temperature_error") == 1);
  CHECK(kube.at("humidity_error") == 0);
  CHECK(kube.at("watchdog") == 1);
}

TEST_CASE("movements and vibrations are counts") {
  CHECK(values(kube::flk01a, "78563412").at("movements") == 0x12345678);
  CHECK(values(kube::flk01b, "ffffffff").at("movements") == 4294967295.0);
  CHECK(values(kube::flk01b, "3412").at("vibrations") == 0x1234);
}

TEST_CASE("a kube whose type is not known is known by its length, and only by a length that a kube has") {
  CHECK(kube::find(0, 6)->type == kube::flk01a);
  CHECK(kube::find(0, 9)->type == kube::flk01b);
  CHECK(kube::find(0, 4)->fields[0].bits == 32);
  for (std::size_t length = 0; length <= 66; ++length) {
    bool known = false;
    for (const kube::Row& row : kube::table()) known = known || row.length == length;
    CAPTURE(length);
    CHECK((kube::find(0, length) != nullptr) == known);
  }
  CHECK(kube::find(kube::flk01a, 9) == nullptr);
  CHECK(kube::find(1, 9) == nullptr);
}

TEST_CASE("a battery's number that has no voltage gives none") {
  CHECK(values(kube::flk01a, "000000000000").count("battery_v") == 0);
  CHECK(values(kube::flk01a, "000000000000").count("temperature_c") == 1);
}

TEST_CASE("any payload gives finite numbers inside of what its bits can say") {
  std::mt19937 random(21);
  for (int round = 0; round < 2000; ++round) {
    std::uint8_t payload[9];
    for (auto& byte : payload) byte = static_cast<std::uint8_t>(random());
    for (const kube::Row& row : kube::table())
      for (const auto& [name, value] : values(row, payload)) REQUIRE(std::isfinite(value));
    const auto kube = values(*kube::find(kube::flk01b, 9), payload);
    REQUIRE(kube.at("temperature_c") >= -46.86);
    REQUIRE(kube.at("temperature_c") < 128.87);
    REQUIRE(kube.at("humidity_pct") < 119);
    REQUIRE(kube.at("pressure_pa") < 262144);
  }
}

TEST_CASE("nodes of other makers are rows too: eight hours in the field decode to the published values") {
  // Layouts: the decoders that the recording's INDEX.tsv names (JeeLabs roomNode, radioBlip, otRelay).
  static constexpr kube::Row room = {
      0,
      "roomNode",
      4,
      {kube::linear("light", 8), kube::linear("moved", 1), kube::linear("humi", 7),
       kube::signed_linear("temp", 10, 0.1), kube::linear("lobat", 1)}};
  static constexpr kube::Row blip = {0, "radioBlip", 4, {kube::linear("ping", 32)}};
  static constexpr kube::Row relay = {
      0, "otRelay", 3, {kube::linear("id", 8), kube::signed_linear("value", 16)}};
  int compared = 0;
  for (const flm::test::JeelabsRow& line : flm::test::jeelabs_rows()) {
    for (const kube::Row* row : {&room, &blip, &relay}) {
      if (line.kind != row->name) continue;
      const jeenode::Packet packet = jeenode::decode(line.frame.data());
      if (packet.length != row->length) continue;
      const auto named = values(*row, packet.payload);
      for (const std::string& pair : flm::test::split(line.decoded, ' ')) {
        const auto parts = flm::test::split(pair, '=');
        INFO(line.kind << ' ' << line.decoded);
        double published = std::stod(parts.at(1));
        if (parts[0] == "value" && published > 32767) published -= 65536;
        REQUIRE(named.at(parts[0]) == Approx(published).margin(1e-9));
        ++compared;
      }
    }
  }
  CHECK((compared == 0 || compared > 8000));  // 805 rooms of five values, 440 blips, 2117 relays of two
}

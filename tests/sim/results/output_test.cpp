#include "sim/results/output.hpp"

#include <catch2/catch.hpp>

#include <array>

#include "protocol/jeenode.hpp"
#include "tools/mainboard/readings/packet_view.hpp"
#include "tools/mainboard/readings/record_json.hpp"

using namespace flm;
using namespace flm::sim;

namespace {

std::string json_of(const std::vector<std::uint8_t>& payload) {
  std::array<std::uint8_t, 80> frame{};
  const std::uint8_t size = protocol::jeenode::build(frame.data(), 212, 2, payload.data(), payload.size());
  return to_json(RadioPacket{1.0, {frame.begin(), frame.begin() + size}});
}

}  // namespace

TEST_CASE("a kube's whole numbers have all their digits, up to 32 bits") {
  CHECK_THAT(json_of({0x40, 0x42, 0x0F, 0x00}), Catch::Contains(R"("movements":1000000})"));
  CHECK_THAT(json_of({0x15, 0xCD, 0x5B, 0x07}), Catch::Contains(R"("movements":123456789})"));
  CHECK_THAT(json_of({0xFF, 0xFF, 0xFF, 0xFF}), Catch::Contains(R"("movements":4294967295})"));
  CHECK_THAT(json_of({0xFF, 0xFF}), Catch::Contains(R"("vibrations":65535})"));
}

TEST_CASE("a pressure is printed in its quarters of a pascal, and what a formula gives to six digits") {
  // 20 bits of pressure: 405 301 quarters are 101 325.25 Pa; 12 bits of humidity: 2048 is 125 / 2 - 6 %;
  // light: 65 535 quarters.
  const std::uint32_t raw = 405301u | 2048u << 20;
  const std::string json = json_of({static_cast<std::uint8_t>(raw), static_cast<std::uint8_t>(raw >> 8),
                                    static_cast<std::uint8_t>(raw >> 16),
                                    static_cast<std::uint8_t>(raw >> 24), 0xFF, 0xFF, 0, 0, 0});
  CHECK_THAT(
      json,
      Catch::Contains(
          R"("pressure_pa":101325.25,"humidity_pct":56.5,"light_lx":16383.75,"temperature_c":-46.85,)"));
}

TEST_CASE("numbers in tables and in JSON") {
  CHECK(value_text(0.0) == "0");
  CHECK(value_text(-3.0) == "-3");
  CHECK(value_text(1234567.75) == "1234567.75");
  CHECK(value_text(21.123456789) == "21.1235");
}

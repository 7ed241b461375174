#include "protocol/crc16.hpp"

#include <catch2/catch.hpp>
#include <string>

using flm::protocol::crc16_arc;

namespace {
std::uint16_t crc_of(const std::string& text) {
  std::uint16_t crc = 0;
  for (const char c : text) crc = crc16_arc(crc, static_cast<std::uint8_t>(c));
  return crc;
}
}  // namespace

TEST_CASE("the check value of CRC-16/ARC") { CHECK(crc_of("123456789") == 0xBB3D); }

TEST_CASE("a message followed by its CRC-16, low byte first, leaves zero") {
  std::string text = "any message";
  const std::uint16_t crc = crc_of(text);
  text += static_cast<char>(crc & 0xFF);
  text += static_cast<char>(crc >> 8);
  CHECK(crc_of(text) == 0);
}

TEST_CASE("the CRC without a loop is the CRC, for every value and byte that differ in its rounds") {
  const auto bit_by_bit = [](unsigned crc, unsigned byte) {
    crc ^= byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc & 1) != 0 ? crc >> 1 ^ 0xA001 : crc >> 1;
    return crc;
  };
  const auto same = [&](unsigned crc, unsigned byte) {
    return crc16_arc(static_cast<std::uint16_t>(crc), static_cast<std::uint8_t>(byte)) ==
           bit_by_bit(crc, byte);
  };
  for (unsigned crc = 0; crc < 0x10000; ++crc) REQUIRE(same(crc, crc * 7 >> 3 & 0xFF));
  for (unsigned byte = 0; byte < 0x100; ++byte) REQUIRE((same(0, byte) && same(0xFFFF, byte)));
}

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

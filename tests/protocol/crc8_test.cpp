#include "protocol/crc8.hpp"

#include <catch2/catch.hpp>
#include <string>

#include "tests/protocol/messages.hpp"

using flm::protocol::crc8_maxim;
using flm::test::crc8;

namespace {
std::uint8_t crc_of(const std::string& text) {
  std::uint8_t crc = 0;
  for (const char c : text) crc = crc8_maxim(crc, static_cast<std::uint8_t>(c));
  return crc;
}
}  // namespace

TEST_CASE("the check value of CRC-8/MAXIM-DOW is 0xA1") {
  CHECK(crc_of("123456789") == 0xA1);
  CHECK(crc_of("") == 0);
}

TEST_CASE("the CRC of every single byte is that of a division done bit by bit, most significant first") {
  for (unsigned byte = 0; byte < 256; ++byte) {
    const std::string text(1, static_cast<char>(byte));
    REQUIRE(crc_of(text) == crc8(text));
  }
}

TEST_CASE("a 1-Wire ROM code with its CRC after it leaves zero") {
  // Maxim application note 27, figure 5: ROM code A2 00 00 00 01 B8 1C 02.
  CHECK(crc_of({'\x02', '\x1C', '\xB8', '\x01', '\0', '\0', '\0'}) == 0xA2);
  CHECK(crc_of({'\x02', '\x1C', '\xB8', '\x01', '\0', '\0', '\0', '\xA2'}) == 0);
}

TEST_CASE("CRCs of recorded messages and replies") {
  // As tests/protocol/recorded_exchanges.hpp has them.
  CHECK(crc_of("gh") == 0x93);
  CHECK(crc_of("gh000202") == 0x77);
  CHECK(crc_of("sp000102030405") == 0xE6);
  CHECK(crc_of("sm001429") == 0x10);
  CHECK(crc_of("gd") == 0x30);
  CHECK(crc_of("zz") == 0xD7);
}

#include "protocol/hex.hpp"

#include <catch2/catch.hpp>
#include <cstdlib>

using namespace flm::protocol;

TEST_CASE("digits are written in lower case") {
  const char digits[] = "0123456789abcdef";
  for (std::uint8_t value = 0; value < 16; ++value) CHECK(hex_digit(value) == digits[value]);
}

TEST_CASE("every character is a digit exactly when the C library says so, and has the value that it gives") {
  for (unsigned code = 1; code < 256; ++code) {
    const char text[2] = {static_cast<char>(code), 0};
    char* end = nullptr;
    const unsigned long value = std::strtoul(text, &end, 16);
    const bool digit = end != text;
    CAPTURE(code);
    REQUIRE(hex_value(text[0]) == (digit ? value : not_hex));
  }
  CHECK(hex_value('\0') == not_hex);
}

// Hexadecimal digits, as the control link writes numbers.
#pragma once
#include <stdint.h>

#include "toolchain/attributes.hpp"

namespace flm {
namespace protocol {

/// The digit of a value 0..15, lower case.
FLM_NODISCARD constexpr char hex_digit(uint8_t value) {
  return static_cast<char>(value < 10 ? '0' + value : 'a' + (value - 10));
}

/// Result of hex_value for a character that is not a digit.
constexpr uint8_t not_hex = 0xFF;

/// The value of a digit of either case, or not_hex.
FLM_NODISCARD constexpr uint8_t hex_value(char digit) {
  return digit >= '0' && digit <= '9'   ? static_cast<uint8_t>(digit - '0')
         : digit >= 'a' && digit <= 'f' ? static_cast<uint8_t>(digit - 'a' + 10)
         : digit >= 'A' && digit <= 'F' ? static_cast<uint8_t>(digit - 'A' + 10)
                                        : not_hex;
}

}  // namespace protocol
}  // namespace flm

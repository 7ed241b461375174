// CRC-16 of stored records, smart meter telegrams and radio packets.
#pragma once
#include <stdint.h>

#include "protocol/attributes.hpp"

namespace flm {
namespace protocol {

/// CRC-16/ARC: x^16 + x^15 + x^2 + 1, reflected 0xA001, initial value 0 here, final XOR 0. "123456789" gives 0xBB3D. Finds every
/// error within 16 neighbouring bits. Adds one byte to a running value.
FLM_NODISCARD constexpr uint16_t crc16_arc(uint16_t crc, uint8_t byte) {
  crc = static_cast<uint16_t>(crc ^ byte);
  for (uint8_t bit = 0; bit < 8; ++bit)
    crc = static_cast<uint16_t>((crc & 1) != 0 ? (crc >> 1) ^ 0xA001u : crc >> 1);
  return crc;
}

/// A running value as two bytes, for interrupts on 8-bit machines.
struct Crc16Arc {
  uint8_t low, high;
  /// Adds a byte without a loop: the 8 rounds together shift the low byte out, and add x = low ^ byte at the places 6 and 7, and
  /// 0xC001 when x has an odd number of ones. About 40 cycles on the AVR, where the loop takes 80 to 100.
  FLM_INLINE constexpr void add(uint8_t byte) {
    const uint8_t x = static_cast<uint8_t>(low ^ byte);
    uint8_t odd = static_cast<uint8_t>(x << 4 | x >> 4);
    odd = static_cast<uint8_t>(odd ^ x);
    odd = static_cast<uint8_t>(odd ^ static_cast<uint8_t>(odd >> 2));
    odd = static_cast<uint8_t>(odd ^ static_cast<uint8_t>(odd >> 1));
    odd = static_cast<uint8_t>(odd & 1);
    const uint8_t half = static_cast<uint8_t>(x >> 1);
    const uint8_t quarter = static_cast<uint8_t>(half >> 1);
    const uint8_t top = static_cast<uint8_t>(static_cast<uint8_t>(x + x) ^ x);  // its bits 0 and 1 go to 6 and 7
    low = static_cast<uint8_t>(high ^ odd);
    if ((top & 1) != 0) low = static_cast<uint8_t>(low ^ 0x40);
    if ((top & 2) != 0) low = static_cast<uint8_t>(low ^ 0x80);
    high = static_cast<uint8_t>(half ^ quarter);
    if (odd != 0) high = static_cast<uint8_t>(high ^ 0xC0);
  }
};

}  // namespace protocol
}  // namespace flm

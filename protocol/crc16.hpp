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

/// The same without a loop, for interrupts: the 8 rounds together shift the low byte out, and add x = low ^ byte at the places 6 and
/// 7, and 0xC001 when x has an odd number of ones. 35 cycles instead of 80 to 100 on the AVR, and 60 bytes instead of 24.
FLM_NODISCARD FLM_INLINE constexpr uint16_t crc16_arc_at_once(uint16_t crc, uint8_t byte) {
  const uint8_t x = static_cast<uint8_t>(crc ^ byte);
  uint8_t odd = static_cast<uint8_t>(x ^ (x << 4 | x >> 4));
  odd = static_cast<uint8_t>(odd ^ odd >> 2);
  odd = static_cast<uint8_t>((odd ^ odd >> 1) & 1);
  const uint8_t halved = static_cast<uint8_t>(x >> 1);
  const uint8_t high = static_cast<uint8_t>(halved ^ halved >> 1 ^ (odd != 0 ? 0xC0 : 0));
  const uint8_t doubled = static_cast<uint8_t>(x << 1 ^ x);  // of x << 6 and x << 7, the low byte: x ^ 2x, six places up
  const uint8_t low = static_cast<uint8_t>(crc >> 8 ^ static_cast<uint8_t>((doubled & 3) << 6) ^ odd);
  return static_cast<uint16_t>(high << 8 | low);
}

}  // namespace protocol
}  // namespace flm

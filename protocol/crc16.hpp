// CRC-16 of stored records, smart meter telegrams and radio packets.
#pragma once
#include <stdint.h>

#if __has_include(<util/crc16.h>)  // avr-libc
#define FLM_HAS_CRC16_UPDATE
static inline uint16_t _crc16_update(uint16_t, uint8_t)
    __attribute__((always_inline));  // a call would cost as much again
static inline uint16_t _crc_ccitt_update(uint16_t, uint8_t) __attribute__((always_inline));
#include <util/crc16.h>
#endif

#include "toolchain/attributes.hpp"

namespace flm {
namespace protocol {

/// CRC-16/ARC: x^16 + x^15 + x^2 + 1, reflected 0xA001, initial value 0 here, final XOR 0. "123456789" gives
/// 0xBB3D. Finds every error within 16 neighbouring bits. Adds one byte to a running value: 21 cycles on the
/// AVR, avr-libc's.
#if defined(FLM_HAS_CRC16_UPDATE)
FLM_NODISCARD FLM_INLINE uint16_t crc16_arc(uint16_t crc, uint8_t byte) { return _crc16_update(crc, byte); }
#else
/// Without a loop: its eight rounds fold into two shifts and a parity, since 0xA001 has no bit between 13 and
/// 0: table[x] = x << 6 ^ x << 7 ^ (x has an odd number of ones ? 0xC001 : 0).
FLM_NODISCARD FLM_INLINE constexpr uint16_t crc16_arc(uint16_t crc, uint8_t byte) {
  const uint8_t x = static_cast<uint8_t>(byte ^ crc);
  uint8_t ones = static_cast<uint8_t>(x ^ static_cast<uint8_t>(x << 4 | x >> 4));
  ones = static_cast<uint8_t>(ones ^ ones >> 2);
  ones = static_cast<uint8_t>(ones ^ ones >> 1);
  const uint16_t half = static_cast<uint16_t>(static_cast<uint16_t>(x << 8) >> 1);
  const uint16_t next = static_cast<uint16_t>(crc >> 8 ^ half ^ half >> 1);
  return (ones & 1) != 0 ? static_cast<uint16_t>(next ^ 0xC001u) : next;
}
#endif

/// crc16_arc as a function of its own: less flash where it is called seldom.
FLM_NODISCARD FLM_OUTLINE inline uint16_t crc16_arc_seldom(uint16_t crc, uint8_t byte) {
  return crc16_arc(crc, byte);
}

}  // namespace protocol
}  // namespace flm

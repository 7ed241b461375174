// CRC-8 of the control link.
#pragma once
#include <stdint.h>

#include "toolchain/attributes.hpp"

namespace flm {
namespace protocol {

/// CRC-8/MAXIM-DOW (Dallas 1-Wire, Maxim application note 27): x^8 + x^5 + x^4 + 1, reflected 0x8C, initial
/// value 0, final XOR 0. "123456789" gives 0xA1. Adds one byte to a running value: what each of its bits
/// leaves, worked out in advance, which is 33 cycles on the AVR and needs no table.
FLM_NODISCARD FLM_OUTLINE constexpr uint8_t crc8_maxim(uint8_t crc, uint8_t byte) {
  const uint8_t x = static_cast<uint8_t>(crc ^ byte);
  crc = 0;
  if ((x & 0x01) != 0) crc ^= 0x5E;
  if ((x & 0x02) != 0) crc ^= 0xBC;
  if ((x & 0x04) != 0) crc ^= 0x61;
  if ((x & 0x08) != 0) crc ^= 0xC2;
  if ((x & 0x10) != 0) crc ^= 0x9D;
  if ((x & 0x20) != 0) crc ^= 0x23;
  if ((x & 0x40) != 0) crc ^= 0x46;
  if ((x & 0x80) != 0) crc ^= 0x8C;
  return crc;
}

}  // namespace protocol
}  // namespace flm

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

}  // namespace protocol
}  // namespace flm

// CRC-8 of the control link.
#pragma once
#include <stdint.h>

#include "protocol/attributes.hpp"

namespace flm {
namespace protocol {

/// CRC-8/MAXIM-DOW (Dallas 1-Wire, Maxim application note 27): x^8 + x^5 + x^4 + 1, reflected 0x8C, initial value 0, final
/// XOR 0. "123456789" gives 0xA1. Adds one byte to a running value.
FLM_NODISCARD constexpr uint8_t crc8_maxim(uint8_t crc, uint8_t byte) {
  crc = static_cast<uint8_t>(crc ^ byte);
  for (uint8_t bit = 0; bit < 8; ++bit)
    crc = static_cast<uint8_t>((crc & 1) != 0 ? (crc >> 1) ^ 0x8C : crc >> 1);
  return crc;
}

}  // namespace protocol
}  // namespace flm

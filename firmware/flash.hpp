// Constants that stay in flash: the controller would copy others to RAM.
#pragma once
#include <stdint.h>

#if __has_include(<avr/pgmspace.h>)  // avr-libc
#include <avr/pgmspace.h>
/// Of a constant at namespace scope; it is read by flash_byte() only.
#define FLM_FLASH PROGMEM
#else
#define FLM_FLASH
#endif

#include "toolchain/attributes.hpp"

namespace flm {

FLM_NODISCARD inline uint8_t flash_byte(const uint8_t* address) {
#if defined(PROGMEM)
  return pgm_read_byte(address);
#else
  return *address;
#endif
}

}  // namespace flm

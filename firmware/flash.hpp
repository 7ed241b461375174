// Constants that stay in flash: the controller would copy others to RAM.
#pragma once
#include <stdint.h>

#if __has_include(<avr/pgmspace.h>)  // avr-libc
#include <avr/pgmspace.h>
/// Puts a constant of namespace scope into flash; only flash_byte() reads it there.
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

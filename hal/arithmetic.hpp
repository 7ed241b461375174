// Addition of a square to a sum, as the sampling interrupt needs it, for a HAL that has no faster way.
#pragma once
#include <stdint.h>

#include "toolchain/attributes.hpp"

namespace flm {
namespace hal {

/// Square of a 10-bit number (an ADC code, or the difference of two): three 8-bit multiplications, no shifts.
FLM_NODISCARD FLM_INLINE constexpr uint32_t square_10_bits(uint16_t x) {
  const uint8_t low = static_cast<uint8_t>(x);
  const uint8_t high = static_cast<uint8_t>(x >> 8);
  const uint16_t low_square = static_cast<uint16_t>(low * low);
  const uint16_t cross = static_cast<uint16_t>(low * high);
  const uint8_t high_square = static_cast<uint8_t>(high * high);
  const uint16_t upper =
      static_cast<uint16_t>((low_square >> 8) + cross + cross + static_cast<uint16_t>(high_square << 8));
  return static_cast<uint32_t>(upper) << 8 | static_cast<uint8_t>(low_square);
}

/// `Arithmetic` of a HAL, unless it has a faster one with the same results.
struct PortableArithmetic {
  FLM_INLINE static void add_square(uint32_t& sum, uint16_t x) { sum += square_10_bits(x); }
};

}  // namespace hal
}  // namespace flm

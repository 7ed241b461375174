// Integer arithmetic that the meter needs and C++ lacks. Nothing of 64 bits, no floating point.
#pragma once
#include <stdint.h>

#include "toolchain/attributes.hpp"

namespace flm {
namespace metering {

/// 16 by 16 bits. Outlined: otherwise the compiler makes 32 by 32 bits of halves that it has just cut off.
FLM_NODISCARD constexpr uint32_t multiply_16(uint16_t a, uint16_t b) { return static_cast<uint32_t>(a) * b; }
FLM_NODISCARD constexpr int32_t multiply_signed(int16_t a, int16_t b) { return static_cast<int32_t>(a) * b; }

/// Outlined: of 32 bits reached by address it takes 36 bytes.
FLM_OUTLINE inline void increment(uint32_t& number) { ++number; }

/// The most that multiply_q16 gives.
constexpr uint32_t product_limit = 0x7FFFFFFFu;

/// a * b / 2^16, rounded down, product_limit when it is more than that. Bit by bit, in 280 cycles and 20 for
/// each bit of b above 2^16: the compiler's product of 64 bits takes 260, but 12 bytes more of the stack,
/// where it is deepest.
FLM_NODISCARD FLM_OUTLINE constexpr uint32_t multiply_q16(uint32_t a, uint32_t b) {
  if (a > product_limit) {
    const uint32_t other = a;
    a = b;
    b = other;
    if (a > product_limit) return product_limit;
  }
  // The fraction's bits from the lowest up, sum stays below a; then the whole part's.
  uint32_t sum = 0;
  for (uint8_t bit = 16; bit != 0; --bit) {
    if ((b & 1) != 0) sum += a;
    sum >>= 1;
    b >>= 1;
  }
  for (; b != 0; b >>= 1) {
    if ((b & 1) != 0) {
      if (a > product_limit) return product_limit;
      sum += a;
      if (sum > product_limit) return product_limit;
    }
    if (a <= product_limit) a <<= 1;
  }
  return sum;
}

/// sum / count in 1/4096, rounded down. The quotient must be under 2^20; count is 1..4095.
FLM_NODISCARD FLM_OUTLINE constexpr uint32_t mean_q12(uint32_t sum, uint16_t count) {
  uint32_t quotient = sum / count;
  uint16_t rest = static_cast<uint16_t>(sum % count);
  for (uint8_t bit = 0; bit < 12; ++bit) {
    quotient <<= 1;
    rest = static_cast<uint16_t>(rest << 1);
    if (rest >= count) {
      rest = static_cast<uint16_t>(rest - count);
      ++quotient;
    }
  }
  return quotient;
}

/// Square root, rounded down: bit by bit, the largest number whose square is not too large.
FLM_NODISCARD FLM_OUTLINE constexpr uint16_t square_root(uint32_t x) {
  uint16_t root = 0;
  for (uint16_t bit = 0x8000u; bit != 0; bit = static_cast<uint16_t>(bit >> 1)) {
    const uint16_t trial = static_cast<uint16_t>(root | bit);
    if (multiply_16(trial, trial) <= x) root = trial;
  }
  return root;
}

}  // namespace metering
}  // namespace flm

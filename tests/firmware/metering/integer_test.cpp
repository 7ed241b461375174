#include "firmware/metering/integer.hpp"
#include "hal/arithmetic.hpp"

#include <catch2/catch.hpp>
#include <random>

using namespace flm::metering;

TEST_CASE("every square root is the largest number whose square is not larger") {
  const auto right = [](std::uint32_t x) {
    const std::uint64_t root = square_root(x);
    return root * root <= x && (root + 1) * (root + 1) > x;
  };
  for (std::uint32_t root = 0; root < 65536; ++root) {
    const std::uint32_t square = root * root;
    REQUIRE(square_root(square) == root);
    if (root > 1) REQUIRE(square_root(square - 1) == root - 1);
  }
  CHECK(square_root(0xFFFFFFFFu) == 65535);
  std::mt19937 random(1);
  for (int i = 0; i < 1000000; ++i)
    if (const auto x = static_cast<std::uint32_t>(random()); !right(x))
      FAIL("square_root(" << x << ") is " << square_root(x));
}

TEST_CASE("the square of every 10-bit number is exact") {
  for (std::uint16_t x = 0; x < 1024; ++x) REQUIRE(flm::hal::square_10_bits(x) == std::uint32_t{x} * x);
}

TEST_CASE("16 by 16 bits never overflow") {
  CHECK(multiply_16(65535, 65535) == 4294836225u);
  CHECK(multiply_16(40000, 2) == 80000u);
  CHECK(multiply_16(0, 65535) == 0u);
}

TEST_CASE("products in 1/65536 are rounded down, and limited") {
  std::mt19937_64 random(2);
  for (int i = 0; i < 1000000; ++i) {
    const std::uint64_t bits = random();
    const std::uint32_t a = static_cast<std::uint32_t>(bits) >> (bits >> 59);
    const std::uint32_t b = static_cast<std::uint32_t>(random()) >> (bits >> 32 & 31);
    // 2^-16 is exact in long double, and its 64 bits of mantissa hold every product.
    const long double exact = static_cast<long double>(a) * static_cast<long double>(b) / 65536.0L;
    const std::uint32_t wanted = exact >= product_limit ? product_limit : static_cast<std::uint32_t>(exact);
    if (multiply_q16(a, b) != wanted) FAIL(a << " * " << b << " gives " << multiply_q16(a, b));
  }
  CHECK(multiply_q16(0xFFFFFFFFu, 0xFFFFFFFFu) == product_limit);
}

TEST_CASE("means in 1/4096 are rounded down over their whole range") {
  std::mt19937 random(3);
  std::uniform_int_distribution<std::uint32_t> counts(1, 4095);
  for (int i = 0; i < 1000000; ++i) {
    const auto count = static_cast<std::uint16_t>(counts(random));
    const std::uint64_t most = (std::uint64_t{1} << 20) * count;
    const std::uint32_t sum =
        static_cast<std::uint32_t>(random() % (most > 0xFFFFFFFFu ? 0xFFFFFFFFu : most));
    const std::uint64_t wanted = (std::uint64_t{sum} << 12) / count;
    if (mean_q12(sum, count) != wanted) FAIL(sum << " / " << count << " gives " << mean_q12(sum, count));
  }
  CHECK(mean_q12(1046529u * 4095u, 4095) == 4286582784u);  // 4095 samples of 1023^2: 1046529 * 4096
}

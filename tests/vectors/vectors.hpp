// Vectors for the arithmetic that the board depends on: inputs with the results that they must have, as one
// list of checks. Run by static_assert and at run time, by the PC's compilers and by avr-g++ on the
// controller (emulated): GCC 5 has computed different results in constexpr and at run time, and int has 16
// bits there.
//
// Expected values were computed in Python, whose integers have no width: math.isqrt(x), x * x, min(a * b >>
// 16, 2**31 - 1), (sum << 12) // count. mean_square_q10 and power_q8 by the formulas that stand above them in
// firmware/metering/estimator.hpp; the first ones of mean_square_q10 are exact: 2048 samples make every mean
// a whole number (500^2, 300^2 + 16 * 100, that less 1 + 2 * 16 of noise, with an offset of 8 and -8: plus
// 8^2, minus and plus 2 * 8 * 280; in 1/1024).
#pragma once
#include <stdint.h>

#include "boards/flm02a/board.hpp"
#include "boards/flm02b/board.hpp"
#include "firmware/metering/clock.hpp"
#include "firmware/metering/estimator.hpp"
#include "firmware/metering/integer.hpp"
#include "hal/arithmetic.hpp"
#include "protocol/crc8.hpp"

namespace flm {
namespace vectors {

/// Hands values on as they are: the compiler may compute everything itself.
struct Known {
  template <class T>
  constexpr T operator()(T x) const {
    return x;
  }
};

/// Hands values on so that the compiler cannot know them.
struct Unknown {
  template <class T>
  T operator()(T x) const {
    volatile T hidden = x;
    return hidden;
  }
};

/// Counts checks, and remembers the first that failed.
class Checks {
 public:
  constexpr void that(bool right) {
    ++number_;
    if (!right && first_failure_ == 0) first_failure_ = number_;
  }
  /// From 1; 0: none.
  constexpr int first_failure() const { return first_failure_; }

 private:
  int number_ = 0;
  int first_failure_ = 0;
};

template <class Values>
constexpr void check_crc8(Checks& check, Values v) {
  using protocol::crc8_maxim;
  uint8_t crc = 0;
  for (char c = '1'; c <= '9'; ++c) crc = crc8_maxim(crc, v(static_cast<uint8_t>(c)));
  check.that(crc == 0xA1);  // the check value of CRC-8/MAXIM-DOW
  check.that(crc8_maxim(crc8_maxim(0, v(uint8_t{'g'})), v(uint8_t{'h'})) == 0x93);  // recorded
  check.that(crc8_maxim(v(uint8_t{0xA1}), v(uint8_t{0xA1})) == 0);
}

template <class Values>
constexpr void check_integers(Checks& check, Values v) {
  using namespace metering;
  check.that(square_root(v(UINT32_C(0))) == 0u);
  check.that(square_root(v(UINT32_C(1))) == 1u);
  check.that(square_root(v(UINT32_C(2))) == 1u);
  check.that(square_root(v(UINT32_C(3))) == 1u);
  check.that(square_root(v(UINT32_C(4))) == 2u);
  check.that(square_root(v(UINT32_C(15))) == 3u);
  check.that(square_root(v(UINT32_C(16))) == 4u);
  check.that(square_root(v(UINT32_C(17))) == 4u);
  check.that(square_root(v(UINT32_C(255))) == 15u);
  check.that(square_root(v(UINT32_C(256))) == 16u);
  check.that(square_root(v(UINT32_C(65535))) == 255u);
  check.that(square_root(v(UINT32_C(65536))) == 256u);
  check.that(square_root(v(UINT32_C(1073741823))) == 32767u);
  check.that(square_root(v(UINT32_C(1073741824))) == 32768u);
  check.that(square_root(v(UINT32_C(2147483647))) == 46340u);
  check.that(square_root(v(UINT32_C(2147483648))) == 46340u);
  check.that(square_root(v(UINT32_C(4294836224))) == 65534u);
  check.that(square_root(v(UINT32_C(4294836225))) == 65535u);
  check.that(square_root(v(UINT32_C(4294967295))) == 65535u);
  check.that(square_root(v(UINT32_C(123456789))) == 11111u);
  check.that(square_root(v(UINT32_C(1052676))) == 1026u);

  check.that(hal::square_10_bits(v(uint16_t{0})) == UINT32_C(0));
  check.that(hal::square_10_bits(v(uint16_t{1})) == UINT32_C(1));
  check.that(hal::square_10_bits(v(uint16_t{15})) == UINT32_C(225));
  check.that(hal::square_10_bits(v(uint16_t{16})) == UINT32_C(256));
  check.that(hal::square_10_bits(v(uint16_t{127})) == UINT32_C(16129));
  check.that(hal::square_10_bits(v(uint16_t{128})) == UINT32_C(16384));
  check.that(hal::square_10_bits(v(uint16_t{255})) == UINT32_C(65025));
  check.that(hal::square_10_bits(v(uint16_t{256})) == UINT32_C(65536));
  check.that(hal::square_10_bits(v(uint16_t{257})) == UINT32_C(66049));
  check.that(hal::square_10_bits(v(uint16_t{511})) == UINT32_C(261121));
  check.that(hal::square_10_bits(v(uint16_t{512})) == UINT32_C(262144));
  check.that(hal::square_10_bits(v(uint16_t{767})) == UINT32_C(588289));
  check.that(hal::square_10_bits(v(uint16_t{768})) == UINT32_C(589824));
  check.that(hal::square_10_bits(v(uint16_t{1000})) == UINT32_C(1000000));
  check.that(hal::square_10_bits(v(uint16_t{1022})) == UINT32_C(1044484));
  check.that(hal::square_10_bits(v(uint16_t{1023})) == UINT32_C(1046529));

  check.that(multiply_16(v(uint16_t{65535}), v(uint16_t{65535})) == UINT32_C(4294836225));
  check.that(multiply_q16(v(UINT32_C(0)), v(UINT32_C(4294967295))) == UINT32_C(0));
  check.that(multiply_q16(v(UINT32_C(1)), v(UINT32_C(65535))) == UINT32_C(0));
  check.that(multiply_q16(v(UINT32_C(1)), v(UINT32_C(65536))) == UINT32_C(1));
  check.that(multiply_q16(v(UINT32_C(65535)), v(UINT32_C(65536))) == UINT32_C(65535));
  check.that(multiply_q16(v(UINT32_C(65536)), v(UINT32_C(65536))) == UINT32_C(65536));
  check.that(multiply_q16(v(UINT32_C(4294967295)), v(UINT32_C(1))) == UINT32_C(65535));
  check.that(multiply_q16(v(UINT32_C(4294967295)), v(UINT32_C(32768))) == UINT32_C(2147483647));
  check.that(multiply_q16(v(UINT32_C(4294967295)), v(UINT32_C(32767))) == UINT32_C(2147418111));
  check.that(multiply_q16(v(UINT32_C(305419896)), v(UINT32_C(39612))) == UINT32_C(184605299));
  check.that(multiply_q16(v(UINT32_C(3735928559)), v(UINT32_C(4660))) == UINT32_C(265646775));
  check.that(multiply_q16(v(UINT32_C(32768)), v(UINT32_C(4294967294))) == UINT32_C(2147483647));
  check.that(multiply_q16(v(UINT32_C(4294967295)), v(UINT32_C(65536))) == UINT32_C(2147483647));
  check.that(multiply_q16(v(UINT32_C(4294967295)), v(UINT32_C(4294967295))) == UINT32_C(2147483647));
  check.that(multiply_q16(v(UINT32_C(80852)), v(UINT32_C(4286578))) == UINT32_C(5288366));

  check.that(mean_q12(v(UINT32_C(0)), v(uint16_t{1})) == UINT32_C(0));
  check.that(mean_q12(v(UINT32_C(1)), v(uint16_t{1})) == UINT32_C(4096));
  check.that(mean_q12(v(UINT32_C(1)), v(uint16_t{4095})) == UINT32_C(1));
  check.that(mean_q12(v(UINT32_C(4094)), v(uint16_t{4095})) == UINT32_C(4094));
  check.that(mean_q12(v(UINT32_C(4095)), v(uint16_t{4095})) == UINT32_C(4096));
  check.that(mean_q12(v(UINT32_C(1048575)), v(uint16_t{1})) == UINT32_C(4294963200));
  check.that(mean_q12(v(UINT32_C(2147483647)), v(uint16_t{2083})) == UINT32_C(4222800296));
  check.that(mean_q12(v(UINT32_C(2180000000)), v(uint16_t{2083})) == UINT32_C(4286740278));
  check.that(mean_q12(v(UINT32_C(2234339415)), v(uint16_t{2134})) == UINT32_C(4288591491));
  check.that(mean_q12(v(UINT32_C(4285536255)), v(uint16_t{4095})) == UINT32_C(4286582784));
  check.that(mean_q12(v(UINT32_C(1041500)), v(uint16_t{2083})) == UINT32_C(2048000));
}

template <class Values>
constexpr uint32_t mean_square(Values v, uint32_t squares, uint32_t steps, uint32_t sum, uint16_t samples,
                               uint16_t noise_q10, int16_t offset_q8, uint32_t weight) {
  metering::ClampSums sums = {};
  sums.squares = v(squares);
  sums.steps = v(steps);
  sums.sum = v(sum);
  const metering::ClampCalibration calibration = {0, v(noise_q10), v(offset_q8)};
  return metering::mean_square_q10(sums, v(samples), calibration, v(weight));
}

template <class Values>
constexpr uint32_t alternating(Values v, uint32_t squares, uint32_t sum, uint16_t samples,
                               uint16_t noise_q10) {
  metering::ClampSums sums = {};
  sums.squares = v(squares);
  sums.sum = v(sum);
  return metering::alternating_mean_square_q10(sums, v(samples), v(noise_q10));
}

template <class Values>
constexpr void check_estimator(Checks& check, Values v) {
  using namespace metering;
  check.that(mean_square(v, UINT32_C(0), UINT32_C(0), UINT32_C(0), 1, 341, 0, UINT32_C(0)) == UINT32_C(0));
  check.that(mean_square(v, UINT32_C(512000000), UINT32_C(0), UINT32_C(1024000), 2048, 0, 0,
                         UINT32_C(16384)) == UINT32_C(256000000));
  check.that(mean_square(v, UINT32_C(184320000), UINT32_C(204800), UINT32_C(573440), 2048, 0, 0,
                         UINT32_C(262144)) == UINT32_C(93798400));
  check.that(mean_square(v, UINT32_C(184320000), UINT32_C(204800), UINT32_C(573440), 2048, 1024, 0,
                         UINT32_C(262144)) == UINT32_C(93764608));
  check.that(mean_square(v, UINT32_C(184320000), UINT32_C(204800), UINT32_C(573440), 2048, 1024, 2048,
                         UINT32_C(262144)) == UINT32_C(89242624));
  check.that(mean_square(v, UINT32_C(184320000), UINT32_C(204800), UINT32_C(573440), 2048, 1024, -2048,
                         UINT32_C(262144)) == UINT32_C(98417664));
  check.that(mean_square(v, UINT32_C(2179919907), UINT32_C(2179919907), UINT32_C(2130909), 2083, 341, 0,
                         UINT32_C(267000)) == UINT32_C(3219117888));
  check.that(mean_square(v, UINT32_C(2179919907), UINT32_C(2179919907), UINT32_C(2130909), 2083, 341, 0,
                         UINT32_C(4294967295)) == UINT32_C(3040346795));
  check.that(mean_square(v, UINT32_C(6349), UINT32_C(4166), UINT32_C(2083), 2083, 341, 0, UINT32_C(267115)) ==
             UINT32_C(24118));
  check.that(mean_square(v, UINT32_C(4100), UINT32_C(4200), UINT32_C(1600), 2083, 341, 0, UINT32_C(267115)) ==
             UINT32_C(23294));
  check.that(mean_square(v, UINT32_C(700), UINT32_C(1400), UINT32_C(650), 2083, 341, 0, UINT32_C(267115)) ==
             UINT32_C(0));
  check.that(mean_square(v, UINT32_C(2083), UINT32_C(4166), UINT32_C(400), 2083, 65535, 32767,
                         UINT32_C(4294967295)) == UINT32_C(0));
  check.that(mean_square(v, UINT32_C(20000), UINT32_C(9000), UINT32_C(6000), 2133, 341, -100,
                         UINT32_C(280000)) == UINT32_C(73132));
  check.that(mean_square(v, UINT32_C(20000), UINT32_C(9000), UINT32_C(6000), 2133, 341, 100,
                         UINT32_C(280000)) == UINT32_C(68620));

  // 2048 codes of 509, 515 in turn: 3^2 around 512; 4095 of 1023 and 0 in turn, 2048 of them 1023; at rest.
  check.that(alternating(v, UINT32_C(536889344), UINT32_C(1048576), 2048, 0) == UINT32_C(9216));
  check.that(alternating(v, UINT32_C(536889344), UINT32_C(1048576), 2048, 341) == UINT32_C(8875));
  check.that(alternating(v, UINT32_C(2143291392), UINT32_C(2095104), 4095, 0) == UINT32_C(267911408));
  check.that(alternating(v, UINT32_C(523265), UINT32_C(1023), 2, 341) == UINT32_C(0));

  check.that(power_q8(v(UINT32_C(0)), v(uint16_t{5163})) == UINT32_C(0));
  check.that(power_q8(v(UINT32_C(1)), v(uint16_t{65535})) == UINT32_C(1133));
  check.that(power_q8(v(UINT32_C(1024)), v(uint16_t{5163})) == UINT32_C(2856));
  check.that(power_q8(v(UINT32_C(16777215)), v(uint16_t{1})) == UINT32_C(71));
  check.that(power_q8(v(UINT32_C(256000000)), v(uint16_t{5163})) == UINT32_C(1427987));
  check.that(power_q8(v(UINT32_C(1086361600)), v(uint16_t{5163})) == UINT32_C(2941653));
  check.that(power_q8(v(UINT32_C(1086361600)), v(uint16_t{51635})) == UINT32_C(29419375));
  check.that(power_q8(v(UINT32_C(1073741823)), v(uint16_t{51635})) == UINT32_C(29247554));
  check.that(power_q8(v(UINT32_C(1073741824)), v(uint16_t{65535})) == UINT32_C(37121482));
  check.that(power_q8(v(UINT32_C(2147483647)), v(uint16_t{65535})) == UINT32_C(52496626));
  check.that(power_q8(v(UINT32_C(2147483648)), v(uint16_t{65535})) == UINT32_C(52496626));
  check.that(power_q8(v(UINT32_C(1024000)), v(uint16_t{0})) == UINT32_C(0));
  check.that(power_q8(v(UINT32_C(700)), v(uint16_t{12908})) == UINT32_C(5903));
}

/// 13 scans of 15/32 ms are 6.09 ms, 12 are 5.6: 13 for 6.0 ms. Of 12/25 ms 13 are 6.24 ms, 12 are 5.8.
template <class Values>
constexpr void check_scans(Checks& check, Values v) {
  using ClockA = metering::ScanClock<boards::Flm02a::Sampling>;
  using ClockB = metering::ScanClock<boards::Flm02b::Sampling>;
  check.that(ClockA::scans_of_tenths(v(uint16_t{60})) == 13);
  check.that(ClockB::scans_of_tenths(v(uint16_t{60})) == 13);
  check.that(ClockA::scans_of_tenths(v(uint16_t{1000})) == 214);
  check.that(ClockB::scans_of_tenths(v(uint16_t{1000})) == 209);
  check.that(ClockA::scans_of_tenths(v(uint16_t{65535})) == 13981);  // 13980.8
  check.that(ClockB::scans_of_tenths(v(uint16_t{65535})) == 13653);  // 13653.1, too small by 2.5e-5
  check.that(ClockA::milliseconds_of(v(uint16_t{255})) == 120);      // 119.53
  check.that(ClockB::milliseconds_of(v(uint16_t{255})) == 122);      // 122.4
  check.that(ClockA::milliseconds_of(v(uint16_t{13981})) == 6554);   // 6553.6
  check.that(ClockB::milliseconds_of(v(uint16_t{13653})) == 6553);   // 6553.4
}

/// Number of the first check that failed, 0 when all is right.
template <class Values>
constexpr int first_failure(Values v) {
  Checks check;
  check_crc8(check, v);
  check_integers(check, v);
  check_estimator(check, v);
  check_scans(check, v);
  return check.first_failure();
}
constexpr int first_failure() { return first_failure(Known()); }

/// At run time only: a board's clock for three seconds, scan by scan. Exact at every scan, a second every
/// 1000 ms. Number of the first scan that was wrong, 0 when all is right.
template <class Board>
uint16_t first_wrong_scan() {
  constexpr uint32_t cycles = 3 * Board::Sampling::tick_cycles;
  metering::ScanClock<typename Board::Sampling> clock;
  uint32_t part = 0;  // of a millisecond, in tenths of a cycle: 36864 or 160000 make one
  uint32_t milliseconds = 0;
  constexpr uint32_t tenths = Board::cpu_hz / 100;  // of cycles, in a millisecond
  for (uint16_t scan = 1; milliseconds < 3000; ++scan) {
    part += cycles * 10;
    bool second = false;
    if (part >= tenths) {
      part -= tenths;
      ++milliseconds;
      second = milliseconds % 1000 == 0;
    }
    if (clock.scan() != second || clock.milliseconds() != milliseconds) return scan;
  }
  return 0;
}

}  // namespace vectors
}  // namespace flm

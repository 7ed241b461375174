#include "firmware/metering/estimator.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <random>

#include "boards/flm02a/board.hpp"
#include "boards/flm02b/board.hpp"
#include "tests/firmware/metering/clamp_signal.hpp"

using namespace flm::metering;
using namespace flm::test;
using flm::boards::Flm02a;
using flm::boards::Flm02b;

namespace {
template <class Board>
constexpr double rate_of() {
  return static_cast<double>(Board::cpu_hz) / Board::Sampling::tick_cycles / 3;
}

/// Estimated RMS in counts of one second of a shape.
template <class Board>
double estimate(const Shape& shape, double rms, const FrontEnd& front_end, double phase, unsigned seed,
                ClampCalibration calibration = uncalibrated) {
  std::uint16_t samples = 0;
  const ClampSums sums = second_of(shape, rms, rate_of<Board>(), samples, front_end, phase, seed);
  const std::uint32_t square = mean_square_q10(sums, samples, calibration,
                                               StepWeight<typename Board::Sampling>::q14(calibration.tau_us));
  return std::sqrt(square / 1024.0);
}

/// Relative error in percent, mean over sampling phases.
template <class Board>
double error_percent(const Shape& shape, double rms, const FrontEnd& front_end = {},
                     ClampCalibration calibration = uncalibrated) {
  constexpr int phases = 12;
  double sum = 0;
  for (int i = 0; i < phases; ++i)
    sum += estimate<Board>(shape, rms, front_end, static_cast<double>(i) / phases,
                           static_cast<unsigned>(i + 1), calibration) /
               rms -
           1;
  return 100 * sum / phases;
}

/// Constants of clamps of 50 A and 500 A at 230 V, and the smallest and the largest.
constexpr std::uint16_t constants[] = {1, 5163, 51635, 65535};
constexpr double five_amps = full_scale_rms / 10;  // of a 50 A clamp
}  // namespace

TEMPLATE_TEST_CASE("the RMS of a sine, a triangle and a half wave of 5 to 25 A is right to 0.5 %", "", Flm02a,
                   Flm02b) {
  // A numerical trial of the method (50 Hz, 10 bits, 0.5 LSB of noise) gave -0.1 .. 0.0 % at 5 A.
  for (const Shape& shape : {sine(), triangle(), half_wave()}) {
    for (const double rms : {five_amps, 2 * five_amps, 5 * five_amps}) {
      CAPTURE(shape.name, rms);
      CHECK(std::abs(error_percent<TestType>(shape, rms)) < 0.5);
    }
  }
}

TEMPLATE_TEST_CASE(
    "the RMS of a phase-cut current is right to 1.6 %, of rectifier peaks to 2.2 %, over the sampling phases",
    "", Flm02a, Flm02b) {
  // A jump J of x bends y between two samples, and the step over it loses (J / tau)^2 / 6 of the mean
  // derivative squared: of a sine cut at 90 degrees 100 jumps a second of twice the RMS, 4 / 6 * 100 / 2083 =
  // 3.2 % of the mean square. The mean of the stock board is wrong by -29.5 %, and by -50.4 % for peaks,
  // which a numerical trial of the method had at -1.2 %.
  for (const double rms : {0.2 * five_amps, five_amps, 4 * five_amps}) {
    CAPTURE(rms);
    CHECK(std::abs(error_percent<TestType>(phase_cut(), rms)) < 1.6);
    CHECK(std::abs(error_percent<TestType>(peaky(), rms)) < 2.2);
  }
}

TEMPLATE_TEST_CASE("no current reads as no current, with the default noise or none", "", Flm02a, Flm02b) {
  for (unsigned seed = 1; seed <= 50; ++seed)
    for (const double noise : {0.0, 0.25, 0.5})
      CHECK(estimate<TestType>(sine(), 0.0, {1.91e-3, noise, 0.0}, 0.0, seed) == 0.0);
  const ClampSums none = {};
  CHECK(mean_square_q10(none, 1, uncalibrated, 0) == 0u);
  CHECK(mean_square_q10(none, 4095, {65535, 65535, 32767},
                        StepWeight<typename TestType::Sampling>::q14(65535)) == 0u);
  CHECK(power_q8(0, 65535) == 0u);
}

TEMPLATE_TEST_CASE(
    "noise adds nothing to a current: 1 A with up to 2 counts of calibrated noise is right to 1.5 %", "",
    Flm02a, Flm02b) {
  for (const double noise : {0.25, 0.5, 1.0, 2.0}) {
    const auto q10 = static_cast<std::uint16_t>(std::lround((noise * noise + 1.0 / 12) * 1024));
    CAPTURE(noise);
    CHECK(std::abs(error_percent<TestType>(sine(), five_amps / 5, {1.91e-3, noise, 0.0}, {1910, q10, 0})) <
          1.5);
  }
}

TEMPLATE_TEST_CASE("a calibrated offset of either sign takes nothing from the RMS and adds nothing, to 0.5 %",
                   "", Flm02a, Flm02b) {
  // At 5 A the smoothed signal never falls under 60 counts, so an offset of -16 is not cut off by the
  // converter.
  for (const double offset : {-16.0, -1.5, 0.25, 3.0, 40.0}) {
    const auto q8 = static_cast<std::int16_t>(std::lround(offset * 256));
    CAPTURE(offset);
    CHECK(std::abs(error_percent<TestType>(sine(), five_amps, {1.91e-3, 0.5, offset}, {1910, 341, q8})) <
          0.5);
  }
}

TEMPLATE_TEST_CASE(
    "a different time constant of the smoother is calibrated away: a sine to 0.5 %, a half wave to 1 %", "",
    Flm02a, Flm02b) {
  for (const int tau_us : {1000, 1600, 2400, 4000}) {
    CAPTURE(tau_us);
    const ClampCalibration calibration = {static_cast<std::uint16_t>(tau_us), 341, 0};
    CHECK(std::abs(error_percent<TestType>(sine(), 2 * five_amps, {tau_us * 1e-6, 0.5, 0.0}, calibration)) <
          0.5);
    CHECK(std::abs(error_percent<TestType>(half_wave(), 2 * five_amps, {tau_us * 1e-6, 0.5, 0.0},
                                           calibration)) < 1.0);
  }
}

TEMPLATE_TEST_CASE("a small sine is right to 10 mA of a 50 A clamp from the starting current on", "", Flm02a,
                   Flm02b) {
  // Half a count RMS is 24 mA; the handover to the mean lies between 0.5 and 3 counts.
  const double ten_milliamps = full_scale_rms / 5000;
  for (double rms = 0.8; rms < 8; rms *= 1.25) {
    CAPTURE(rms);
    CHECK(std::abs(error_percent<TestType>(sine(), rms)) / 100 * rms < ten_milliamps);
  }
}

TEMPLATE_TEST_CASE(
    "the estimate grows with the level, through the handover from mean to RMS, for every shape", "", Flm02a,
    Flm02b) {
  const double rate = rate_of<TestType>();
  const std::uint32_t weight = StepWeight<typename TestType::Sampling>::q14(1910);
  for (const Shape& shape : {sine(), triangle(), half_wave(), phase_cut(), peaky()}) {
    // The smoother is linear: one second at a large level, without quantisation to speak of, gives the sums
    // of every level.
    std::uint16_t samples = 0;
    constexpr double large = 256;
    const ClampSums unit = second_of(shape, large, rate, samples, {1.91e-3, 0.0, 0.0}, 0.0, 1);
    const double s2 = 0.25 + 1.0 / 12;
    std::uint32_t before = 0;
    for (double rms = 0; rms < 12; rms += 0.01) {
      const double a = rms / large;
      const auto whole = [](double x) { return static_cast<std::uint32_t>(std::lround(x)); };
      const ClampSums sums = {whole(a * a * unit.squares + samples * s2),
                              whole(a * a * unit.steps + 2 * samples * s2),
                              whole(a * unit.sum),
                              0,
                              0,
                              0,
                              0};
      const std::uint32_t square = mean_square_q10(sums, samples, uncalibrated, weight);
      // A sum is rounded to whole counts: one more or less of them moves the mean square by (1 + weight) /
      // samples.
      const double rounding = 1024.0 * (1 + weight / 16384.0 * 4) / samples + 4;
      if (square + rounding < before)
        FAIL(shape.name << ": " << before << " before, " << square << " at " << rms);
      before = std::max(before, square);
    }
    CHECK(before > 1024 * 100);
  }
}

TEMPLATE_TEST_CASE("under the starting current the meter stands still, at once above it, it runs", "", Flm02a,
                   Flm02b) {
  // s / sqrt 2 = 0.41 counts RMS.
  CHECK(estimate<TestType>(sine(), 0.2, {}, 0.0, 3) == 0.0);
  for (unsigned seed = 1; seed <= 20; ++seed) CHECK(estimate<TestType>(sine(), 1.0, {}, 0.0, seed) > 0.5);
}

TEMPLATE_TEST_CASE("an overload saturates: more current never reads less, and nothing wraps", "", Flm02a,
                   Flm02b) {
  double before = 0;
  for (double rms = 600; rms < 20000; rms *= 1.2) {
    std::uint16_t samples = 0;
    const ClampSums sums = second_of(sine(), rms, rate_of<TestType>(), samples, {}, 0.0, 1);
    const double got = std::sqrt(
        mean_square_q10(sums, samples, uncalibrated, StepWeight<typename TestType::Sampling>::q14(1910)) /
        1024.0);
    CAPTURE(rms);
    CHECK(got > before - 50);
    CHECK(got > 590);
    CHECK((sums.clipped > 0) == (rms > 750));
    before = got;
  }
}

TEST_CASE("the largest sums saturate above 1400 counts RMS") {
  const std::uint32_t samples = 2134, square = 1023u * 1023;
  const ClampSums steepest = {samples / 2 * square, samples * square, samples / 2 * 1023, 1067, 0, 0, 1023};
  for (const std::uint16_t tau_us : {std::uint16_t{1910}, std::uint16_t{10000}, std::uint16_t{65535}}) {
    const std::uint32_t got =
        mean_square_q10(steepest, samples, {tau_us, 341, 0}, StepWeight<Flm02a::Sampling>::q14(tau_us));
    CHECK(std::sqrt(got / 1024.0) > (tau_us < 2000 ? 723.0 : 1000.0));
  }
}

TEST_CASE("the step weight is the square of tau times the sampling rate, times 1.028, to 0.2 %") {
  for (const int tau_us : {500, 1910, 5000, 20000}) {
    const auto wanted = [&](double rate) {
      return tau_us * 1e-6 * rate * tau_us * 1e-6 * rate * 1.028 * 16384;
    };
    const auto tau = static_cast<std::uint16_t>(tau_us);
    CHECK(StepWeight<Flm02a::Sampling>::q14(tau) == Approx(wanted(rate_of<Flm02a>())).epsilon(0.002));
    CHECK(StepWeight<Flm02b::Sampling>::q14(tau) == Approx(wanted(rate_of<Flm02b>())).epsilon(0.002));
  }
}

TEST_CASE(
    "watts are those of floating point, to 0.006 % and 1/256 W, for every mean square and every meter "
    "constant") {
  // P = RMS / form factor * constant nWh / 1.5 ms; 1 nWh / 1.5 ms = 3.6e-6 J / 1.5e-3 s = 2.4e-3 W.
  const auto wanted = [](double mean_square_q10, double constant) {
    return std::sqrt(mean_square_q10 / 1024) / (pi / 2 / std::sqrt(2.0)) * constant * 2.4e-3 * 256;
  };
  std::mt19937 random(1);
  std::uniform_real_distribution<double> square_bits(0, 31), constant_bits(0, 16);
  for (int i = 0; i < 2000000; ++i) {
    const auto square = static_cast<std::uint32_t>(std::exp2(square_bits(random)));
    const auto constant = static_cast<std::uint16_t>(std::exp2(constant_bits(random)));
    const double exact = wanted(square, constant);
    if (std::abs(power_q8(square, constant) - exact) > 6e-5 * exact + 1)
      FAIL("mean square " << square << ", constant " << constant << ": " << power_q8(square, constant)
                          << " instead of " << exact);
  }
  for (const std::uint32_t square : {1u, 2u, 0x3FFFFFFFu, 0x40000000u, 0x7FFFFFFFu, 0x80000000u})
    for (const std::uint16_t constant : constants)
      CHECK(std::abs(power_q8(square, constant) - wanted(square, constant)) <=
            6e-5 * wanted(square, constant) + 1);
}

TEST_CASE("a full-scale sine through clamps of 50 to 500 A is their nominal power at 230 V, to 0.01 %") {
  // The stock host's constant: floor(0.449 * volts * amps).
  for (const int amps : {50, 100, 250, 500}) {
    const auto constant = static_cast<std::uint16_t>(0.449 * 230 * amps);
    const auto square = static_cast<std::uint32_t>(full_scale_rms * full_scale_rms * 1024);
    CAPTURE(amps);
    // 0.449 is 1 / (928 * 2.4e-3) to 0.0013 %, floor() takes up to 1 of 5163, 0.02 %, and power_q8 may be off
    // by 0.006 %.
    CHECK(power_q8(square, constant) / 256.0 == Approx(230.0 * amps).epsilon(0.0005));
  }
}

TEST_CASE("without a constant there is no power, and more current is never less power") {
  CHECK(power_q8(0x7FFFFFFF, 0) == 0u);
  for (const std::uint16_t constant : constants) {
    std::uint32_t before = 0;
    for (double square = 1; square < 2147483648.0; square *= 1.0003) {
      const std::uint32_t power = power_q8(static_cast<std::uint32_t>(square), constant);
      if (power < before) FAIL("less at " << square);
      before = power;
    }
  }
}

TEST_CASE(
    "an alternating current around a bias has the RMS of its counts, whatever bias and shape, and none at "
    "rest") {
  constexpr std::uint16_t samples = 2083;
  std::mt19937 random(7);
  std::normal_distribution<double> noise(0.0, 0.5);
  for (const double bias : {508.3, 511.5, 512.0, 515.97}) {
    for (const double rms : {0.0, 2.0, 20.0, 140.0, 355.0}) {
      CAPTURE(bias, rms);
      double sum = 0;
      constexpr int seconds = 20;
      for (int second = 0; second < seconds; ++second) {
        ClampSums sums = {};
        for (int i = 0; i < samples; ++i) {
          const double t = (second * samples + i) / 2083.333, angle = 2 * 3.14159265358979 * 49.97 * t;
          // A fifth of third harmonic, which is 2 % of the square.
          const double shape = std::sqrt(2 / 1.04) * (std::sin(angle) + 0.2 * std::sin(3 * angle));
          const double code = std::round(bias + rms * shape + noise(random));
          const auto y = static_cast<std::uint16_t>(std::min(std::max(code, 0.0), 1023.0));
          sums.squares += std::uint32_t{y} * y;
          sums.sum += y;
        }
        sum += alternating_mean_square_q10(sums, samples, uncalibrated.noise_q10) / 1024.0;
      }
      const double got = std::sqrt(sum / seconds);
      if (rms == 0)
        CHECK(got == 0);
      else
        CHECK(got == Approx(rms).epsilon(0.004));
    }
  }
}

TEST_CASE("the mean square around a bias is exact to a 512th, at the largest sums that fit as well") {
  std::mt19937 random(11);
  for (int i = 0; i < 2000; ++i) {
    const auto samples =
        static_cast<std::uint16_t>(i < 10 ? 4095u - static_cast<unsigned>(i) : 1 + random() % 4095u);
    const auto low = static_cast<std::uint16_t>(random() % 1024),
               high = static_cast<std::uint16_t>(random() % 1024);
    ClampSums sums = {};
    double sum = 0, squares = 0;
    for (int n = 0; n < samples; ++n) {
      const std::uint16_t y = i == 0 ? (n & 1 ? 1023 : 0) : i == 1 ? 1023 : random() % 3 == 0 ? low : high;
      sums.sum += y;
      sums.squares += std::uint32_t{y} * y;
      sum += y;
      squares += double{y * 1.0} * y;
    }
    const double variance = squares / samples - (sum / samples) * (sum / samples);
    const double got = alternating_mean_square_q10(sums, samples, 0) / 1024.0;
    if (std::abs(got - variance) > 2.0 / 1024)
      FAIL(got << " instead of " << variance << ", " << samples << " samples");
  }
}

TEST_CASE("a meter constant of watts a count gives these watts back") {
  for (const double watts : {0.5, 10.0, 68.06, 141.0}) {
    CAPTURE(watts);
    CHECK(power_q8(100u * 100u * 1024u, meter_constant(watts)) / 256.0 == Approx(100 * watts).epsilon(0.003));
  }
  CHECK(meter_constant(5163 * 2.4e-3 / 1.110721) == 5163);
}

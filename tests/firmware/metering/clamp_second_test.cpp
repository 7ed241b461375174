#include "firmware/metering/clamp_second.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <functional>
#include <random>

#include "tests/firmware/metering/clamp_signal.hpp"

using namespace flm::metering;
using namespace flm::test;

namespace {
constexpr double rate = 6250.0 / 3;  // FLM02B's samples a clamp and second

/// A board's view of a current, glanced at every 10 ms, half a window away from the ends of its seconds.
class Glances {
 public:
  /// `counts` before the smoother, at t in s; glances `late_ms` after their time, drawn between 0 and that.
  explicit Glances(std::function<double(double)> counts, double noise = 0.5, double late_ms = 0.0)
      : counts_(std::move(counts)), noise_(noise), late_ms_(late_ms) {}

  /// Share of the next second's power that counts.
  double second() {
    ClampSums sums = {};
    std::uint16_t samples = 0;
    std::uint8_t glances = 0;
    double due = 0.005 + late();
    for (; static_cast<double>(sample_ + 1) / rate < seconds_ + 1.0; ++sample_) {
      const std::uint16_t code = convert();
      sums.sum += code;
      sums.squares += std::uint32_t{code} * code;
      sums.steps += static_cast<std::uint32_t>((code - last_) * (code - last_));
      sums.last = last_ = code;
      ++samples;
      if (static_cast<double>(sample_ + 1) / rate - seconds_ < due) continue;
      clamp_.glance(static_cast<std::uint16_t>(sums.sum), sums.last,
                    ClampSecond::per_sample(static_cast<std::uint16_t>(samples - glanced_)));
      glanced_ = samples;
      ++glances;
      due = 0.005 + 0.010 * glances + late();
    }
    seconds_ += 1.0;
    glanced_ = static_cast<std::uint16_t>(glanced_ - samples);
    const double share = clamp_.share_q16(sums, samples, glances) / 65536.0;
    clamp_.result() = 0;
    return share;
  }
  /// Mean of second() over some seconds, after two that do not count.
  double share(int seconds) {
    static_cast<void>(second());
    static_cast<void>(second());
    double sum = 0.0;
    for (int i = 0; i < seconds; ++i) sum += second();
    return sum / seconds;
  }
  /// In count^2, if 1/3 of one was set.
  double noise() const { return clamp_.noise_q10(341) / 1024.0; }

 private:
  double late() { return late_ms_ * 1e-3 * std::uniform_real_distribution<double>(0.0, 1.0)(random_); }
  std::uint16_t convert() {
    constexpr int steps = 24;
    const double keep = std::exp(-1.0 / rate / steps / 1.91e-3);
    for (int step = 0; step < steps; ++step)
      smoothed_ =
          keep * smoothed_ +
          (1 - keep) * std::abs(counts_((static_cast<double>(sample_) + (step + 0.5) / steps) / rate));
    const double code = std::floor(smoothed_ + noise_ * normal_(random_) + 0.5);
    return static_cast<std::uint16_t>(std::min(1023.0, std::max(0.0, code)));
  }

  std::function<double(double)> counts_;
  double noise_, late_ms_, smoothed_ = 0.0, seconds_ = 0.0;
  std::int64_t sample_ = 0;
  std::uint16_t last_ = 0, glanced_ = 0;
  ClampSecond clamp_;
  std::mt19937 random_{1};
  std::normal_distribution<double> normal_{0.0, 1.0};
};

/// A sine of an RMS that is on for whole cycles of 20 ms, `on` of every `period` of them, from `shift` s on.
std::function<double(double)> heater(double rms, int on, int period, double shift) {
  return [=](double t) {
    const double cycles = (t + shift) / 0.02;
    return std::fmod(cycles, period) < on ? std::sqrt(2.0) * rms * std::sin(2 * pi * cycles) : 0.0;
  };
}
}  // namespace

TEST_CASE(
    "of a load that is on for a part of the second, the square root of that part counts, wherever its cycles "
    "lie") {
  // P = RMS of the second * share: a share d of the time has sqrt(d) of the RMS, and d of the power. No clamp
  // is in between, so the 1/128 of what is missing that is taken for its core's are missing: up to 1.7 % at a
  // tenth.
  for (const auto& [on, period] : {std::pair(1, 2), std::pair(1, 5), std::pair(3, 5), std::pair(1, 10),
                                   std::pair(9, 10), std::pair(5, 50), std::pair(15, 50), std::pair(45, 50)})
    for (const double shift : {0.0, 0.003, 0.0071, 0.0149, 0.31}) {
      CAPTURE(on, period, shift);
      const double part = static_cast<double>(on) / period;
      const double off = Glances(heater(230.0, on, period, shift)).share(10) / std::sqrt(part) - 1.0;
      CHECK(off < 0.006);
      CHECK(off > -(1 / std::sqrt(part) - 1) / 128 - 0.018);  // bursts of one cycle, of the windows' shortest
    }
}

TEST_CASE(
    "a steady load counts whole, of 45 to 65 Hz and of any shape that a clamp passes, also when glances are "
    "late") {
  // After a clamp, which passes no DC, a half wave's other half is its mean.
  const auto passed = [](double p) { return half_wave().current(p) - 2 / pi; };
  for (const double late_ms : {0.0, 1.0})
    for (const double phase : {0.0, 0.17, 0.25, 0.4})
      for (const double rms : {6.5, 130.0, 300.0}) {
        for (const double hz : {45.0, 50.0, 60.0, 65.0}) {
          CAPTURE(late_ms, phase, rms, hz);
          CHECK(
              Glances(
                  [&](double t) { return rms * sine().current(t * hz + phase - std::floor(t * hz + phase)); },
                  0.5, late_ms)
                  .share(4) == 1.0);
        }
        for (const Shape& shape : {triangle(), phase_cut(), peaky(), Shape{"half wave", passed}}) {
          CAPTURE(late_ms, phase, rms, shape.name);
          CHECK(
              Glances(
                  [&](double t) { return rms * shape.current(t * 50 + phase - std::floor(t * 50 + phase)); },
                  0.5, late_ms)
                  .share(4) > 0.985);
        }
      }
}

TEST_CASE("a load that switches beside a steady one counts by the mean of the two") {
  // 115 counts always, 230 more for 30 % of the second: the mean is 184, the RMS 212.
  const auto both = [](double t) {
    return std::sqrt(2.0) * std::sin(2 * pi * 50 * t) * (115.0 + (std::fmod(t, 1.0) < 0.3 ? 230.0 : 0.0));
  };
  CHECK(Glances(both).share(5) ==
        Approx((115.0 + 0.3 * 230.0) / std::sqrt(0.7 * 115.0 * 115.0 + 0.3 * 345.0 * 345.0)).epsilon(0.005));
}

TEST_CASE("a second without a glance, or without a current, counts whole") {
  ClampSecond clamp;
  const ClampSums none = {};
  CHECK(clamp.share_q16(none, 2083, 0) == 0x10000u);
  CHECK(Glances([](double) { return 0.0; }).share(3) == 1.0);
}

TEST_CASE(
    "a clamp learns its noise from the first second without a current, to 0.05 count^2, and keeps it under "
    "load") {
  for (const double noise : {0.0, 0.25, 0.5, 0.75, 1.0, 1.5}) {
    CAPTURE(noise);
    Glances clamp([](double t) { return t < 1.0 ? 0.0 : 6.5 * std::sqrt(2.0) * std::sin(2 * pi * 50 * t); },
                  noise);
    static_cast<void>(clamp.second());
    CHECK(clamp.noise() == Approx(noise * noise + 1.0 / 12).margin(0.05 + 0.04 * noise * noise));
    const double learned = clamp.noise();
    for (int i = 0; i < 5; ++i) static_cast<void>(clamp.second());
    CHECK(clamp.noise() == learned);
  }
}

TEST_CASE(
    "a current of 20 mA of a 50 A clamp is not noise, and noise that changes is followed by 1/64 count^2 a "
    "second") {
  Glances small([](double t) { return 0.52 * std::sqrt(2.0) * std::sin(2 * pi * 50 * t); });
  for (int i = 0; i < 5; ++i) static_cast<void>(small.second());
  CHECK(small.noise() == Approx(341.0 / 1024));
  Glances quiet([](double) { return 0.0; }, 0.0);
  static_cast<void>(quiet.second());
  const double before = quiet.noise();
  for (int i = 0; i < 5; ++i) static_cast<void>(quiet.second());
  CHECK(std::abs(quiet.noise() - before) <= 1.0 / 64);
}

#include "sim/world/environment.hpp"

#include <catch2/catch.hpp>

#include <cmath>
#include <functional>
#include <numbers>

#include "sim/world/clamp_current.hpp"
#include "tests/sim/temporary_folder.hpp"

using namespace flm::sim;

namespace {

constexpr double pi = std::numbers::pi;

Waveform synthetic(Shape shape, double amps) {
  Waveform w;
  w.port = 1;
  w.shape = shape;
  w.amps = amps;
  return w;
}

}  // namespace

TEST_CASE("the smoothed current agrees with a brute-force integration in steps of a microsecond") {
  const Shape shape = GENERATE(Shape::sine, Shape::half, Shape::triangle, Shape::dimmed, Shape::peaky);
  CAPTURE(static_cast<int>(shape));
  constexpr double tau = 0.00191;
  const ClampCurrent clamp(synthetic(shape, 10.0), tau);
  double y = 0.0, worst = 0.0;
  for (int us = 0; us < 100'000; ++us) {
    worst = std::max(worst, std::abs(clamp.smoothed(us * 1e-6) - y));
    y += (std::abs(clamp.at(us * 1e-6 + 0.5e-6)) - y) * (1.0 - std::exp(-1e-6 / tau));
  }
  CHECK(worst <
        10.0 * std::numbers::sqrt2 * 2e-4);  // two ten-thousandths of a sine's crest: 0.06 LSB at full scale
}

TEST_CASE(
    "a synthetic current has the RMS that was asked for, and a shape of the crest factor that it is named "
    "for") {
  const auto [shape, crest] = GENERATE(table<Shape, double>({{Shape::sine, std::numbers::sqrt2},
                                                             {Shape::half, 2.0},
                                                             {Shape::triangle, std::numbers::sqrt3},
                                                             {Shape::dimmed, 2.0},
                                                             {Shape::peaky, 3.5}}));
  const ClampCurrent clamp(synthetic(shape, 7.0), 0.0);
  CHECK(std::sqrt(clamp.square_integral(1.0)) == Approx(7.0).epsilon(1e-4));
  double peak = 0.0;
  for (int us = 0; us < 20'000; ++us) peak = std::max(peak, std::abs(clamp.at(us * 1e-6)));
  CHECK(peak / 7.0 == Approx(crest).epsilon(0.005));
}

namespace {

/// RMS and mean of what a clamp passes on in a second, from t on.
struct Passed {
  double rms, mean;
};
Passed passed(const ClampCurrent& clamp, double t) {
  double squares = 0.0, sum = 0.0;
  constexpr int points = 100'000;
  for (int i = 0; i < points; ++i) {
    const double amps = clamp.secondary(t + (i + 0.5) / points);
    squares += amps * amps;
    sum += amps;
  }
  return {std::sqrt(squares / points), sum / points};
}

}  // namespace

TEST_CASE(
    "a clamp passes a sine of 50 Hz as large as it is, and turns it ahead by the arc tangent of corner over "
    "frequency") {
  const double corner = GENERATE(0.0, 1.0, 5.0);
  CAPTURE(corner);
  const ClampCurrent clamp(synthetic(Shape::sine, 10.0), 0.00191, {corner, 1e9});
  CHECK(passed(clamp, 0.0).rms == Approx(10.0).epsilon(1e-4));
  CHECK(clamp.secondary(0.02) ==
        Approx(10.0 * std::numbers::sqrt2 * std::sin(std::atan(corner / 50.0))).margin(0.003));
}

TEST_CASE(
    "a clamp passes no DC: a half wave comes out with 77.1 % of its RMS, and without its mean, from the "
    "first period on") {
  const double t = GENERATE(0.0, 100.0);
  const ClampCurrent clamp(synthetic(Shape::half, 20.0), 0.00191, {1.0, 15.0});
  CHECK(passed(clamp, t).rms ==
        Approx(20.0 * std::sqrt(1.0 - 4.0 / (pi * pi))).epsilon(0.001));  // RMS peak / 2, mean peak / pi
  CHECK(passed(clamp, t).mean == Approx(0.0).margin(0.001));
  CHECK(std::sqrt(clamp.square_integral(1.0)) ==
        Approx(20.0).epsilon(1e-4));  // the primary current's, as before
}

TEST_CASE(
    "a core that saturates passes what a brute-force integration of its flux says, in the steady state") {
  const double amps = GENERATE(20.0, 30.0, 45.0);
  CAPTURE(amps);
  constexpr double corner = 1.0, saturation = 15.0;
  const ClampCurrent clamp(synthetic(Shape::half, amps), 0.00191, {corner, saturation});
  double flux = 0.0, worst = 0.0, largest = 0.0;
  for (int us = 0; us < 3'020'000; ++us) {  // three seconds are 19 time constants
    const double above = std::max(0.0, std::abs(flux) - saturation),
                 now = flux + std::copysign(49.0 * above, flux);
    const double out = (clamp.at(us * 1e-6) - now) * std::hypot(1.0, corner / 50.0);
    if (us >= 3'000'000) {
      worst = std::max(worst, std::abs(clamp.secondary(us * 1e-6 - 3.0) - out));
      largest = std::max(largest, now);
    }
    flux += 1e-6 * 2.0 * pi * corner * (clamp.at((us + 0.5) * 1e-6) - now);
  }
  CHECK(worst < 0.01 * amps);
  CHECK((largest > saturation) ==
        (amps > 20.0));  // its mean is 2 / pi of its RMS: 12.7 A of 20 A, and a little ripple
}

TEST_CASE(
    "a core around a recording that does not repeat is at rest first, follows a direct current away, and "
    "gives it back at the end") {
  const TemporaryFolder folder;
  Waveform w;
  w.port = 1;
  w.file = folder.file("dc.csv", "5\n5\n5\n5\n5\n5\n5\n5\n5\n5\n");
  w.rate = 10.0;  // a second
  const double scale = std::hypot(1.0, 1.0 / 50.0), back = 5.0 * scale * (1.0 - std::exp(-2.0 * pi));
  const ClampCurrent clamp(w, 0.001, {1.0, 100.0});
  CHECK(clamp.secondary(0.0) == Approx(5.0 * scale));
  CHECK(clamp.secondary(0.5) == Approx(5.0 * scale * std::exp(-pi)).epsilon(0.001));
  CHECK(clamp.secondary(1.0 + 1e-9) == Approx(-back).epsilon(0.001));
  CHECK(clamp.smoothed(1.1) == Approx(back * std::exp(-0.2 * pi) / (1.0 - 0.001 * 2.0 * pi))
                                   .epsilon(0.001));  // after a smoother of 1 ms
  CHECK(clamp.smoothed(1e4) == Approx(0.0).margin(1e-12));
  w.repeat = true;
  CHECK(ClampCurrent(w, 0.001, {1.0, 100.0}).secondary(0.3) == Approx(0.0).margin(1e-6));
}

TEST_CASE("a full-scale sine has a mean of 928 codes, with any smoothing") {
  Scenario s;
  s.board = "flm02b";
  s.waveforms = {synthetic(Shape::sine, 50.0)};
  s.front_end.tau = GENERATE(0.0, 0.020);
  s.front_end.noise_lsb = 0.0;
  s.front_end.gain = 0.5;  // without smoothing the crest would be cut off at 1023
  const Environment environment(s, board_model(s.board));
  double sum = 0.0;
  constexpr std::int64_t from = 6'250, ticks = 6'250 * 8;
  for (std::int64_t tick = from; tick < from + ticks; ++tick) sum += environment.convert(1, tick);
  CHECK(sum / ticks == Approx(464.0).epsilon(0.0005));
}

TEST_CASE(
    "noise is the same in whatever order codes are asked for, has its standard deviation, and stops at 0") {
  Scenario s;
  s.board = "flm02b";
  s.front_end.offset_lsb = 100.0;
  s.front_end.noise_lsb = 2.0;
  const Environment a(s, board_model(s.board)), b(s, board_model(s.board));
  double sum = 0.0, squares = 0.0;
  constexpr int count = 100'000;
  for (int tick = 0; tick < count; ++tick) {
    const double code = a.convert(2, tick);
    REQUIRE(b.convert(2, count - 1 - tick) == a.convert(2, count - 1 - tick));
    sum += code;
    squares += code * code;
  }
  const double mean = sum / count;
  CHECK(mean == Approx(100.0).margin(0.05));
  CHECK(squares / count - mean * mean == Approx(4.0 + 1.0 / 12.0).epsilon(0.02));
  s.front_end.offset_lsb = -50.0;
  CHECK(Environment(s, board_model(s.board)).convert(1, 7) == 0);
}

TEST_CASE(
    "synthetic pulses chatter only within the bounce time and never stand still in it for more than 1 ms") {
  Scenario s;
  s.board = "flm02b";
  Pulses p;
  p.port = 4;
  p.every = 0.1;
  p.width = 0.03;
  p.bounce = 0.005;
  s.pulses = {p};
  const Environment environment(s, board_model(s.board));
  int falls = 0;
  bool level = true;
  for (Nanoseconds t = 0, last = 0; (t = environment.next_edge(t)) < 10'000'000'000;) {
    const bool now = environment.level(4, t);
    if (now == level) continue;  // two edges between two triggers
    const double into = std::fmod(seconds(t) + 1e-9, 0.1);
    CHECK((into < 0.0052 || (into > 0.0299 && into < 0.0352)));
    if (t - last < 20'000'000) CHECK(t - last < 5'200'000);
    falls += level && !now && into < 0.0003 ? 1 : 0;
    level = now;
    last = t;
  }
  CHECK(level);
  CHECK(environment.true_pulses(4, 0, 10'000'000'000) == 99);
  CHECK(falls >= 90);  // of 99; the first fall and rise of a few lie between two triggers
}

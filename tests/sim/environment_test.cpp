#include "sim/environment.hpp"

#include <catch2/catch.hpp>

#include <cmath>
#include <functional>
#include <numbers>

#include "sim/clamp_current.hpp"

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
  CHECK(worst < 10.0 * std::numbers::sqrt2 * 2e-4);  // two ten-thousandths of a sine's crest: 0.06 LSB at full scale
}

TEST_CASE("a synthetic current has the RMS that was asked for, and a shape of the crest factor that it is named for") {
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

TEST_CASE("noise is the same in whatever order codes are asked for, has its standard deviation, and stops at 0") {
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

TEST_CASE("synthetic pulses chatter only within the bounce time and never stand still in it for more than 1 ms") {
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

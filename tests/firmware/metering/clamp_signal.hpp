// A clamp's signal in double precision: a current's shape, rectified, smoothed, with noise, converted; and
// its sums. Shares no code with the firmware or the simulator.
#pragma once
#include <cmath>
#include <cstdint>
#include <functional>
#include <random>

#include "firmware/metering/estimator.hpp"

namespace flm::test {

constexpr double pi = 3.14159265358979323846;
constexpr double mains_hz = 50.0;
/// RMS counts of a full-scale sine: its mean is 928 counts (boards/README.md), times the form factor.
constexpr double full_scale_rms = 928.0 * 1.1107207345395915;

/// A current of RMS 1 over one mains period, as a function of the phase 0..1; its RMS is analytic.
struct Shape {
  const char* name;
  std::function<double(double)> current;
};
inline Shape sine() {
  return {"sine", [](double p) { return std::sqrt(2.0) * std::sin(2 * pi * p); }};
}
inline Shape triangle() {  // peak / sqrt 3
  return {"triangle", [](double p) { return std::sqrt(3.0) * (1 - 4 * std::abs(p - 0.5)); }};
}
inline Shape half_wave() {  // peak / 2
  return {"half wave", [](double p) { return p < 0.5 ? 2 * std::sin(2 * pi * p) : 0.0; }};
}
inline Shape phase_cut() {  // half of the energy of a sine: peak / 2
  return {"phase cut at 90 degrees",
          [](double p) { return std::fmod(p, 0.5) < 0.25 ? 0.0 : 2 * std::sin(2 * pi * p); }};
}
/// Pulses of cosine shape around the mains' peaks, crest factor 3.5: a pulse of width w in half a period T
/// has a mean square of peak^2 w / (2 T).
inline Shape peaky() {
  return {"peaky", [](double p) {
            constexpr double crest = 3.5, width = 2 / (crest * crest) * 0.5;
            const double from_peak = std::fmod(p, 0.5) - 0.25;
            if (std::abs(from_peak) >= width / 2) return 0.0;
            return (p < 0.5 ? crest : -crest) * std::cos(pi * from_peak / width);
          }};
}

struct FrontEnd {
  double tau = 1.91e-3;
  double noise_lsb = 0.5;
  double offset_lsb = 0.0;
};

/// One second of a clamp at a sampling rate a clamp. `rms` in counts before the smoother; `phase` 0..1 of the
/// sampling against the mains.
inline metering::ClampSums second_of(const Shape& shape, double rms, double rate, std::uint16_t& samples,
                                     const FrontEnd& front_end, double phase, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<double> noise(0.0, 1.0);
  constexpr int steps = 48;  // of the smoother, a sample
  const double dt = 1 / rate / steps;
  const double keep = std::exp(-dt / front_end.tau);
  samples = static_cast<std::uint16_t>(rate + 0.5);
  metering::ClampSums sums = {};
  double y = 0;
  int before = 0;
  const int settle = static_cast<int>(0.04 * rate) + 1;  // 20 time constants
  for (int sample = -settle; sample < static_cast<int>(samples); ++sample) {
    for (int step = 0; step < steps; ++step) {
      const double t = (sample + (step + 0.5) / steps) / rate;
      const double turns = t * mains_hz + phase + 1000;
      const double x = std::abs(rms * shape.current(turns - std::floor(turns)));
      y = keep * y + (1 - keep) * x;
    }
    const double level = y + front_end.offset_lsb + front_end.noise_lsb * noise(random);
    const int code = std::min(1023, std::max(0, static_cast<int>(std::floor(level + 0.5))));
    if (sample >= 0) {
      sums.sum += static_cast<std::uint32_t>(code);
      sums.squares += static_cast<std::uint32_t>(code * code);
      sums.steps += static_cast<std::uint32_t>((code - before) * (code - before));
      if (code == 1023) ++sums.clipped;
    }
    before = code;
  }
  return sums;
}

}  // namespace flm::test

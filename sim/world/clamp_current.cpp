#include "sim/world/clamp_current.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "sim/world/recording.hpp"

namespace flm::sim {
namespace {

using std::numbers::pi;

/// Value of a shape at phase 0..1 of a period, not scaled.
double shape_value(Shape shape, double phase) {
  const double half_phase = phase < 0.5 ? phase * 2.0 : phase * 2.0 - 1.0;  // within the half wave
  const double sign = phase < 0.5 ? 1.0 : -1.0;
  switch (shape) {
    case Shape::sine: return std::sin(2.0 * pi * phase);
    case Shape::half: return std::max(0.0, std::sin(2.0 * pi * phase));
    case Shape::triangle: return 2.0 / pi * std::asin(std::sin(2.0 * pi * phase));
    case Shape::dimmed: return half_phase < 0.5 ? 0.0 : sign * std::sin(pi * half_phase);
    case Shape::peaky: {
      // A half cosine of 16.3 % of the half wave around its crest: crest factor sqrt(2 / 0.163) = 3.5.
      constexpr double width = 0.163;
      const double from_crest = half_phase - 0.5;
      return std::abs(from_crest) < width / 2.0 ? sign * std::cos(pi * from_crest / width) : 0.0;
    }
  }
  return 0.0;
}

constexpr int knots_a_period = 2000;  // 100 kHz at 50 Hz

/// Inductance of a core over that of a saturated one: an effective permeability of some 1 500 falls to that
/// of a gap and a stray field.
constexpr double collapse = 50.0;
constexpr double mains_hz = 50.0;  ///< where a clamp's ratio is defined

/// Magnetising current that goes with a flux, both in A.
double magnetising_current(double flux, double saturation) {
  const double above = std::abs(flux) - saturation;
  return above <= 0.0 ? flux : flux + std::copysign(above * (collapse - 1.0), flux);
}

}  // namespace

ClampCurrent::ClampCurrent(const Waveform& waveform, double tau, ClampCore core) : tau_(tau) {
  if (waveform.file.empty()) {
    step_ = 1.0 / waveform.hz / knots_a_period;
    for (int i = 0; i <= knots_a_period; ++i)
      current_.push_back(
          shape_value(waveform.shape, static_cast<double>(i % knots_a_period) / knots_a_period));
  } else {
    Recording recording = read_recording(waveform.file, waveform.channel, waveform.rate);
    repeat_ = waveform.repeat;
    step_ = 1.0 / recording.rate;
    current_ = std::move(recording.samples);
    for (double& amps : current_) amps *= waveform.scale;
    current_.push_back(repeat_ ? current_.front() : current_.back());
  }
  const std::size_t pieces = current_.size() - 1;
  period_ = step_ * static_cast<double>(pieces);
  per_step_ = 1.0 / step_;
  per_period_ = 1.0 / period_;
  per_tau_ = tau_ > 0.0 ? 1.0 / tau_ : 0.0;

  squares_.resize(pieces + 1);
  for (std::size_t i = 0; i < pieces; ++i) {
    const double a = current_[i], b = current_[i + 1];
    squares_[i + 1] = squares_[i] + (a * a + a * b + b * b) / 3.0 * step_;
  }
  if (waveform.file.empty()) {
    const double scale = waveform.amps / std::sqrt(squares_.back() / period_);
    for (double& amps : current_) amps *= scale;
    for (double& square : squares_) square *= scale * scale;
  }

  magnetise(core);

  // One pass from rest; a periodic current's steady state is the start that comes back to itself after a
  // period.
  const auto pass = [&](double start) {
    smoothed_.assign(1, start);
    smoothed_.reserve(pieces + 1);
    for (std::size_t i = 0; i < pieces; ++i) smoothed_.push_back(advance(smoothed_[i], i, step_));
  };
  pass(0.0);
  if (repeat_ && tau_ > 0.0) pass(smoothed_.back() / (1.0 - std::exp(-period_ / tau_)));
}

void ClampCurrent::magnetise(ClampCore core) {
  secondary_ = current_;
  if (core.corner <= 0.0) return;
  const double omega = 2.0 * pi * core.corner, scale = std::hypot(1.0, core.corner / mains_hz);
  const std::size_t pieces = current_.size() - 1;
  // Steps of Heun's method, short against the time constant of a saturated core: one a piece, unless a
  // recording is slow.
  const int steps = std::max(1, static_cast<int>(std::ceil(std::min(omega * collapse * step_ / 0.1, 1e4))));
  const double h = step_ / steps;
  const auto pass = [&](double flux) {
    for (std::size_t i = 0; i <= pieces; ++i) {
      secondary_[i] = (current_[i] - magnetising_current(flux, core.saturation)) * scale;
      if (i == pieces) break;
      const double rise = (current_[i + 1] - current_[i]) / steps;
      for (int k = 0; k < steps; ++k) {
        const double before = current_[i] + rise * k;
        const double slope = omega * (before - magnetising_current(flux, core.saturation));
        const double guess = omega * (before + rise - magnetising_current(flux + h * slope, core.saturation));
        flux += 0.5 * h * (slope + guess);
      }
    }
    return flux;
  };
  if (repeat_) {
    // The flux that comes back to itself: a later start never overtakes an earlier one, so what a pass adds
    // falls as the start grows, with a slope of -1..0, and a secant finds where it is 0.
    double largest = 0.0;
    for (const double amps : current_) largest = std::max(largest, std::abs(amps));
    double slope = std::expm1(-omega * period_), flux = 0.0, added = pass(flux);
    for (int tries = 0; tries < 100 && std::abs(added) > 1e-10 * largest; ++tries) {
      const double step = -added / slope;
      flux += step;
      const double then = pass(flux) - flux;
      slope = std::clamp((then - added) / step, -1.0, std::expm1(-omega * period_));
      added = then;
    }
  } else {
    magnetising_ = magnetising_current(pass(0.0), core.saturation) * scale;
    per_decay_ = omega;
  }
}

double ClampCurrent::decay(double into) const {
  const double u = into * per_tau_;
  if (u < 0.02) return 1.0 - u * (1.0 - u * (0.5 - u * (1.0 / 6)));  // within 7e-9
  if (u > 0.15) return std::exp(-u);
  return 1.0 - u * (1.0 - u * (1.0 / 2 -
                               u * (1.0 / 6 - u * (1.0 / 24 - u / 120))));  // within 2e-8 for u up to 0.15
}

double ClampCurrent::advance(double smoothed, std::size_t piece, double into) const {
  const double a = secondary_[piece], slope = (secondary_[piece + 1] - a) * per_step_;
  double start = std::abs(a), rise = (a != 0.0 ? a > 0.0 : slope > 0.0) ? slope : -slope;
  if (a * secondary_[piece + 1] < 0.0) {  // The rectified current has a kink where the current crosses zero.
    const double crossing = -a / slope;
    if (into > crossing) {
      if (tau_ > 0.0)
        smoothed =
            (start + rise * crossing - tau_ * rise) + (smoothed - start + tau_ * rise) * decay(crossing);
      into -= crossing;
      start = 0.0;
      rise = -rise;
    }
  }
  if (tau_ <= 0.0) return start + rise * into;
  return start + rise * into - tau_ * rise + (smoothed - start + tau_ * rise) * decay(into);
}

bool ClampCurrent::locate(double t, Place& place) const {
  double passes = 0.0, within = t;
  if (repeat_) {
    passes = static_cast<double>(static_cast<std::int64_t>(t * per_period_));  // t is not negative
    within = t - passes * period_;
  } else if (t >= period_) {
    return false;
  }
  const double knot = within * per_step_;
  const std::size_t last = current_.size() - 2;
  place.piece = std::min(static_cast<std::size_t>(knot > 0.0 ? knot : 0.0), last);
  place.into = std::max(0.0, within - static_cast<double>(place.piece) * step_);
  place.passes = passes;
  return true;
}

double ClampCurrent::at(double t) const {
  Place p{};
  if (t < 0.0 || !locate(t, p)) return 0.0;
  return current_[p.piece] + (current_[p.piece + 1] - current_[p.piece]) * (p.into / step_);
}

double ClampCurrent::secondary(double t) const {
  Place p{};
  if (t < 0.0) return 0.0;
  if (!locate(t, p)) return -magnetising_ * std::exp(-(t - period_) * per_decay_);
  return secondary_[p.piece] + (secondary_[p.piece + 1] - secondary_[p.piece]) * (p.into / step_);
}

double ClampCurrent::smoothed(double t) const {
  Place p{};
  if (!locate(t, p)) {
    const double since = t - period_, rest = std::abs(magnetising_) * std::exp(-since * per_decay_);
    if (tau_ <= 0.0) return rest;
    const double own = std::exp(-since * per_tau_), unlike = 1.0 - per_decay_ * tau_;
    const double followed = std::abs(unlike) < 1e-6 ? std::abs(magnetising_) * since * per_tau_ * own
                                                    : (rest - std::abs(magnetising_) * own) / unlike;
    return smoothed_.back() * own + followed;
  }
  double value = advance(smoothed_[p.piece], p.piece, p.into);
  if (repeat_ && t < 30.0 * tau_)
    value -= smoothed_.front() * std::exp(-t * per_tau_);  // from rest to the steady state
  return value;
}

double ClampCurrent::square_integral(double t) const {
  Place p{};
  if (t <= 0.0) return 0.0;
  if (!locate(t, p)) return squares_.back();
  const double a = current_[p.piece], b = a + (current_[p.piece + 1] - a) * (p.into / step_);
  return p.passes * squares_.back() + squares_[p.piece] + (a * a + a * b + b * b) / 3.0 * p.into;
}

}  // namespace flm::sim

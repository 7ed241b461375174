#include "sim/clamp_current.hpp"

#include <cmath>
#include <numbers>

#include "sim/recording.hpp"

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

}  // namespace

ClampCurrent::ClampCurrent(const Waveform& waveform, double tau) : tau_(tau) {
  if (waveform.file.empty()) {
    step_ = 1.0 / waveform.hz / knots_a_period;
    for (int i = 0; i <= knots_a_period; ++i)
      current_.push_back(shape_value(waveform.shape, static_cast<double>(i % knots_a_period) / knots_a_period));
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

  // One pass from rest; a periodic current's steady state is the start that comes back to itself after a period.
  const auto pass = [&](double start) {
    smoothed_.assign(1, start);
    smoothed_.reserve(pieces + 1);
    for (std::size_t i = 0; i < pieces; ++i) smoothed_.push_back(advance(smoothed_[i], i, step_));
  };
  pass(0.0);
  if (repeat_ && tau_ > 0.0) pass(smoothed_.back() / (1.0 - std::exp(-period_ / tau_)));
}

double ClampCurrent::decay(double into) const {
  const double u = into * per_tau_;
  if (u < 0.02) return 1.0 - u * (1.0 - u * (0.5 - u * (1.0 / 6)));  // within 7e-9
  if (u > 0.15) return std::exp(-u);
  return 1.0 - u * (1.0 - u * (1.0 / 2 - u * (1.0 / 6 - u * (1.0 / 24 - u / 120))));  // within 2e-8 for u up to 0.15
}

double ClampCurrent::advance(double smoothed, std::size_t piece, double into) const {
  const double a = current_[piece], slope = (current_[piece + 1] - a) * per_step_;
  double start = std::abs(a), rise = (a != 0.0 ? a > 0.0 : slope > 0.0) ? slope : -slope;
  if (a * current_[piece + 1] < 0.0) {  // The rectified current has a kink where the current crosses zero.
    const double crossing = -a / slope;
    if (into > crossing) {
      if (tau_ > 0.0) smoothed = (start + rise * crossing - tau_ * rise) + (smoothed - start + tau_ * rise) * decay(crossing);
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

double ClampCurrent::smoothed(double t) const {
  Place p{};
  if (!locate(t, p)) return t - period_ < 50.0 * tau_ ? smoothed_.back() * std::exp(-(t - period_) * per_tau_) : 0.0;
  double value = advance(smoothed_[p.piece], p.piece, p.into);
  if (repeat_ && t < 30.0 * tau_) value -= smoothed_.front() * std::exp(-t * per_tau_);  // from rest to the steady state
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

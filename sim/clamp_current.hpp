// The current through a clamp, and what the smoother behind the rectifier makes of it, as exact functions of time.
#pragma once
#include <vector>

#include "sim/scenario.hpp"
#include "sim/time.hpp"

namespace flm::sim {

/// A piecewise linear current, evenly sampled, periodic or ending; in A. Smoothed: |current| behind a first-order smoother of
/// time constant tau, solved exactly piece by piece, starting at rest at t = 0.
class ClampCurrent {
 public:
  /// Loads a recording or draws a shape. Throws InputError.
  ClampCurrent(const Waveform&, double tau);

  [[nodiscard]] double at(double t) const;
  [[nodiscard]] double smoothed(double t) const;
  /// Integral of the squared current from 0 to t, in A^2 s.
  [[nodiscard]] double square_integral(double t) const;

 private:
  struct Place {
    std::size_t piece;
    double into;  ///< s since the piece's start
    double passes;  ///< whole periods before this one
  };
  /// Where t is in the samples; false when a recording that does not repeat is over.
  [[nodiscard]] bool locate(double t, Place&) const;
  /// Smoothed value `into` seconds after a piece's start, from its value there.
  [[nodiscard]] double advance(double smoothed, std::size_t piece, double into) const;
  [[nodiscard]] double decay(double into) const;

  std::vector<double> current_;   ///< n + 1 knots: a periodic one ends as it begins
  std::vector<double> smoothed_;  ///< the same knots, in the steady state when periodic
  std::vector<double> squares_;   ///< integral of the squared current up to each knot
  double step_ = 0.0;             ///< s between knots
  double period_ = 0.0;           ///< s
  double tau_ = 0.0;
  double per_step_ = 0.0, per_period_ = 0.0, per_tau_ = 0.0;  ///< their inverses: multiplied millions of times a second
  bool repeat_ = true;
};

}  // namespace flm::sim

// The current through a clamp, the part that the clamp passes on, and the output of the smoother after the
// rectifier, as functions of time.
#pragma once
#include <limits>
#include <vector>

#include "sim/scenario/scenario.hpp"
#include "sim/scenario/time.hpp"

namespace flm::sim {

/// A clamp is a transformer: part of the primary current, i_m, magnetises its core, and only the rest reaches
/// the burden.
///
///     i_secondary = i_primary - i_m        d(flux)/dt = 2 pi corner (i_primary - i_m)
///
/// with the flux in units of the current that makes it: i_m = flux up to `saturation`; above, the core's
/// inductance is a 50th, and i_m grows 50 times as fast. So a clamp is a high-pass: of a direct current it
/// passes nothing, and a sine of 50 Hz leads by atan(corner / 50 Hz). The secondary current is scaled such
/// that an unsaturated sine of 50 Hz comes out as large as it goes in.
///
/// A scenario's defaults (FrontEnd): a corner of 1 Hz, a phase of 1.1 degrees, as clamps of this class have
/// at load; saturation at 0.3 of the rated current, the low end for a 50 A clamp: 15 A in a ferrite core with
/// a path of 80 mm, 0.4 T and an effective permeability of 1 700 (a hinge that closes well: 15 A = 0.4 T x 80
/// mm / (4 pi 1e-7 x 1 700)). A worse hinge or a steel core stands more.
struct ClampCore {
  double corner = 0.0;  ///< Hz, (burden + winding resistance) / (2 pi inductance); 0: an ideal clamp, which
                        ///< passes everything
  double saturation = std::numeric_limits<double>::infinity();  ///< A of primary current, the magnetising
                                                                ///< current where the core saturates
};

/// A piecewise linear current, evenly sampled, periodic or ending; in A. Smoothed: |secondary current| after
/// a first-order smoother of time constant tau, solved exactly piece by piece, starting at rest at t = 0. The
/// core of a clamp around a periodic current is in its steady state at t = 0; around a recording that does
/// not repeat it is at rest.
class ClampCurrent {
 public:
  /// Loads a recording or draws a shape. Throws InputError.
  ClampCurrent(const Waveform&, double tau, ClampCore = {});

  /// Primary current at time t, A.
  [[nodiscard]] double at(double t) const;
  /// Secondary current at time t, the part that the clamp passes on; A of the primary.
  [[nodiscard]] double secondary(double t) const;
  [[nodiscard]] double smoothed(double t) const;
  /// Integral of the squared primary current from 0 to t, in A^2 s.
  [[nodiscard]] double square_integral(double t) const;

 private:
  struct Place {
    std::size_t piece;
    double into;    ///< s since the piece's start
    double passes;  ///< whole periods before this one
  };
  /// Where t is in the samples; false when a recording that does not repeat is over.
  [[nodiscard]] bool locate(double t, Place&) const;
  /// Smoothed value `into` seconds after a piece's start, from its value there.
  [[nodiscard]] double advance(double smoothed, std::size_t piece, double into) const;
  [[nodiscard]] double decay(double into) const;
  void magnetise(ClampCore);

  std::vector<double> current_;    ///< n + 1 knots: a periodic one ends as it begins
  std::vector<double> secondary_;  ///< at the same knots
  std::vector<double> smoothed_;   ///< at the same knots, in the steady state when periodic
  std::vector<double> squares_;    ///< integral of the squared current up to each knot
  double step_ = 0.0;              ///< s between knots
  double period_ = 0.0;            ///< s
  double tau_ = 0.0;
  double per_step_ = 0.0, per_period_ = 0.0,
         per_tau_ = 0.0;      ///< their inverses: multiplied millions of times a second
  double magnetising_ = 0.0;  ///< A, scaled as secondary_, when a recording ends; the core gives it back ...
  double per_decay_ = 0.0;    ///< ... at this rate, 1/s
  bool repeat_ = true;
};

}  // namespace flm::sim

// A clamp against a meter that counts the same energy: how much one reads of the other, and how surely that
// is known so far.
//
// The meter says at some instants how much it has counted: an S0 meter at each pulse (its stamp, to a
// millisecond), a smart meter at each telegram in which its register has moved. The clamp says for each
// second how much power there was. Between two such instants both have seen the same energy, and the ratio of
// what they say is the clamp's error.
//
// The uncertainty (95 %) is put together from
//   * how much the ratios of 4, 8 and 16 equal parts of the time differ among themselves: the meter's jitter,
//     noise, a load that changes its shape, a voltage that drifts; with Student's factor for so few, and the
//     largest of the three, so that slow changes are not averaged away
//   * the coarseness of the meter's stamps at both ends
//   * what may have happened within the seconds at both ends: the power's steps there
#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "tools/calibration/fit/reading.hpp"

namespace flm::calibration {

/// Resolution of a reference's count.
struct Resolution {
  double stamp_s = 0;    ///< an instant may be this much later than its stamp, s
  double energy_wh = 0;  ///< the energy may be this much more than the count says, Wh; 0 for a pulse,
                         ///< which comes when it is full
};

/// A pulse's stamp: a millisecond, and the scan of the input before it (FLM02B 0.48 ms, FLM02A 0.47 ms).
inline constexpr Resolution pulse_resolution = {0.0015, 0.0};

struct ComparisonResult {
  double ratio = 1;        ///< reference over clamp: the factor that corrects the readings
  double uncertainty = 0;  ///< the ratio's, relative, 95 %
  double seconds = 0;      ///< compared time
  double energy_wh = 0;    ///< counted by the reference in that time
  double mean_w = 0;       ///< the clamp's mean power
  double variation = 0;    ///< standard deviation over mean of the clamp's readings
  std::size_t points = 0;  ///< readings of the reference
};

class Comparison {
 public:
  explicit Comparison(Resolution resolution) : resolution_(resolution) {}

  /// The clamp's power in the second that ended at `end_s`; seconds in order. A missing second is taken as
  /// the mean of its neighbours, uncertain by their difference.
  void add_clamp(double end_s, double watt);
  /// Energy that the reference had counted at an instant of the same clock; in order. A count below the one
  /// before is remembered.
  void add_reference(double at_s, double energy_wh);

  /// From 16 instants that the clamp's seconds cover on; throws CalibrationError when the readings so far
  /// show a mistake: no load, a meter that runs backwards, the wrong phase, a ratio below half or above
  /// twice.
  [[nodiscard]] std::optional<ComparisonResult> result() const;

  /// Seconds from now until the uncertainty is down to `target`, as far as one can say; nothing until the
  /// reference has counted twice.
  [[nodiscard]] std::optional<double> seconds_to(double target) const;

  /// True when the uncertainty is down to `target`, after at least a minute.
  [[nodiscard]] static bool reached(const ComparisonResult& result, double target) {
    return result.seconds >= shortest_s && result.uncertainty <= target;
  }

  static constexpr double shortest_s = 60.0;
  /// Instants that are needed for a result.
  static constexpr std::size_t fewest_points = 16;

 private:
  struct Second {
    double end, watt;
    double energy;  ///< Wh from the first second to this one's end
  };
  struct Point {
    double at, energy, clamp;  ///< s, Wh of the reference, Wh of the clamp
  };
  [[nodiscard]] std::optional<double> clamp_energy(double at) const;
  [[nodiscard]] double power_step(double at) const;
  [[nodiscard]] double coarse(double wh_a_second) const;
  [[nodiscard]] std::vector<Point> points() const;
  void complain(const std::vector<Point>&) const;

  Resolution resolution_;
  std::vector<Second> seconds_;
  std::vector<Point> reference_;
  double guessed_wh_ = 0;  ///< in seconds that are missing: how wrong they may be
  bool backwards_ = false;
};

/// Warning about the load for the user, or nothing: it varies so much that the result is one for this
/// mixture only.
[[nodiscard]] std::string load_remark(const ComparisonResult&);

}  // namespace flm::calibration

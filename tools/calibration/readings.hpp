// Readings of a board as they come: a clamp's seconds, a meter's counts, and when each was.
#pragma once
#include <optional>
#include <vector>

#include "tools/calibration/fit/comparison.hpp"
#include "tools/calibration/session.hpp"

namespace flm::calibration {

/// The power of a sensor's next `count` whole seconds, W. Throws CalibrationError when it gives none for ten
/// seconds, or a clamp of it is clipped.
std::vector<double> clamp_powers(Board&, Dialogue&, const ClampSensor&, int count);

/// Raw seconds of a clamp (0..2).
std::vector<RawWindow> raw_windows(Board&, Dialogue&, int clamp, int count);

/// Feeds a comparison from a board. The board's clock: its seconds end 100 ms before the whole ones of the
/// pulses' stamps (protocol/README.md, `gr`).
class ComparisonFeed {
 public:
  ComparisonFeed(Board& board, ClampSensor clamp, int reference, bool stamped);
  /// Asks once, and hands on what is new. At least twice a second.
  void poll(Comparison&);
  /// Seconds since the reference last counted, or since the beginning.
  [[nodiscard]] double silence() const { return in_seconds(board_.now()) - last_count_; }
  /// The clamp's seconds so far in which it was clipped.
  [[nodiscard]] double clipped_seconds() const { return clipped_seconds_; }

 private:
  std::vector<Reading> get();

  Board& board_;
  ClampSensor clamp_;
  int reference_;
  bool stamped_;  ///< the reference's readings carry the time of its last pulse
  double last_second_ = 0, last_count_, clipped_seconds_ = 0;
  std::optional<double> last_counter_;
  double board_ahead_ = -1e18;  ///< of the host's clock, at most
};

/// Largest time between a smart meter's telegram and the reading that shows it, with a telegram a second.
inline constexpr Resolution register_resolution = {1.6, 1.0};

}  // namespace flm::calibration

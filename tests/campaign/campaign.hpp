// Campaigns against the AVR images: more of the same attack than a unit test has time for. `campaign` without
// arguments says how.
#pragma once
#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "sim/scenario/board_model.hpp"
#include "sim/scenario/scenario.hpp"

namespace flm::campaign {

/// A board's parts at a corner of their tolerances, and a supply above its threshold.
struct Corner {
  std::string name;  ///< nominal, slow, fast
  sim::BoardParts parts;
  double volts = 5.0;
  /// By how much more than nominal EEPROM writes may take.
  [[nodiscard]] double slowness() const { return 1.0 + std::max(0.0, parts.rc_percent) / 100.0; }
};
/// RC oscillators 10 % off, pull-ups of 20 or 50 kohm, the comparator's threshold as low or high as its
/// bandgap makes it.
const std::vector<Corner>& corners();

/// How long a save at a power failure may take, in ms, from the falling edge of the supply on. FLM02A's CPU
/// has less than half of its time left for it, and measures a second's clamps up to twice meanwhile.
inline double longest_save_ms(const sim::BoardModel& board, const Corner& corner) {
  return (board.has_radio() ? 62.0 : 72.0) * corner.slowness();
}

/// Longest time of two saves, when the supply comes back and fails again during the first: the second failure
/// is saved after the first, and what the first has saved is safe meanwhile.
inline double longest_two_saves_ms(const sim::BoardModel& board, const Corner& corner) {
  return 1.7 * longest_save_ms(board, corner);
}

/// Cuts the power of a board that meters, counts, is polled and commits every ten minutes: at every EEPROM
/// byte boundary without notice, and at `random_cuts` random moments with 80 ms of hold-up.
void power(const std::string& board, const std::filesystem::path& elf, const Corner&, double seconds,
           long random_cuts);

/// Lets the supply flicker around the comparator's threshold, for a `share` of an hour a noise, and counts
/// what that writes to the EEPROM; and ends the power `ends` times with a flicker just before. Mostly on the
/// native engine, a part on the image.
void supply(const std::string& board, const std::filesystem::path& elf, const Corner&, double share,
            long ends);

/// Sends random, mutated and cut messages, with good ones in between that must be answered; then good ones in
/// a hurry.
void link(const std::string& board, const std::filesystem::path& elf, long messages);

/// Three clamps, two meters whose contacts bounce, and a stock host that polls.
sim::Scenario full_load(const std::string& board, double duration);

}  // namespace flm::campaign

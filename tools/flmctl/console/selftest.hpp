// Measurements of a board without an instrument, and their meaning. No output here.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "tools/mainboard/board/board.hpp"

namespace flm::ctl {

using namespace mainboard;

/// Measurements of a self test; absent members could not be measured.
struct SelfTest {
  double seconds = 0.0;  ///< it took, on this machine's clock
  struct Clock {
    double ppm = 0.0;          ///< the board's clock is fast against this machine's by so much
    double uncertainty = 0.0;  ///< ppm, at most: how finely both ends were seen
  };
  std::optional<Clock> clock;
  struct Samples {
    std::uint32_t least = 0, most = 0;  ///< in a second of the board's
  };
  std::optional<Samples> samples[3];  ///< by clamp
  std::optional<Health> first, last;
  bool restarted = false, supply_was_low = false, worn = false;
  std::uint32_t power_failures = 0, watchdog_resets = 0;  ///< during the test
  std::uint32_t malformed = 0, dropped = 0, channel_wrong = 0,
                radio_restarts = 0;  ///< counted while it ran, by `gx`
  std::uint32_t packets = 0;         ///< radio packets that came with replies
  std::uint32_t silences = 0;        ///< times that the board did not answer at all
  bool lost = false;                 ///< and from then on not any more
  LinkCounters link;                 ///< during the test
};

/// Measures for so many seconds, or until ctrl-C where a StopOnSignal is there; a board that falls silent
/// ends it too. `progress`: gets the seconds that have passed, once a second. Throws BoardRefused for a
/// board with stock firmware.
SelfTest run_self_test(Board&, double seconds, const std::function<void(double)>& progress);

enum class Verdict { good, look, bad, unknown };
/// "ok", "look", "FAILED", "unknown".
const char* name_of(Verdict);

/// One thing that was measured.
struct SelfTestRow {
  const char* name;  ///< also in JSON
  std::string value;
  Verdict verdict;
  std::string meaning;  ///< a sentence for the owner
};
std::vector<SelfTestRow> judge(const SelfTest&, const BoardFacts&);

}  // namespace flm::ctl

// The gauge of a pulse sensor, from its counter and the time of its pulses, and how it falls when they stop.
#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

#include "tools/history/point.hpp"  // Milli

namespace flm::flmd {

/// Gauge in W of electricity, L/day of gas and water.
///
/// * With a pulse it is floor(dcounter / dms * F + 0.5), between the last two polls in which one came;
///   F = 3 600 000 (Wh/ms to W) or 86 400 000 (L/ms to L/day).
/// * Without, for t ms, the meter has turned by less than one pulse: it is at most
///   floor(constant / t * F + 0.5), and 0 from t = max(1 h, 2 * dms) on, 24 h at most.
/// * A counter that falls has wrapped at 2^32, unless that would be 2^31 or more. Then, when ms has not grown
///   (the board was reset, or 49.7 days are over), and when there would be more than a pulse a ms (the
///   counter was set, or the board replaced: an input counts 0.33 a ms at most), the record is a new base and
///   gives no gauge.
///
/// With 1 Wh a pulse a kettle's 2000 W are 2000 W for 1.8 s, 60 W after a minute, 4 W after a quarter of an
/// hour, 0 after an hour. A leak of a litre every three hours stays 8 L/day between its pulses.
class PulseGauge {
 public:
  /// `type`: electricity, or another, which is in L. `constant`: Wh or L per pulse, in thousandths. `now_ms`:
  /// any clock that never steps, the same one in all calls.
  PulseGauge(std::string_view type, history::Milli constant, std::int64_t now_ms);

  /// A poll in which pulses came: counter in thousandths, the board's ms at the last pulse. The gauge, if
  /// there is one.
  std::optional<std::int64_t> pulse(history::Milli counter, std::uint32_t ms, std::int64_t now_ms);

  /// A poll found no pulse until now. The gauge, when it has changed by that; 0 also when none was ever known
  /// and the time is over.
  std::optional<std::int64_t> tick(std::int64_t now_ms);

 private:
  struct Base {
    history::Milli counter;
    std::uint32_t ms;
  };
  std::int64_t factor_;  ///< gauge of one thousandth per ms
  history::Milli constant_;
  std::optional<Base> base_;
  std::optional<std::int64_t> gauge_;  ///< as returned last
  std::int64_t interval_ms_ = 0;       ///< dms of the last gauge
  std::int64_t since_ms_;              ///< when the last pulse came, or this was made
};

}  // namespace flm::flmd

// A board's reports (gd, gz, gr, ga, gx of protocol/commands.hpp) from their messages: the one place where a
// field's number becomes its name.
#pragma once
#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "tools/mainboard/link/message.hpp"
#include "tools/mainboard/readings/records.hpp"

namespace flm::mainboard {

/// How a board has fared since its reset (`gr`).
struct Health {
  std::uint32_t reset_cause = 0;  ///< 1 power on, 2 external, 4 brown-out, 8 watchdog
  std::uint32_t uptime_s = 0;
  struct Now {
    bool supply_low = false;                    ///< below the power-fail threshold
    bool worn = false;                          ///< an EEPROM cell has not taken its value since reset
    bool clipped[3] = {};                       ///< by clamp port: samples at full scale in its last second
    std::optional<std::uint32_t> unused_stack;  ///< bytes never used since reset; absent: not known
    std::uint16_t eeprom_writes = 0;            ///< bytes since reset, modulo 2^16
  };
  std::optional<Now> now;  ///< absent: the first firmware does not report it

  /// Whether the clamp at a port (1..3) was clipped.
  [[nodiscard]] bool clipped(int port) const { return now && port <= 3 && now->clipped[port - 1]; }
};

/// A clamp's last second, raw (`ga`).
struct ClampStatistics {
  std::uint32_t samples = 0, largest = 0, smallest = 0, last = 0,
                clipped = 0;  ///< codes; `clipped`: how many at full scale
  std::uint32_t sum = 0, step_squares = 0, squares = 0;
};

/// Errors since the board's reset (`gx`).
struct ErrorCounters {
  std::uint32_t malformed = 0, dropped = 0;  ///< messages on the link
  std::uint32_t channel_wrong = 0, channel_dropped = 0,
                channel_refused = 0;  ///< radio packets, or RS-485 bytes
  std::uint32_t radio_restarts = 0;
};

/// Kind of a sensor, 1..6.
using KindOf = std::function<SensorKind(int sensor)>;

/// Sensors that changed; none of a message that is no `gd`.
std::vector<Reading> readings_of(const Message& gd, double t, const KindOf&);
/// Nothing of a reply without fields: the board has no smart meter, or the firmware does not know it.
std::optional<MeterReport> meter_report_of(const Message& gz, double t);
/// Nothing of a stock board's reply.
std::optional<Health> health_of(const Message& gr);
std::optional<ClampStatistics> statistics_of(const Message& ga);
std::optional<ErrorCounters> errors_of(const Message& gx);

/// Gives a smart meter's reading its sign. The board counts modulo 2^32 Wh: where its counter is the meter's
/// own, the meter's registers say the sign.
void sign_by(const MeterReport&, Reading&);

/// A reason for which a smart meter's data was refused, and how often.
struct MeterRefusal {
  std::uint32_t count;  ///< since the board's reset, up to 255
  const char* name;     ///< as in JSON: "crc", ...
  const char* what;     ///< refused item and reason: "telegrams refused, the CRC does not match"
};
/// All of them, also with a count of 0.
std::vector<MeterRefusal> meter_refusals(const MeterReport&);
/// "5 telegrams refused, the CRC does not match; ..." of those that are not 0; empty when nothing was
/// refused.
std::string meter_refusal_text(const MeterReport&);
/// {"crc":5,"overrun":1} of those that are not 0; empty when nothing was refused.
std::string meter_refusal_json(const MeterReport&);

}  // namespace flm::mainboard

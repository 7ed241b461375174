// Table of what smart meters tell: a register, or a dialect that names it otherwise, is a row.
#pragma once
#include <stdint.h>

#include "toolchain/attributes.hpp"

namespace flm {
namespace protocol {
namespace p1 {

/// A value of its own in a telegram. Energy in Wh, power in W, voltage in mV, current in mA; times as Unix
/// time (UTC, seconds).
enum class Register : uint8_t {
  import_total,  ///< Wh from the grid, all tariffs
  import_1,
  import_2,
  import_3,
  import_4,
  import_5,
  import_6,
  import_7,
  import_8,
  import_9,
  export_total,  ///< Wh to the grid, all tariffs
  export_1,
  export_2,
  export_3,
  export_4,
  export_5,
  export_6,
  export_7,
  export_8,
  export_9,
  power_import,    ///< W; below 0 only where the meter writes a sign
  power_import_1,  ///< W, phase L1
  power_import_2,
  power_import_3,
  power_export,
  power_export_1,
  power_export_2,
  power_export_3,
  power_net,  ///< W, with a sign
  voltage_1,  ///< mV, phase L1
  voltage_2,
  voltage_3,
  current_1,  ///< mA, phase L1
  current_2,
  current_3,
  tariff,              ///< 1, 2, ... as the meter counts them
  time,                ///< when the telegram was made
  quarter_hour_power,  ///< W, mean import of the running quarter of an hour (Belgium)
  month_peak,          ///< W, highest quarter-hour mean of the running month (Belgium)
  month_peak_time,     ///< when that was
  count
};

/// What stands in the groups `(...)` behind an OBIS code.
enum class Kind : uint8_t {
  import_power,  ///< (value*kW|W), with or without a sign; one of a total and its phases
  export_power,
  net_power,
  import_energy,  ///< (value*kWh|Wh), one of a total and its tariffs
  export_energy,
  nothing,
  power,           ///< (value*kW|W), neither added nor subtracted anywhere
  voltage,         ///< (value*V)
  current,         ///< (value*A)
  plain,           ///< (digits)
  time,            ///< (YYMMDDhhmmssX)
  peak,            ///< (YYMMDDhhmmssX)(value*kW)
  identity,        ///< (any text): which meter this is
  text,            ///< (any text), over any number of lines
  device_type,     ///< (digits), of the M-Bus device on channel B
  device_reading,  ///< (YYMMDDhhmmssX)(value*unit)
  device_old       ///< (YYMMDDhhmmss)(..)(..)(..)(..)(unit), line end, (value): DSMR 2.2 and 3
};

/// Channel of a row that is there for M-Bus channels 1 to 4.
constexpr uint8_t any_channel = 0xFF;

/// A-B:C.D.E, E from e_first to e_last. Where it tells `phases`, E is 0, and C + 20, C + 40 and C + 60 are
/// those of L1, L2 and L3: from e_first to e_last, 0 for the total. `first`: the register of e_first; those
/// of the next ones follow it. `registers`: how many in all.
struct Row {
  uint8_t a, b, c, d, e_first, e_last;
  bool phases;
  Kind kind;
  Register first;
  uint8_t registers;
};

/// Sources, by column of protocol/p1.md: DSMR P1 5.0.2 (6.12), DSMR 2.2 and 3.0 (6.4), eMUCS-P1 1.7.1
/// (Belgium), the Swedish branch's recommendation for H1, E.ON Hungary's P1 guide, Luxembourg's P1 2.1; each
/// seen in a recording as well. With a B of 1 instead of 0 (Switzerland) and the power with a sign:
/// esphome-libs/dsmr_parser, fields.h.
constexpr Row rows[] = {
    {1, 0, 1, 8, 0, 9, false, Kind::import_energy, Register::import_total, 10},
    {1, 0, 2, 8, 0, 9, false, Kind::export_energy, Register::export_total, 10},
    {1, 0, 1, 7, 0, 3, true, Kind::import_power, Register::power_import, 4},
    {1, 0, 2, 7, 0, 3, true, Kind::export_power, Register::power_export, 4},
    {1, 0, 16, 7, 0, 0, false, Kind::net_power, Register::power_net, 1},
    {0, 0, 96, 1, 0, 1, false, Kind::identity, Register::count, 0},
    {0, 0, 96, 13, 0, 1, false, Kind::text, Register::count, 0},
    {0, 0, 42, 0, 0, 0, false, Kind::identity, Register::count, 0},
    {0, any_channel, 24, 1, 0, 0, false, Kind::device_type, Register::count, 0},
    {0, any_channel, 24, 2, 1, 3, false, Kind::device_reading, Register::count, 0},
    {0, any_channel, 24, 3, 0, 0, false, Kind::device_old, Register::count, 0},
    {0, 0, 1, 0, 0, 0, false, Kind::time, Register::time, 1},
    {1, 0, 12, 7, 1, 3, true, Kind::voltage, Register::voltage_1, 3},
    {1, 0, 11, 7, 1, 3, true, Kind::current, Register::current_1, 3},
    {0, 0, 96, 14, 0, 0, false, Kind::plain, Register::tariff, 1},
    {1, 0, 1, 4, 0, 0, false, Kind::power, Register::quarter_hour_power, 1},
    {1, 0, 1, 6, 0, 0, false, Kind::peak, Register::month_peak, 2},
};
constexpr uint8_t row_count = sizeof(rows) / sizeof(rows[0]);

/// Whether the parser can tell the rows: A is 0 or 1, B 0 or any channel, E begins with 0 or 1 and has up to
/// 16 values, and C and D are those of one row.
FLM_NODISCARD constexpr bool rows_can_be_told() {
  for (uint8_t i = 0; i < row_count; ++i) {
    const Row& row = rows[i];
    if (row.a > 1 || (row.b != 0 && row.b != any_channel) || row.e_first > 1 || row.e_last - row.e_first > 15)
      return false;
    for (uint8_t other = 0; other < i; ++other)
      if (rows[other].c == row.c && rows[other].d == row.d) return false;
  }
  return true;
}
static_assert(
    rows_can_be_told(),
    "the parser cannot tell this row: A 0 or 1, B 0 or any_channel, E from 0 or 1, and its own C and D");

/// As the power in a reading: the meter does not tell it.
constexpr uint32_t power_not_told = UINT32_C(0x80000000);

}  // namespace p1
}  // namespace protocol
}  // namespace flm

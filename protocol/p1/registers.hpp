// Table of what smart meters send: a register, or a dialect that names it otherwise, is a row.
#pragma once
#include <stdint.h>

#include "toolchain/attributes.hpp"

namespace flm {
namespace protocol {
namespace p1 {

/// A value of its own in a telegram. Energy in Wh, power in W, reactive ones in varh and var, voltage in mV,
/// current in mA; times as Unix time (UTC, seconds).
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
  tariff,                 ///< 1, 2, ... as the meter counts them
  time,                   ///< when the telegram was made
  quarter_hour_power,     ///< W, mean import of the running quarter of an hour (Belgium)
  month_peak,             ///< W, highest quarter-hour mean of the running month (Belgium)
  month_peak_time,        ///< when that was
  reactive_import_total,  ///< varh from the grid, all tariffs: quadrants 1 and 2
  reactive_import_1,
  reactive_import_2,
  reactive_import_3,
  reactive_import_4,
  reactive_export_total,  ///< varh to the grid, all tariffs: quadrants 3 and 4
  reactive_export_1,
  reactive_export_2,
  reactive_export_3,
  reactive_export_4,
  reactive_q1,  ///< varh, quadrant 1: active energy from the grid, in 2 and 3 to it
  reactive_q2,
  reactive_q3,
  reactive_q4,
  reactive_power_import,    ///< var from the grid
  reactive_power_import_1,  ///< var, phase L1
  reactive_power_import_2,
  reactive_power_import_3,
  reactive_power_export,  ///< var to the grid
  reactive_power_export_1,
  reactive_power_export_2,
  reactive_power_export_3,
  reactive_power_q1,  ///< var, quadrant 1
  reactive_power_q2,
  reactive_power_q3,
  reactive_power_q4,
  count
};

/// Form of the groups `(...)` after an OBIS code. The order counts: flows come before `nothing`, and the
/// readings of devices are device_reading and device_old.
enum class Kind : uint8_t {
  import_power,  ///< (value*kW|W), with or without a sign; one of a total and its phases
  export_power,
  net_power,
  import_energy,  ///< (value*kWh|Wh), one of a total and its tariffs
  export_energy,
  nothing,
  power,            ///< (value*kW|W), neither added nor subtracted anywhere
  voltage,          ///< (value*V)
  current,          ///< (value*A)
  plain,            ///< (digits)
  time,             ///< (YYMMDDhhmmssX)
  peak,             ///< (YYMMDDhhmmssX)(value*kW)
  identity,         ///< (any text): which meter this is
  text,             ///< (any text), over any number of lines
  device_type,      ///< (digits), of the M-Bus device on channel B
  device_reading,   ///< (YYMMDDhhmmssX)(value*unit)
  device_old,       ///< (YYMMDDhhmmss)(..)(..)(..)(..)(unit), line end, (value): DSMR 2.2 and 3
  reactive_energy,  ///< (value*kvarh|kVArh|varh)
  reactive_power    ///< (value*kvar|kVAr|var)
};

/// Numbers from `first` to `last`, both included.
struct Range {
  uint8_t first, last;
};

/// A-B:C.D.E, with ranges where meters differ or registers follow each other. `e`: registers from `first` on,
/// one for each E. Where a row has `phases`, E is 0 and `e` numbers the phases, 0 the total: C + 20, C + 40
/// and C + 60 are those of L1, L2 and L3. Of M-Bus devices B is the channel.
struct Row {
  uint8_t a;
  Range b;
  uint8_t c, d;
  Range e;
  bool phases;
  Kind kind;
  Register first;
};

/// Sources, by column of protocol/p1.md: DSMR P1 5.0.2 (6.12), DSMR 2.2 and 3.0 (6.4), eMUCS-P1 1.7.1
/// (Belgium), the Swedish branch's recommendation for H1, E.ON Hungary's P1 guide, Luxembourg's P1 2.1; each
/// seen in a recording as well. B of 1 (Switzerland) and the power with a sign: esphome-libs/dsmr_parser,
/// fields.h; ndokter/dsmr_parser, example of a Swiss meter; and for reactive energy by quadrant the table of
/// Regionalwerke Baden in UtilitechAS/amsreader-firmware issue 740. E of 11 to 13 (Israel):
/// esphome-libs/dsmr_parser pull request
/// 50. Reactive energy by tariff (Lithuania): esphome-libs/dsmr_parser pull request 17.
constexpr Row rows[] = {
    {1, {0, 1}, 1, 8, {0, 9}, false, Kind::import_energy, Register::import_total},
    {1, {0, 1}, 2, 8, {0, 9}, false, Kind::export_energy, Register::export_total},
    {1, {0, 1}, 1, 7, {0, 3}, true, Kind::import_power, Register::power_import},
    {1, {0, 1}, 2, 7, {0, 3}, true, Kind::export_power, Register::power_export},
    {1, {0, 1}, 16, 7, {0, 0}, false, Kind::net_power, Register::power_net},
    {0, {0, 0}, 96, 1, {0, 1}, false, Kind::identity, Register::count},
    {0, {0, 0}, 96, 13, {0, 1}, false, Kind::text, Register::count},
    {0, {0, 0}, 42, 0, {0, 0}, false, Kind::identity, Register::count},
    {0, {1, 4}, 24, 1, {0, 0}, false, Kind::device_type, Register::count},
    {0, {1, 4}, 24, 2, {1, 3}, false, Kind::device_reading, Register::count},
    {0, {1, 4}, 24, 3, {0, 0}, false, Kind::device_old, Register::count},
    {0, {0, 0}, 1, 0, {0, 0}, false, Kind::time, Register::time},
    {1, {0, 1}, 12, 7, {1, 3}, true, Kind::voltage, Register::voltage_1},
    {1, {0, 1}, 11, 7, {1, 3}, true, Kind::current, Register::current_1},
    {0, {0, 0}, 96, 14, {0, 0}, false, Kind::plain, Register::tariff},
    {1, {0, 1}, 1, 4, {0, 0}, false, Kind::power, Register::quarter_hour_power},
    {1, {0, 1}, 1, 6, {0, 0}, false, Kind::peak, Register::month_peak},
    // Israel: the tariffs are 11 to 13.
    {1, {0, 1}, 1, 8, {11, 13}, false, Kind::import_energy, Register::import_1},
    {1, {0, 1}, 2, 8, {11, 13}, false, Kind::export_energy, Register::export_1},
    {0, {0, 0}, 96, 14, {1, 1}, false, Kind::plain, Register::tariff},
    // Reactive energy and power, by direction and by quadrant.
    {1, {0, 1}, 3, 8, {0, 4}, false, Kind::reactive_energy, Register::reactive_import_total},
    {1, {0, 1}, 4, 8, {0, 4}, false, Kind::reactive_energy, Register::reactive_export_total},
    {1, {0, 1}, 5, 8, {0, 0}, false, Kind::reactive_energy, Register::reactive_q1},
    {1, {0, 1}, 6, 8, {0, 0}, false, Kind::reactive_energy, Register::reactive_q2},
    {1, {0, 1}, 7, 8, {0, 0}, false, Kind::reactive_energy, Register::reactive_q3},
    {1, {0, 1}, 8, 8, {0, 0}, false, Kind::reactive_energy, Register::reactive_q4},
    {1, {0, 1}, 3, 7, {0, 3}, true, Kind::reactive_power, Register::reactive_power_import},
    {1, {0, 1}, 4, 7, {0, 3}, true, Kind::reactive_power, Register::reactive_power_export},
    {1, {0, 1}, 5, 7, {0, 0}, false, Kind::reactive_power, Register::reactive_power_q1},
    {1, {0, 1}, 6, 7, {0, 0}, false, Kind::reactive_power, Register::reactive_power_q2},
    {1, {0, 1}, 7, 7, {0, 0}, false, Kind::reactive_power, Register::reactive_power_q3},
    {1, {0, 1}, 8, 7, {0, 0}, false, Kind::reactive_power, Register::reactive_power_q4},
};
constexpr uint8_t row_count = sizeof(rows) / sizeof(rows[0]);

/// Whether a row is of an M-Bus device, so that B is its channel.
FLM_NODISCARD constexpr bool is_of_device(const Row& row) {
  return row.kind == Kind::device_type || row.kind == Kind::device_reading || row.kind == Kind::device_old;
}

/// Place of a row's first register in its flow: of the tariff, or of the phase; 0 is the total. 0 of all
/// other kinds.
FLM_NODISCARD constexpr uint8_t first_element(const Row& row) {
  const uint8_t first = static_cast<uint8_t>(row.first);
  return static_cast<uint8_t>(
      row.kind == Kind::import_energy   ? first - static_cast<uint8_t>(Register::import_total)
      : row.kind == Kind::export_energy ? first - static_cast<uint8_t>(Register::export_total)
      : row.kind == Kind::import_power  ? first - static_cast<uint8_t>(Register::power_import)
      : row.kind == Kind::export_power  ? first - static_cast<uint8_t>(Register::power_export)
                                        : 0);
}

/// Whether a line can have the code of a row, and its registers are those of its kind: E ends before 255; C
/// of a phase is written as that of the total; channels are 1 to 4; energy has tariffs 1 to 9, power phases 1
/// to 3.
FLM_NODISCARD constexpr bool can_be_read(const Row& row) {
  if (row.b.first > row.b.last || row.e.first > row.e.last || row.e.last > 254) return false;
  if (row.a == 1 && row.c > 20 && row.c <= 80) return false;
  if (row.phases && (row.a != 1 || row.c > 20 || row.e.last > 3)) return false;
  if (is_of_device(row) && (row.b.first < 1 || row.b.last > 4)) return false;
  const uint8_t last = static_cast<uint8_t>(first_element(row) + row.e.last - row.e.first);
  if (row.kind == Kind::import_energy || row.kind == Kind::export_energy) return last <= 9;
  if (row.kind == Kind::import_power || row.kind == Kind::export_power) return last <= 3;
  return true;
}

FLM_NODISCARD constexpr bool overlap(Range x, Range y) { return x.first <= y.last && y.first <= x.last; }

/// Whether no line fits two rows of a table, and each row can be read.
template <uint8_t N>
FLM_NODISCARD constexpr bool can_be_told_apart(const Row (&table)[N]) {
  for (uint8_t i = 0; i < N; ++i) {
    if (!can_be_read(table[i])) return false;
    for (uint8_t other = 0; other < i; ++other) {
      const Row &x = table[i], &y = table[other];
      const bool same_e = x.phases == y.phases ? overlap(x.e, y.e) : x.e.first == 0 && y.e.first == 0;
      if (x.a == y.a && x.c == y.c && x.d == y.d && overlap(x.b, y.b) && same_e) return false;
    }
  }
  return true;
}
static_assert(can_be_told_apart(rows), "a code that no line has, or that two rows have");

/// As the power in a reading: the meter does not report it.
constexpr uint32_t power_not_told = UINT32_C(0x80000000);

}  // namespace p1
}  // namespace protocol
}  // namespace flm

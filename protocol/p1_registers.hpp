// What smart meters tell, as one table: a register, or a dialect that names it otherwise, is a row.
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

/// M-Bus device types (EN 13757-3, table 6), those that P1 meters pass on.
namespace device {
enum Type : uint8_t {
  none = 0,
  electricity = 2,
  gas = 3,
  heat = 4,
  warm_water = 6,
  water = 7,
  cooling = 10,
  cooling_inlet = 11,
  heat_inlet = 12,
  heat_cooling = 13
};
}

/// Which checksums are taken.
enum class Checksums : uint8_t {
  arc,      ///< CRC-16/ARC
  in_turn,  ///< that or CRC-16/X-25, one at a time: behind two telegrams in a row with a wrong one, the other
            ///< is tried
  both      ///< either, at once
};

/// A sensor board: net energy, signed power, and one device with the time of its reading.
struct BoardFields {
  /// Which registers are kept one by one; the net sums and the devices are always there.
  static constexpr bool keeps(Register) { return false; }
  /// How many M-Bus devices are kept, 0, 1 or 4, and of which types. Of one it is that of the lowest type,
  /// gas before heat before water; of several of a type the one that was read last.
  static constexpr uint8_t devices = 1;
  static constexpr bool wants_device(uint8_t type) { return type >= device::gas; }
  static constexpr Checksums checksums = Checksums::arc;
  /// Is power told by phase or with a sign where a meter tells no totals?
  static constexpr bool part_powers = true;
  /// Is a time that is none (month 25, hour 25) taken for none?
  static constexpr bool checks_times = true;
  /// Are times turned into Unix time? If not, they are what the meter's clock shows, as a decimal number
  /// YYMMDDhhmm modulo 2^32 (exact until the end of 2042), and a 31st is taken of any month: 250 bytes of
  /// flash less.
  static constexpr bool utc = false;
  /// Seconds that winter time is ahead of UTC; summer time is an hour more.
  static constexpr int16_t winter_time_s = 3600;
  using Count = uint8_t;   ///< of errors; stays at its highest value
  using Value = uint32_t;  ///< energy is told modulo 2^32 Wh
  using Net = int32_t;     ///< the same with a sign
};

/// The same of meters with either CRC. 128 bytes of flash and 6 cycles a byte more, which FLM02A has not got:
/// at 115 200 baud it reads telegrams back to back.
struct BoardFieldsAnyCrc : BoardFields {
  static constexpr Checksums checksums = Checksums::in_turn;
};

/// What a board keeps that has no room for more: 160 bytes of flash less.
struct SmallFields : BoardFields {
  static constexpr bool part_powers = false;
  static constexpr bool checks_times = false;
};

/// Everything, for a PC.
struct AllFields {
  static constexpr bool part_powers = true;
  static constexpr bool checks_times = true;
  static constexpr bool keeps(Register) { return true; }
  static constexpr uint8_t devices = 4;
  static constexpr bool wants_device(uint8_t type) { return type != device::none; }
  static constexpr Checksums checksums = Checksums::arc;
  static constexpr bool utc = true;
  static constexpr int16_t winter_time_s = 3600;
  using Count = uint16_t;
  using Value = uint64_t;
  using Net = int64_t;
};

/// As AllFields, and meters with CRC-16/X-25.
struct AllFieldsAnyCrc : AllFields {
  static constexpr Checksums checksums = Checksums::both;
};

/// Where a register is kept: its place among those that Fields keeps. A row is kept whole or not at all.
template <class Fields>
constexpr uint8_t place_of(Register wanted) {
  uint8_t place = 0;
  for (uint8_t r = 0; r < static_cast<uint8_t>(wanted); ++r)
    if (Fields::keeps(static_cast<Register>(r))) ++place;
  return place;
}

/// Is a row looked for at all?
template <class Fields>
constexpr bool wants_row(const Row& row) {
  return row.kind == Kind::device_type || row.kind == Kind::device_reading || row.kind == Kind::device_old
             ? Fields::devices != 0
         : row.kind == Kind::voltage || row.kind == Kind::current || row.kind == Kind::power ||
                 row.kind == Kind::plain || row.kind == Kind::time || row.kind == Kind::peak
             ? Fields::keeps(row.first)
         : row.kind == Kind::net_power ? Fields::part_powers
         : row.kind == Kind::text      ? Fields::checks_times
                                       : true;
}

/// Is a row the first wanted one with its C?
template <class Fields>
constexpr bool first_of_c(uint8_t row) {
  for (uint8_t i = 0; i < row; ++i)
    if (rows[i].c == rows[row].c && wants_row<Fields>(rows[i])) return false;
  return true;
}

template <class Fields>
constexpr bool wants_kind(Kind kind) {
  for (uint8_t i = 0; i < row_count; ++i)
    if (rows[i].kind == kind && wants_row<Fields>(rows[i])) return true;
  return false;
}

}  // namespace p1
}  // namespace protocol
}  // namespace flm

// Choice of what is read of telegrams, at compile time: for a board, for a PC. Code and memory for the rest
// do not exist.
#pragma once
#include <stdint.h>

#include "protocol/p1/crc.hpp"
#include "protocol/p1/registers.hpp"
#include "toolchain/attributes.hpp"

namespace flm {
namespace protocol {
namespace p1 {

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

/// A sensor board: net energy, signed power, and one device with the time of its reading.
struct BoardFields {
  /// Whether a register is kept by itself; the net sums and the devices are always there.
  static constexpr bool keeps(Register) { return false; }
  /// Number of M-Bus devices that are kept, 0, 1 or 4, and their types. Of one it is that of the lowest type,
  /// gas before heat before water; of several of a type the one that was read last.
  static constexpr uint8_t devices = 1;
  static constexpr bool wants_device(uint8_t type) { return type >= device::gas; }
  static constexpr Checksums checksums = Checksums::arc;
  /// Whether power is read by phase, or with a sign, where a meter sends no totals.
  static constexpr bool part_powers = true;
  /// Whether an impossible time (month 25, hour 25) counts as absent.
  static constexpr bool checks_times = true;
  /// Whether rows are looked for that share C and D with a row above them (Israel): 170 bytes of flash.
  static constexpr bool every_code = false;
  /// Whether times are turned into Unix time. If not, they are what the meter's clock shows, as a decimal
  /// number YYMMDDhhmm modulo 2^32 (exact until the end of 2042), and a 31st is taken of any month: 250 bytes
  /// of flash less.
  static constexpr bool utc = false;
  /// Seconds that winter time is ahead of UTC; summer time is an hour more.
  static constexpr int16_t winter_time_s = 3600;
  using Count = uint8_t;   ///< counter of errors; stays at its highest value
  using Value = uint32_t;  ///< energy, modulo 2^32 Wh
  using Net = int32_t;     ///< energy with a sign
};

/// Like BoardFields, for meters with either CRC. 128 bytes of flash and 6 cycles a byte more, which FLM02A
/// has not got: at 115 200 baud it reads telegrams back to back.
struct BoardFieldsAnyCrc : BoardFields {
  static constexpr Checksums checksums = Checksums::in_turn;
};

/// Fields of a board that has no room for BoardFields: 160 bytes of flash less.
struct SmallFields : BoardFields {
  static constexpr bool part_powers = false;
  static constexpr bool checks_times = false;
};

/// Everything, for a PC.
struct AllFields {
  static constexpr bool part_powers = true;
  static constexpr bool checks_times = true;
  static constexpr bool every_code = true;
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

/// Place of a register among those that Fields keeps. A row is kept whole or not at all.
template <class Fields>
constexpr uint8_t place_of(Register wanted) {
  uint8_t place = 0;
  for (uint8_t r = 0; r < static_cast<uint8_t>(wanted); ++r)
    if (Fields::keeps(static_cast<Register>(r))) ++place;
  return place;
}

/// Whether a row has the C and D of one above it.
FLM_NODISCARD constexpr bool repeats_c_d(uint8_t row) {
  for (uint8_t i = 0; i < row; ++i)
    if (rows[i].c == rows[row].c && rows[i].d == rows[row].d) return true;
  return false;
}

/// Whether Fields looks for a row at all.
template <class Fields>
FLM_NODISCARD constexpr bool wants_row(uint8_t row) {
  if (!Fields::every_code && repeats_c_d(row)) return false;
  if (is_of_device(rows[row])) return Fields::devices != 0;
  switch (rows[row].kind) {
    case Kind::import_power:
    case Kind::export_power:
    case Kind::import_energy:
    case Kind::export_energy:
    case Kind::identity: return true;
    case Kind::net_power: return Fields::part_powers;
    case Kind::text: return Fields::checks_times;
    default: return Fields::keeps(rows[row].first);
  }
}

/// Whether a row is the first wanted one with its C.
template <class Fields>
FLM_NODISCARD constexpr bool first_of_c(uint8_t row) {
  for (uint8_t i = 0; i < row; ++i)
    if (rows[i].c == rows[row].c && wants_row<Fields>(i)) return false;
  return true;
}

/// Whether a row's C and D, and a byte for the rest (Form), distinguish it from all others that are wanted:
/// no other shares C and D, A is 0 or 1, B up to A or a channel, E begins with 0 or 1 and has up to 16
/// values.
template <class Fields>
FLM_NODISCARD constexpr bool told_by_form(uint8_t row) {
  const Row& r = rows[row];
  for (uint8_t i = 0; i < row_count; ++i)
    if (i != row && rows[i].c == r.c && rows[i].d == r.d && wants_row<Fields>(i)) return false;
  return r.a <= 1 &&
         (is_of_device(r) ? r.a == 0 && r.b.first == 1 && r.b.last == 4
                          : r.b.first == 0 && r.b.last == r.a) &&
         r.e.first <= 1 && r.e.last - r.e.first <= 15 && first_element(r) == 0;
}

/// Whether the form alone identifies each wanted row.
template <class Fields>
FLM_NODISCARD constexpr bool all_told_by_form() {
  for (uint8_t i = 0; i < row_count; ++i)
    if (wants_row<Fields>(i) && !told_by_form<Fields>(i)) return false;
  return true;
}

/// Whether a wanted row of electricity has a C over those of the phases.
template <class Fields>
FLM_NODISCARD constexpr bool has_c_over_phases() {
  for (uint8_t i = 0; i < row_count; ++i)
    if (rows[i].a == 1 && rows[i].c > 80 && wants_row<Fields>(i)) return true;
  return false;
}

/// Whether Fields wants a row of a kind.
template <class Fields>
FLM_NODISCARD constexpr bool wants_kind(Kind kind) {
  for (uint8_t i = 0; i < row_count; ++i)
    if (rows[i].kind == kind && wants_row<Fields>(i)) return true;
  return false;
}

}  // namespace p1
}  // namespace protocol
}  // namespace flm

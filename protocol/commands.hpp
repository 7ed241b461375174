// The commands of the control link: one table that boards, hosts and tests use.
//
// Almost everything on the link is a property: a number that `g` + letter gets and `s` + letter sets, of the
// board or of one sensor. A property is one row here; the board gives it a meaning in one place
// (firmware/control.hpp).
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "toolchain/attributes.hpp"

namespace flm {
namespace protocol {

/// Whether a property can be got, set, or both.
enum class Access : uint8_t { get, set, get_set };

/// What the 2 digits before a property's value number, and how many there are.
enum class Index : uint8_t { none = 0, clamp = 3, sensor = 6, port = 16 + 6 };
FLM_NODISCARD constexpr uint8_t index_count(Index index) { return static_cast<uint8_t>(index) & 7; }

/// A property: `g<letter>` [index2] -> [index2] fields, `s<letter>` [index2] fields -> the same.
struct Property {
  char letter;
  Index index;
  uint8_t field_digits[6];  ///< hex digits of the value's fields, most significant first, 0 ends the list
  Access access;
  bool port_configuration;  ///< only boards with a port configuration (FLM02B) know it
  bool extension;           ///< stock boards do not know it

  /// Digits of all fields together, without the sensor index.
  FLM_NODISCARD constexpr uint8_t digits() const {
    uint8_t sum = 0;
    for (uint8_t d : field_digits) sum = static_cast<uint8_t>(sum + d);
    return sum;
  }
};

/// Every property. Those that protocol/README.md does not call extensions are the stock firmware's
/// (github.com/flukso/flm02, avr/a and avr/b, ctrl.c).
struct PropertyTable {
  static constexpr Property properties[] = {
      {'h', Index::none, {4, 2}, Access::get_set, false, false},  // hardware version: major, minor
      {'s', Index::none, {2, 2}, Access::get_set, false, false},  // software version: major, minor
      {'e', Index::sensor, {2}, Access::get_set, false, false},   // sensor enabled: 0, 1
      {'p', Index::none, {2, 2, 2, 2, 2, 2}, Access::get_set, false, false},  // sensor that each port feeds;
                                                                              // ff: none
      {'c', Index::sensor, {8}, Access::get_set, false, false},               // counter, Wh or litre
      {'m', Index::sensor, {4}, Access::get_set, false, false},               // meter constant
      {'f', Index::sensor, {4}, Access::get_set, false, false},  // its thousandths, 0..999; or its divisor,
                                                                 // 1001..4095
      {'w', Index::none, {4}, Access::get_set, false, false},    // watchdog resets
      {'b', Index::none, {4}, Access::get_set, false, false},    // power failures
      {'k', Index::none, {2, 2, 2}, Access::get_set, true, false},  // lines: analog front end, invert RX,
                                                                    // invert TX; 0, 1
      {'i', Index::none, {2}, Access::get_set, true, false},   // port that the LED shows, 0..5; ff: heartbeat
      {'g', Index::none, {2}, Access::set, true, false},       // radio group
      {'y', Index::none, {2}, Access::get_set, true, true},    // radio's data rate: 0: 19.2 kbit/s, 1: 49.2
      {'q', Index::none, {2}, Access::get_set, false, true},   // port 6: 1 smart meter, +2 at 9600 7E1, +4
                                                               // also without CRC
      {'t', Index::clamp, {4}, Access::get_set, false, true},  // time constant of the smoother, us
      {'n', Index::clamp, {4}, Access::get_set, false, true},  // variance of the noise, 1/1024 count^2
      {'o', Index::clamp, {4}, Access::get_set, false, true},  // code at no current, 1/256 count, two's
                                                               // complement
      {'j', Index::port, {4}, Access::get_set, false, true},  // debounce of a pulse port, 15..65535 tenths of
                                                              // a ms
  };
  static constexpr size_t count = sizeof(properties) / sizeof(properties[0]);

  /// Place of a property in the table, or `count`.
  FLM_NODISCARD static constexpr size_t find(char letter) {
    size_t place = 0;
    while (place < count && properties[place].letter != letter) ++place;
    return place;
  }
};

/// A property's row at compile time; does not compile for a letter that is not in the table.
template <char Letter>
struct PropertyOf {
  static_assert(PropertyTable::find(Letter) < PropertyTable::count, "no such property in PropertyTable");
  static constexpr Property row = PropertyTable::properties[PropertyTable::find(Letter)];
  static constexpr uint8_t digits = row.digits();
  static constexpr Index index = row.index;
};

/// What can only be read, because it is longer than a property: `g<letter>` [index2] -> [index2] fields.
struct Report {
  char letter;
  Index index;
  uint8_t field_digits[20];
  bool repeats;    ///< the fields come once for each sensor that changed
  bool extension;  ///< stock boards do not know it
};

/// Every report.
struct ReportTable {
  static constexpr Report reports[] = {
      // Sensors that changed since the last one that was read: sensor, counter, thousandths, power in W or
      // time of the last pulse in ms.
      {'d', Index::none, {2, 8, 4, 8}, true, false},
      // A clamp's last second, raw: samples; largest, smallest and last code; codes at full scale; sums of
      // the codes, of the squares of their steps, of their squares. No samples: from now on this clamp is
      // kept, ask again after a second.
      {'a', Index::clamp, {4, 4, 4, 4, 4, 8, 8, 8}, false, true},
      // Reset cause (1 power on, 2 external, 4 brown-out, 8 watchdog), seconds since; the board's state, a
      // bit each (state); bytes of stack that were never used (ffff: not known), and EEPROM bytes written,
      // both since reset. The first firmware ended its reply after the seconds.
      {'r', Index::none, {2, 8, 2, 4, 4}, false, true},
      // Errors since reset, counted modulo their digits. Link: malformed messages, messages dropped because
      // one was waiting. Channel `u`, radio packets or RS-485 bytes: wrong ones, good ones without room, the
      // host's that were refused; the radio's restarts.
      {'x', Index::none, {4, 2, 4, 2, 2, 2}, false, true},
      // The smart meter's last telegram: its M-Bus device (3 gas, 4 heat, 7 water, 0 none), telegrams
      // accepted since reset, the meter's number (another meter has another one), Wh from and to the grid,
      // the device's litre (MJ of heat) and their time, YYMMDDhhmm modulo 2^32. Then what was refused since
      // reset, each up to ff: noise, cut, crc, crc_form, no_crc, not_whole, value, digits, unit, time,
      // duplicate; and bytes that were overrun, modulo 256.
      {'z', Index::none, {2, 4, 4, 8, 8, 8, 8, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2}, false, true},
      // Firmware: version major, minor, patch; board (2a: FLM02A, 2b: FLM02B); features, a bit each
      // (Feature).
      {'v', Index::none, {2, 2, 2, 2, 4}, false, true},
  };
  static constexpr size_t count = sizeof(reports) / sizeof(reports[0]);

  /// Place of a report in the table, or `count`.
  FLM_NODISCARD static constexpr size_t find(char letter) {
    size_t place = 0;
    while (place < count && reports[place].letter != letter) ++place;
    return place;
  }
};

/// Bits of `gv`'s features.
namespace feature {
constexpr uint16_t true_rms = 1, journal = 2, port_configuration = 4, radio = 8, rs485 = 16, p1 = 32;
}

/// Bits of `gr`'s state.
namespace state {
constexpr uint8_t supply_low = 1;  ///< the supply is below the power-fail threshold now
constexpr uint8_t worn = 2;        ///< an EEPROM cell did not take its value
constexpr uint8_t clipped =
    4;  ///< clamp 1 had samples at full scale in its last second; 8: clamp 2, 16: clamp 3
}  // namespace state

/// `ct` takes nothing, and is answered when settings and counters are safe in EEPROM: at once, or up to half
/// a second later; `zz` when they could not be stored.

}  // namespace protocol
}  // namespace flm

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

/// Bits of `gv`'s features.
namespace feature {
constexpr uint16_t true_rms = 1, journal = 2, port_configuration = 4, radio = 8, rs485 = 16, p1 = 32;
}

/// Features of a board with this firmware. `Board`: its facts, from boards/.
template <class Board>
FLM_NODISCARD constexpr uint16_t features_of() {
  constexpr bool switches_ports = Board::switched_ports != 0, inverts_line = Board::inverts_meter_line,
                 led_shows_port = Board::led_shows == decltype(Board::led_shows)::any_port;
  static_assert(switches_ports == inverts_line && switches_ports == led_shows_port,
                "`k` and `i` come together: a board with a part of them needs a feature of its own");
  constexpr bool has_radio = Board::channel == decltype(Board::channel)::radio;
  return static_cast<uint16_t>(feature::true_rms | feature::journal | feature::p1 |
                               (switches_ports ? feature::port_configuration : 0) |
                               (has_radio ? feature::radio : feature::rs485));
}

/// Whether a property can be got, set, or both.
enum class Access : uint8_t { get, set, get_set };

/// Meaning of the 2 digits before a property's value. The low 3 bits are how many indices there are.
enum class Index : uint8_t { none = 0, clamp = 3, sensor = 6, port = 16 + 6 };
FLM_NODISCARD constexpr uint8_t index_count(Index index) { return static_cast<uint8_t>(index) & 7; }

/// Part that a property plays when a board is set up: who the board is, what it has counted, how it is
/// configured, whether a sensor counts.
enum class Role : uint8_t { identity, counter, configuration, enable };

/// The firmware that knows a property: the stock one as well, or only this one.
enum class Since : uint8_t { stock, openflm };

/// Values that each field of a property can have: `lowest` to `highest`.
struct Range {
  uint32_t lowest, highest;
  uint16_t hole;  ///< a value between the two that a board refuses; 0: there is none
  bool or_none;   ///< or ff, beyond `highest`: none

  FLM_NODISCARD constexpr bool has(uint32_t value) const {
    return (value >= lowest && value <= highest && (hole == 0 || value != hole)) ||
           (or_none && value == 0xFF);
  }
};
namespace range {
constexpr Range any = {0, 0xFFFFFFFF, 0, false};
constexpr Range truth = {0, 1, 0, false};
constexpr Range six = {0, 5, 0, true};              ///< a sensor or port, or none
constexpr Range port_6 = {0, 7, 0, false};          ///< three bits
constexpr Range fraction = {0, 4095, 1000, false};  ///< thousandths, or over 1000 a divisor
constexpr Range debounce = {15, 0xFFFF, 0, false};  ///< tenths of a ms
}  // namespace range

/// A property: `g<letter>` [index2] -> [index2] fields, `s<letter>` [index2] fields -> the same.
struct Property {
  char letter;
  const char* name;  ///< as users read it, after "sensor 1"
  Index index;
  uint8_t field_digits[6];  ///< hex digits of the value's fields, most significant first, 0 ends the list
  Range range;
  Role role;
  Access access;
  uint16_t needs;  ///< bits of feature: boards that lack one do not know the letter
  Since since;

  /// Digits of all fields together, without the sensor index.
  FLM_NODISCARD constexpr uint8_t digits() const {
    uint8_t sum = 0;
    for (uint8_t d : field_digits) sum = static_cast<uint8_t>(sum + d);
    return sum;
  }
  /// True if the property is part of how a board is set up: it stands in a configuration file.
  FLM_NODISCARD constexpr bool configures() const {
    return role == Role::configuration || role == Role::enable;
  }
  /// True if a board with these bits of feature knows the letter.
  FLM_NODISCARD constexpr bool known_with(uint16_t features) const { return (needs & ~features) == 0; }
};

/// Every property, in the order in which a main board sets them: it disables the sensors that are concerned,
/// sets what has changed from the first row to the last, and so enables them at the end. Since::stock: the
/// stock firmware has it too (github.com/flukso/flm02, avr/a and avr/b, ctrl.c).
class PropertyTable {
  static constexpr Index board = Index::none, sensor = Index::sensor, clamp = Index::clamp,
                         port = Index::port;
  static constexpr Role identity = Role::identity, counter = Role::counter, settings = Role::configuration,
                        enable = Role::enable;
  static constexpr Access set = Access::set, get_set = Access::get_set;
  static constexpr uint16_t any = 0, ports = feature::port_configuration, radio = feature::radio;
  static constexpr Since stock = Since::stock, openflm = Since::openflm;

 public:
  static constexpr Property properties[] = {
      // major, minor
      {'h', "hardware version", board, {4, 2}, range::any, identity, get_set, any, stock},
      // major, minor
      {'s', "software version", board, {2, 2}, range::any, identity, get_set, any, stock},
      // Wh or litre
      {'c', "counter", sensor, {8}, range::any, counter, get_set, any, stock},
      {'w', "watchdog resets", board, {4}, range::any, counter, get_set, any, stock},
      {'b', "power failures", board, {4}, range::any, counter, get_set, any, stock},
      // analog front end on, RX inverted, TX inverted
      {'k', "lines", board, {2, 2, 2}, range::truth, settings, get_set, ports, stock},
      // 1 smart meter, +2 at 9600 7E1, +4 also without CRC
      {'q', "port 6", board, {2}, range::port_6, settings, get_set, any, openflm},
      {'p', "sensors of ports 1 to 6", board, {2, 2, 2, 2, 2, 2}, range::six, settings, get_set, any, stock},
      // clamp: nWh per count and 1.5 ms; pulse: Wh or litre
      {'m', "meter constant", sensor, {4}, range::any, settings, get_set, any, stock},
      // of the constant, 0 to 999; or what divides it, 1001 to 4095
      {'f', "thousandths", sensor, {4}, range::fraction, settings, get_set, any, stock},
      // of the smoother, us
      {'t', "time constant", clamp, {4}, range::any, settings, get_set, any, openflm},
      // variance, 1/1024 count^2
      {'n', "noise", clamp, {4}, range::any, settings, get_set, any, openflm},
      // code at no current, 1/256 count, two's complement
      {'o', "offset", clamp, {4}, range::any, settings, get_set, any, openflm},
      // of a pulse port, tenths of a ms
      {'j', "debounce", port, {4}, range::debounce, settings, get_set, any, openflm},
      {'g', "radio group", board, {2}, range::any, settings, set, radio, stock},
      // 0: 19.2 kbit/s, 1: 49.2
      {'y', "radio rate", board, {2}, range::truth, settings, get_set, radio, openflm},
      // port that it shows; none: the heartbeat
      {'i', "LED", board, {2}, range::six, settings, get_set, ports, stock},
      {'e', "enabled", sensor, {2}, range::truth, enable, get_set, any, stock},
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

/// A report, which can only be read, because it is longer than a property: `g<letter>` [index2] -> [index2]
/// fields.
struct Report {
  char letter;
  const char* name;  ///< as users read it
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
      {'d', "sensors that changed", Index::none, {2, 8, 4, 8}, true, false},
      // A clamp's last second, raw: samples; largest, smallest and last code; codes at full scale; sums of
      // the codes, of the squares of their steps, of their squares. No samples: from now on this clamp is
      // kept, ask again after a second.
      {'a', "last second, raw", Index::clamp, {4, 4, 4, 4, 4, 8, 8, 8}, false, true},
      // Reset cause (1 power on, 2 external, 4 brown-out, 8 watchdog), seconds since; the board's state, a
      // bit each (state); bytes of stack that were never used (ffff: not known), and EEPROM bytes written,
      // both since reset. The first firmware ended its reply after the seconds.
      {'r', "reset cause, up-time, state", Index::none, {2, 8, 2, 4, 4}, false, true},
      // Errors since reset, counted modulo their digits. Link: malformed messages, messages dropped because
      // one was waiting. Channel `u`, radio packets or RS-485 bytes: wrong ones, good ones without room, the
      // host's that were refused; the radio's restarts.
      {'x', "errors since reset", Index::none, {4, 2, 4, 2, 2, 2}, false, true},
      // The smart meter's last telegram: its M-Bus device (3 gas, 4 heat, 7 water, 0 none), telegrams
      // accepted since reset, the meter's number (each meter has its own), Wh from and to the grid,
      // the device's litre (MJ of heat) and their time, YYMMDDhhmm modulo 2^32. Then what was refused since
      // reset, each up to ff: noise, cut, crc, crc_form, no_crc, not_whole, value, digits, unit, time,
      // duplicate; and bytes that were overrun, modulo 256.
      {'z',
       "smart meter",
       Index::none,
       {2, 4, 4, 8, 8, 8, 8, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2},
       false,
       true},
      // Firmware: version major, minor, patch; board (2a: FLM02A, 2b: FLM02B); features, a bit each
      // (Feature).
      {'v', "firmware version", Index::none, {2, 2, 2, 2, 4}, false, true},
  };
  static constexpr size_t count = sizeof(reports) / sizeof(reports[0]);

  /// Place of a report in the table, or `count`.
  FLM_NODISCARD static constexpr size_t find(char letter) {
    size_t place = 0;
    while (place < count && reports[place].letter != letter) ++place;
    return place;
  }
};

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

// The commands of the control link: one table that boards, hosts and tests use.
//
// Almost everything on the link is a property: a number that `g` + letter gets and `s` + letter sets, of the board or of one
// sensor. A property is one row here; the board gives it a meaning in one place (firmware/control.hpp).
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "protocol/attributes.hpp"

namespace flm {
namespace protocol {

/// Whether a property can be got, set, or both.
enum class Access : uint8_t { get, set, get_set };

/// A property: `g<letter>` [sensor2] -> [sensor2] fields, `s<letter>` [sensor2] fields -> the same.
struct Property {
  char letter;
  bool per_sensor;           ///< a sensor index of 2 digits comes first
  uint8_t field_digits[6];   ///< hex digits of the value's fields, most significant first, 0 ends the list
  Access access;
  bool port_configuration;   ///< only boards with a port configuration (FLM02B) know it

  /// Digits of all fields together, without the sensor index.
  FLM_NODISCARD constexpr uint8_t digits() const {
    uint8_t sum = 0;
    for (uint8_t d : field_digits) sum = static_cast<uint8_t>(sum + d);
    return sum;
  }
};

/// Every property (wire reference, "Commands").
struct PropertyTable {
  static constexpr Property properties[] = {
      {'h', false, {4, 2}, Access::get_set, false},              // hardware version: major, minor
      {'s', false, {2, 2}, Access::get_set, false},              // software version: major, minor
      {'e', true, {2}, Access::get_set, false},                  // sensor enabled: 0, 1
      {'p', false, {2, 2, 2, 2, 2, 2}, Access::get_set, false},  // sensor that each port feeds; ff: none
      {'c', true, {8}, Access::get_set, false},                  // counter, Wh or litre
      {'m', true, {4}, Access::get_set, false},                  // meter constant
      {'f', true, {4}, Access::get_set, false},                  // its thousandths, 0..999
      {'k', false, {2, 2, 2}, Access::get_set, true},            // lines: analog front end, invert RX, invert TX; 0, 1
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
  static constexpr bool per_sensor = row.per_sensor;
};

/// `gd` is no property: it takes nothing and answers n times sensor2 counter8 milli4 extra8, for the sensors that changed.
struct DataRecord {
  static constexpr uint8_t field_digits[] = {2, 8, 4, 8};
};

}  // namespace protocol
}  // namespace flm

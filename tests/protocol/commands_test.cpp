#include "protocol/commands.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <type_traits>

using namespace flm::protocol;

namespace {
/// The wire reference's table, "Commands": letter, index first, digits of the value.
struct Documented {
  char letter;
  bool per_sensor;
  int digits;
};
constexpr Documented documented[] = {{'h', false, 6}, {'s', false, 4}, {'e', true, 2}, {'p', false, 12},
                                     {'c', true, 8},  {'m', true, 4},  {'f', true, 4}, {'k', false, 6}};
}  // namespace

TEST_CASE("every property is written on the wire as documented") {
  for (const Documented& wanted : documented) {
    CAPTURE(wanted.letter);
    const std::size_t place = PropertyTable::find(wanted.letter);
    REQUIRE(place < PropertyTable::count);
    const Property& property = PropertyTable::properties[place];
    CHECK(property.per_sensor == wanted.per_sensor);
    CHECK(property.digits() == wanted.digits);
    CHECK(property.access == Access::get_set);
    CHECK(property.port_configuration == (wanted.letter == 'k'));
  }
}

TEST_CASE("no letter stands twice in the table, and a field has 2, 4 or 8 digits") {
  std::string letters;
  for (const Property& property : PropertyTable::properties) {
    CHECK(letters.find(property.letter) == std::string::npos);
    letters += property.letter;
    for (const std::uint8_t digits : property.field_digits) CHECK((digits == 0 || digits == 2 || digits == 4 || digits == 8));
  }
}

TEST_CASE("a letter that is no property is not found") {
  for (const char letter : {'d', 'z', 'H', '\0'}) CHECK(PropertyTable::find(letter) == PropertyTable::count);
}

TEST_CASE("a property's row is known at compile time") {
  CHECK((std::integral_constant<int, PropertyOf<'c'>::digits>::value == 8));
  CHECK((std::integral_constant<bool, PropertyOf<'c'>::per_sensor>::value));
}

TEST_CASE("a data record has 22 digits: sensor, counter, thousandths, extra") {
  int digits = 0;
  for (const std::uint8_t field : DataRecord::field_digits) digits += field;
  CHECK(digits == 2 + 8 + 4 + 8);
}

#include "protocol/commands.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <type_traits>

using namespace flm::protocol;

namespace {
/// The stock firmware's commands (github.com/flukso/flm02, ctrl.c): letter, what the index numbers, digits of
/// the value, whether it can be got, the feature that it needs.
struct Documented {
  char letter;
  Index index;
  int digits;
  bool gettable;
  std::uint16_t needs;
};
constexpr Documented documented[] = {{'h', Index::none, 6, true, 0},
                                     {'s', Index::none, 4, true, 0},
                                     {'e', Index::sensor, 2, true, 0},
                                     {'p', Index::none, 12, true, 0},
                                     {'c', Index::sensor, 8, true, 0},
                                     {'m', Index::sensor, 4, true, 0},
                                     {'f', Index::sensor, 4, true, 0},
                                     {'w', Index::none, 4, true, 0},
                                     {'b', Index::none, 4, true, 0},
                                     {'k', Index::none, 6, true, feature::port_configuration},
                                     {'i', Index::none, 2, true, feature::port_configuration},
                                     {'g', Index::none, 2, false, feature::radio}};
}  // namespace

TEST_CASE("every property is written on the wire as documented, and the others are marked as extensions") {
  std::string of_stock;
  for (const Documented& wanted : documented) {
    CAPTURE(wanted.letter);
    of_stock += wanted.letter;
    const std::size_t place = PropertyTable::find(wanted.letter);
    REQUIRE(place < PropertyTable::count);
    const Property& property = PropertyTable::properties[place];
    CHECK(property.index == wanted.index);
    CHECK(property.digits() == wanted.digits);
    CHECK(property.access == (wanted.gettable ? Access::get_set : Access::set));
    CHECK(property.needs == wanted.needs);
  }
  for (const Property& property : PropertyTable::properties)
    CHECK((property.since == Since::openflm) == (of_stock.find(property.letter) == std::string::npos));
}

TEST_CASE(
    "rows stand in the order in which a stock main board sets: lines, map, constants, then it enables") {
  std::string order;
  for (const Property& property : PropertyTable::properties)
    if (property.configures() && property.since == Since::stock) order += property.letter;
  CHECK(order == "kpmfgie");
  for (const Property& property : PropertyTable::properties)
    CHECK((property.role == Role::enable) == (property.letter == 'e'));
}

TEST_CASE("a range holds its ends, and not what lies beyond them or in its hole") {
  CHECK((range::any.has(0) && range::any.has(0xFFFFFFFF)));
  CHECK((range::truth.has(0) && range::truth.has(1) && !range::truth.has(2) && !range::truth.has(0xFF)));
  CHECK((range::six.has(5) && !range::six.has(6) && range::six.has(0xFF)));
  CHECK((range::fraction.has(999) && !range::fraction.has(1000) && range::fraction.has(4095) &&
         !range::fraction.has(4096)));
  CHECK((!range::debounce.has(14) && range::debounce.has(15) && range::debounce.has(0xFFFF)));
}

TEST_CASE("no letter stands twice in the table, and a field has 2, 4 or 8 digits") {
  std::string letters;
  for (const Property& property : PropertyTable::properties) {
    CHECK(letters.find(property.letter) == std::string::npos);
    letters += property.letter;
    for (const std::uint8_t digits : property.field_digits)
      CHECK((digits == 0 || digits == 2 || digits == 4 || digits == 8));
  }
  for (const Report& report : ReportTable::reports) {
    CHECK(letters.find(report.letter) == std::string::npos);
    letters += report.letter;
  }
}

TEST_CASE("a letter that is not a property is not found") {
  for (const char letter : {'d', 'z', 'H', '\0'}) CHECK(PropertyTable::find(letter) == PropertyTable::count);
}

TEST_CASE("a property's row is known at compile time") {
  CHECK((std::integral_constant<int, PropertyOf<'c'>::digits>::value == 8));
  CHECK((std::integral_constant<int, index_count(PropertyOf<'c'>::index)>::value == 6));
}

TEST_CASE("a data record has 22 digits: sensor, counter, thousandths, extra") {
  int digits = 0;
  for (const std::uint8_t field : ReportTable::reports[ReportTable::find('d')].field_digits) digits += field;
  CHECK(digits == 2 + 8 + 4 + 8);
}

TEST_CASE("there are 3 clamps, and 6 sensors and ports") {
  CHECK(index_count(Index::none) == 0);
  CHECK(index_count(Index::clamp) == 3);
  CHECK(index_count(Index::sensor) == 6);
  CHECK(index_count(Index::port) == 6);
}

#include "tools/history/point.hpp"

#include <catch2/catch.hpp>
#include <limits>

using namespace flm::history;

TEST_CASE("thousandths are written with no more decimals than they need") {
  CHECK(decimal(0) == "0");
  CHECK(decimal(157'000) == "157");
  CHECK(decimal(942'856'500) == "942856.5");
  CHECK(decimal(-3'004) == "-3.004");
  CHECK(decimal(4) == "0.004");  // stock's %.14g writes it so, too
  CHECK(decimal(-990) == "-0.99");
  CHECK(decimal(std::numeric_limits<Milli>::max()) == "9223372036854775.807");
  CHECK(decimal(std::numeric_limits<Milli>::min()) == "-9223372036854775.808");
}

TEST_CASE("a JSON number is read exactly, and rounded to thousandths with halves up") {
  CHECK(parse_decimal("942856.5") == 942'856'500);
  CHECK(parse_decimal("-3.004") == -3'004);
  CHECK(parse_decimal("0.0040000000000001") == 4);
  CHECK(parse_decimal("-0.0040000000000001") == -4);
  CHECK(parse_decimal("1e-05") == 0);
  CHECK(parse_decimal("1.5E+3") == 1'500'000);
  CHECK(parse_decimal("12345e-2") == 123'450);
  CHECK(parse_decimal("1e14") == 100'000'000'000'000'000);  // stock's %.14g from 14 digits on
  CHECK(parse_decimal("4294967295.999") == 4'294'967'295'999);
  // floor(v * 1000 + 0.5) / 1000
  CHECK(parse_decimal("0.0005") == 1);
  CHECK(parse_decimal("-0.0005") == 0);
  CHECK(parse_decimal("-0.00051") == -1);
  CHECK(parse_decimal("0.00049999999999999999999999999") == 0);
  CHECK(parse_decimal("0.9995") == 1'000);
  CHECK(parse_decimal("9223372036854775.807") == std::numeric_limits<Milli>::max());
  CHECK(parse_decimal("-9223372036854775.808") == std::numeric_limits<Milli>::min());
  CHECK(parse_decimal("0e999999999999") == 0);
  CHECK(parse_decimal("1e-999999999999") == 0);
}

TEST_CASE("what is no JSON number, or has no place in thousandths, is no value") {
  for (const char* text :
       {"",   "-",  "+1",  "01",  "-01",      ".5",   "5.",    "1e",    "1e+", "0x10", " 1",
        "1 ", "1,", "nan", "NaN", "Infinity", "null", "\"1\"", "1.2.3", "--1", "1-"}) {
    INFO(text);
    CHECK_FALSE(parse_decimal(text));
  }
  for (const char* text : {"9223372036854775.808", "-9223372036854775.809", "9223372036854775.8075", "1e16",
                           "1e9999999", "99999999999999999999999999"}) {
    INFO(text);
    CHECK_FALSE(parse_decimal(text));
  }
}

TEST_CASE("a number that is written is read as what it was") {
  std::uint64_t state = 1;
  for (int i = 0; i < 100'000; ++i) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    const auto value = static_cast<Milli>(state) >> (state % 64);
    INFO(value);
    REQUIRE(parse_decimal(decimal(value)) == value);
  }
}

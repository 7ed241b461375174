#include "tests/vectors/vectors.hpp"

#include <catch2/catch.hpp>
#include <string>

#include "sim/image/program.hpp"

static_assert(flm::vectors::first_failure() == 0,
              "this compiler computes a vector wrong at compile time, in C++20");

TEST_CASE("every vector is right when the PC computes it at run time") {
  CHECK(flm::vectors::first_failure(flm::vectors::Unknown()) == 0);
  CHECK(flm::vectors::first_wrong_scan<flm::boards::Flm02a>() == 0);
  CHECK(flm::vectors::first_wrong_scan<flm::boards::Flm02b>() == 0);
}

TEST_CASE("every vector is right when the controller computes it") {
  // Less than a second of the controller's time; four are allowed.
  std::string console;
  CHECK(flm::sim::run_avr_program(FLM_VECTORS_ELF, 64'000'000, &console) == 0);
  CHECK(console == "ok");
}

TEST_CASE("a vector that is wrong is found") {
  flm::vectors::Checks check;
  check.that(true);
  check.that(false);
  check.that(false);
  CHECK(check.first_failure() == 2);
}

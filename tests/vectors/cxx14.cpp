#include "tests/vectors/vectors.hpp"

static_assert(__cplusplus == 201402L, "compiled as C++14");
static_assert(flm::vectors::first_failure() == 0,
              "this compiler computes a vector wrong at compile time, in C++14");

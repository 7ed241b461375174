// What a person handed in is wrong.
#pragma once
#include <stdexcept>

namespace flm {

/// Something that a person handed in is wrong: file, place, what is wrong, what is allowed. Exit status 2.
class InputError : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

}  // namespace flm

// The error of an image engine whose program has crashed or hangs.
#pragma once
#include <stdexcept>

namespace flm::sim {

/// The emulated program cannot go on: what, at which time and at which place in the program.
class EngineError : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

}  // namespace flm::sim

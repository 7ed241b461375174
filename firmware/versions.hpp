// Versions as the control link reports them.
#pragma once
#include <stdint.h>

namespace flm {

/// What `gh` and `gs` answer; hosts may set what they want to read.
struct Versions {
  uint16_t hardware_major;
  uint8_t hardware_minor;
  uint16_t software;  ///< major, minor; a byte each
};

}  // namespace flm

// Words of the hal contract that both implementations and the firmware share.
#pragma once
#include <stdint.h>

namespace flm {
namespace hal {

/// Bytes of EEPROM (ATmega168P).
constexpr uint16_t eeprom_size = 512;

/// How a byte of EEPROM is written, and for how long (data sheet 8271, table 8-1).
enum class EepromWrite : uint8_t {
  erase_and_write,  ///< 3.4 ms: the byte becomes the value
  erase,            ///< 1.8 ms: the byte becomes 0xff
  write             ///< 1.8 ms: bits that are 0 in the value become 0, the others stay
};

/// Why the controller started, a bit each (data sheet 10.9.1, MCUSR).
namespace reset_cause {
constexpr uint8_t power_on = 1, external = 2, brown_out = 4, watchdog = 8;
}

}  // namespace hal
}  // namespace flm

// Types and constants of the hal contract that both implementations and the firmware share.
#pragma once
#include <stdint.h>

namespace flm {
namespace hal {

/// Bytes of EEPROM (ATmega168P).
constexpr uint16_t eeprom_size = 512;
/// Where the controller's address register rests, so that what it points at when the supply is too low to
/// execute right holds nothing.
constexpr uint16_t eeprom_parking = 511;

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

/// Queue of the bytes that a serial port has received. The port's interrupt puts; main loop or link take. A
/// byte that came with an error is never data: 0 stands in its place. Holds 254 bytes, and one 0 for all
/// those that came while there was no room.
struct ReceivedBytes {
  uint8_t bytes[256];
  volatile uint8_t in;     ///< index of the next byte to put
  volatile uint8_t out;    ///< index of the oldest byte
  volatile uint8_t wrong;  ///< bytes without stop bit, with a wrong parity, or after a lost one; modulo 256
  volatile uint8_t lost;   ///< bytes without room, modulo 256

  /// Puts a byte. One that is not `good` is counted in `wrong`, and 0 is put.
  void put(uint8_t byte, bool good) {
    if (!good) {
      wrong = static_cast<uint8_t>(wrong + 1);
      byte = 0;
    }
    const uint8_t place = in, room = static_cast<uint8_t>(out - place - 1);
    if (room <= 1) {
      lost = static_cast<uint8_t>(lost + 1);
      if (room == 0) return;
      byte = 0;
    }
    bytes[place] = byte;
    in = static_cast<uint8_t>(place + 1);
  }
  /// The oldest bytes, as far as they stand in a row and `count` at most; `count` becomes their number.
  /// Advance `out` once they are used.
  const uint8_t* oldest(uint8_t& count) const {
    const uint8_t first = out, there = static_cast<uint8_t>(in - first),
                  row = static_cast<uint8_t>(0 - first);  // 0: all of them
    if (count > there) count = there;
    if (row != 0 && count > row) count = row;
    return bytes + first;
  }
  /// Number of bytes that wait, 0 to 255.
  uint8_t waiting() const { return static_cast<uint8_t>(in - out); }
};

}  // namespace hal
}  // namespace flm

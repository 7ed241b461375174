// Fuses of the ATmega168P as a type: what the firmware takes for granted about them is checked where they are written down.
#pragma once
#include <stdint.h>

namespace flm {
namespace boards {

/// Fuse bytes of a controller that a crystal or resonator of `CpuHz` clocks (data sheet 8271, 28.2 and 9.4). A programmed bit
/// is 0.
template <uint32_t CpuHz, uint8_t Low, uint8_t High, uint8_t Extended>
struct Fuses {
  /// RSTDISBL and DWEN would take the reset line away, and SPIEN allows programming over it.
  static_assert((High & 0xE0) == 0xC0,
                "the main board could not program the controller again: RSTDISBL and DWEN must be 1, SPIEN 0");
  static_assert((Extended & 0x01) != 0, "there is no boot loader, the program starts at 0: BOOTRST must be 1");
  static_assert(Extended <= 0x07, "the extended fuse byte has three bits");
  /// CKSEL3..1 of the low-power oscillator (table 9-3): 110 for 3 to 8 MHz, 111 for 8 to 16 MHz.
  static_assert((Low & 0x0E) == (CpuHz > 8000000 ? 0x0E : 0x0C),
                "CKSEL does not fit the crystal: 110x up to 8 MHz, 111x above");

  static constexpr uint8_t low = Low, high = High;
  /// As the controller reads back: unused bits are 1 (avrdude calls them failed where they are written 0).
  static constexpr uint8_t extended = Extended | 0xF8;
  /// CKDIV8: the CPU starts at an eighth of the crystal's frequency.
  static constexpr bool clock_divided_by_8 = (Low & 0x80) == 0;
  /// EESAVE: erasing the chip, which writing flash begins with, leaves the EEPROM alone.
  static constexpr bool erase_keeps_eeprom = (High & 0x08) == 0;
};

}  // namespace boards
}  // namespace flm

// Fuses of the ATmega168P as a type: what the firmware takes for granted about them is checked where they are
// written down.
#pragma once
#include <stdint.h>

#include "toolchain/attributes.hpp"

namespace flm {
namespace boards {

/// Brown-out level (BODLEVEL2..0, table 27-6): below it the controller is held in reset.
enum class BrownOut : uint8_t { at_4_3_v = 4, at_2_7_v = 5, at_1_8_v = 6, none = 7 };

/// Highest clock that a supply allows (28.2, figure 28-1): 4 MHz at 1.8 V, 10 MHz at 2.7 V, 20 MHz at 4.5 V,
/// linear in between.
FLM_NODISCARD constexpr uint32_t fastest_hz(uint16_t supply_mv) {
  return supply_mv < 1800   ? 0
         : supply_mv < 2700 ? 4000000 + (supply_mv - 1800u) * uint32_t{20000} / 3
         : supply_mv < 4500 ? 10000000 + (supply_mv - 2700u) * uint32_t{50000} / 9
                            : 20000000;
}
/// The lowest supply that a brown-out level lets the controller run on (table 28-4, its minimum).
FLM_NODISCARD constexpr uint16_t lowest_mv(BrownOut level) {
  return level == BrownOut::at_4_3_v   ? 4100
         : level == BrownOut::at_2_7_v ? 2500
         : level == BrownOut::at_1_8_v ? 1800
                                       : 0;
}

/// Whether the firmware keeps the clock divided by 8 while the supply is not known to be enough for all of
/// it: from reset until the power-fail comparator calls the supply good, and again when a failure has been
/// saved (hal/avr: start_supply_watch(), ride_out()).
enum class ClockGuard : bool { none, by_firmware };

/// Fuse bytes of a controller that a crystal or resonator of `CpuHz` clocks (data sheet 8271, 28.2 and 9.4).
/// A programmed bit is 0.
template <uint32_t CpuHz, uint8_t Low, uint8_t High, uint8_t Extended, ClockGuard Guard = ClockGuard::none>
struct Fuses {
  /// RSTDISBL and DWEN would take the reset line away, and SPIEN allows programming over it.
  static_assert(
      (High & 0xE0) == 0xC0,
      "the main board could not program the controller again: RSTDISBL and DWEN must be 1, SPIEN 0");
  static_assert((Extended & 0x01) != 0,
                "there is no boot loader, the program starts at 0: BOOTRST must be 1");
  static_assert(Extended <= 0x07, "the extended fuse byte has three bits");
  /// CKSEL3..1 of the low-power oscillator (table 9-3): 110 for 3 to 8 MHz, 111 for 8 to 16 MHz.
  static_assert((Low & 0x0E) == (CpuHz > 8000000 ? 0x0E : 0x0C),
                "CKSEL does not fit the crystal: 110x up to 8 MHz, 111x above");

  static constexpr BrownOut brown_out = static_cast<BrownOut>(High & 7);
  static_assert(brown_out >= BrownOut::at_4_3_v, "BODLEVEL 000 to 011 are reserved");
  static_assert(CpuHz <= fastest_hz(lowest_mv(brown_out)) || Guard == ClockGuard::by_firmware,
                "the brown-out level lets the CPU run on less than its clock needs: a higher level, or a "
                "guard by the firmware");
  static_assert(Guard == ClockGuard::none || ((Low & 0x80) == 0 && CpuHz / 8 <= fastest_hz(1800)),
                "the firmware can guard a clock that CKDIV8 divides from the first instruction on, and that "
                "an eighth is slow enough of");

  static constexpr uint8_t low = Low, high = High;
  static constexpr ClockGuard guard = Guard;
  /// Extended byte as the controller reads it back: unused bits are 1 (avrdude calls them failed where they
  /// are written 0).
  static constexpr uint8_t extended = Extended | 0xF8;
  /// CKDIV8: the CPU starts at an eighth of the crystal's frequency.
  static constexpr bool clock_divided_by_8 = (Low & 0x80) == 0;
  /// EESAVE: erasing the chip, which writing flash begins with, leaves the EEPROM alone.
  static constexpr bool erase_keeps_eeprom = (High & 0x08) == 0;
};

}  // namespace boards
}  // namespace flm

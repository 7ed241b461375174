// The hal contract as plain variables, for the simulator's native engine and for tests.
#pragma once
#include <stdint.h>

#include "boards/fuses.hpp"
#include "hal/arithmetic.hpp"
#include "hal/contract.hpp"
#include "hal/pc/radio.hpp"
#include "hal/pc/uart.hpp"
#include "toolchain/attributes.hpp"

namespace flm {
namespace hal {

/// EEPROM of a board on the PC. It outlives the board application, as the chip's outlives a reset.
struct HostEeprom {
  HostEeprom() {  // cppcheck-suppress uninitMemberVar
    for (uint8_t& byte : bytes) byte = 0xFF;
  }
  /// Ends the write in progress: the byte has its new value.
  void finish() {
    if (!busy) return;
    busy = false;
    uint8_t& byte = bytes[address];
    byte = mode == EepromWrite::erase   ? 0xFF
           : mode == EepromWrite::write ? static_cast<uint8_t>(byte & value)
                                        : value;
  }

  uint8_t bytes[eeprom_size];
  bool instant = false;  ///< writes take no time: for code that waits for them
  bool busy = false;  ///< a write is in progress; the EEPROM's owner calls finish() when its time has passed
  uint16_t address = 0;
  uint8_t value = 0;
  EepromWrite mode = EepromWrite::erase_and_write;
};

/// Hardware of a board on the PC. The owner of the board application sets the inputs and reads the outputs.
template <class BoardFacts>
struct PcHal : PcUart, PcRadioWords {
  using Board = BoardFacts;
  using Arithmetic = hal::PortableArithmetic;
  /// Does nothing: no interrupt comes by itself here, the engine calls them between steps.
  struct Critical {
    Critical() {}
    ~Critical() {}
    Critical(const Critical&) = delete;
    Critical& operator=(const Critical&) = delete;
  };

  void start() {}
  void start_sampling() { sampling = true; }
  void select_clamp(uint8_t clamp) { selected_clamp = clamp; }
  FLM_NODISCARD uint8_t pulse_levels() const { return levels; }
  void led(bool on) { led_lit = on; }
  void set_lines(bool analog, bool rx, bool tx) {
    analog_front_end_on = analog;
    invert_rx = rx;
    invert_tx = tx;
  }
  template <class T>
  static T& by_pointer(T& object) {
    return object;
  }
  void barrier() {}

  FLM_NODISCARD bool eeprom_busy() const { return eeprom->busy; }
  FLM_NODISCARD uint8_t eeprom_read(uint16_t address) const { return eeprom->bytes[address]; }
  void eeprom_start(uint16_t address, uint8_t value, EepromWrite mode) {
    eeprom->busy = true;
    eeprom->address = address;
    eeprom->value = value;
    eeprom->mode = mode;
    if (eeprom->instant) eeprom->finish();
  }
  FLM_NODISCARD uint8_t eeprom_written() const { return eeprom->bytes[eeprom->address]; }
  void eeprom_park() {}
  FLM_NODISCARD bool supply_low() const { return supply_is_low; }
  FLM_NODISCARD bool supply_fell() {
    const bool fell = supply_has_fallen;
    supply_has_fallen = false;
    return fell;
  }
  /// True when the supply is good again or lived with: the board's owner then sets riding_out to false. Until
  /// then nothing is sampled or received.
  FLM_NODISCARD bool ride_out() {
    if (Board::FuseBytes::guard == boards::ClockGuard::none) return true;
    if (!rides_out) riding_out = true;
    rides_out = riding_out;
    return !rides_out;
  }
  FLM_NODISCARD static uint16_t free_stack() { return 0xFFFF; }  ///< not known
  FLM_NODISCARD uint8_t reset_cause() const { return cause; }
  void feed_watchdog() { watchdog_fed = true; }

  HostEeprom* eeprom = &own_eeprom;  ///< set before start() when it is to outlive this object
  bool supply_is_low = false;        ///< output of the power-fail comparator
  bool supply_has_fallen = false;    ///< since supply_fell() was called last
  bool riding_out = false;           ///< the CPU runs too slowly for samples and the link
  uint8_t cause = reset_cause::power_on;
  bool watchdog_fed = false;
  uint8_t levels = 0xFF;  ///< pins of the pulse ports
  uint8_t selected_clamp = 0;
  bool sampling = false;
  bool led_lit = false;
  bool analog_front_end_on = true;
  bool invert_rx = false;
  bool invert_tx = false;

 private:
  bool rides_out = false;
  HostEeprom own_eeprom;
};

}  // namespace hal
}  // namespace flm

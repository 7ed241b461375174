// Pins of the ATmega168P.
#pragma once
#include <avr/io.h>
#include <stdint.h>

#include "boards/pins.hpp"

namespace flm {
namespace hal {

/// An I/O port's registers.
template <boards::IoPort>
struct PortRegisters;
template <>
struct PortRegisters<boards::IoPort::B> {
  static volatile uint8_t& out() { return PORTB; }
  static volatile uint8_t& direction() { return DDRB; }
  static volatile uint8_t& in() { return PINB; }
};
template <>
struct PortRegisters<boards::IoPort::C> {
  static volatile uint8_t& out() { return PORTC; }
  static volatile uint8_t& direction() { return DDRC; }
  static volatile uint8_t& in() { return PINC; }
};
template <>
struct PortRegisters<boards::IoPort::D> {
  static volatile uint8_t& out() { return PORTD; }
  static volatile uint8_t& direction() { return DDRD; }
  static volatile uint8_t& in() { return PIND; }
};

/// A pin's operations; each is a single `sbi` or `cbi`.
template <class Pin>
struct AvrPin {
  using Registers = PortRegisters<Pin::port>;
  static void make_output() { Registers::direction() |= Pin::mask; }
  static void set(bool high) {
    if (high)
      Registers::out() |= Pin::mask;
    else
      Registers::out() &= static_cast<uint8_t>(~Pin::mask);
  }
};

}  // namespace hal
}  // namespace flm

// Stretches of code that no interrupt splits, or all but one.
#pragma once
#include <avr/interrupt.h>
#include <avr/io.h>
#include <stdint.h>

#include "toolchain/attributes.hpp"

namespace flm {
namespace hal {

/// Interrupts are off from construction to the end of the scope, and then as they were.
class AvrCritical {
 public:
  FLM_INLINE AvrCritical() : status_(SREG) {
    cli();
    __asm__ volatile("" ::: "memory");
  }
  FLM_INLINE ~AvrCritical() {
    __asm__ volatile("" ::: "memory");
    SREG = status_;
  }
  AvrCritical(const AvrCritical&) = delete;
  AvrCritical& operator=(const AvrCritical&) = delete;

 private:
  const uint8_t status_;
};

/// Lets all interrupts but a handler's own come, in that handler, from construction to the end of the scope.
/// `off` and `on` are whole values of its control register: reading it back could write 1 to a flag, and so
/// clear an interrupt that waits.
class OthersInterrupt {
 public:
  __attribute__((always_inline)) OthersInterrupt(volatile uint8_t& control, uint8_t off, uint8_t on)
      : control_(control), on_(on) {
    control_ = off;
    sei();
  }
  __attribute__((always_inline)) ~OthersInterrupt() {
    cli();
    control_ = on_;
  }
  OthersInterrupt(const OthersInterrupt&) = delete;
  OthersInterrupt& operator=(const OthersInterrupt&) = delete;

 private:
  volatile uint8_t& control_;
  const uint8_t on_;
};

}  // namespace hal
}  // namespace flm

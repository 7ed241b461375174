// A stretch of code that no interrupt splits.
#pragma once
#include <avr/interrupt.h>
#include <avr/io.h>
#include <stdint.h>

namespace flm {
namespace hal {

/// Interrupts are off from construction to the end of the scope, and then as they were.
class AvrCritical {
 public:
  AvrCritical() : status_(SREG) {
    cli();
    __asm__ volatile("" ::: "memory");
  }
  ~AvrCritical() {
    __asm__ volatile("" ::: "memory");
    SREG = status_;
  }
  AvrCritical(const AvrCritical&) = delete;
  AvrCritical& operator=(const AvrCritical&) = delete;

 private:
  const uint8_t status_;
};

}  // namespace hal
}  // namespace flm

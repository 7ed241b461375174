// Shared by the probe programs: the simulator reads GPIOR0 as their console, and sets GPIOR1 to say what to
// try.
#pragma once
#include <avr/interrupt.h>
#include <avr/io.h>
#include <stdint.h>

static inline void report(uint8_t byte) { GPIOR0 = byte; }
static inline uint8_t mode() { return GPIOR1; }
static inline void finish() {
  cli();
  MCUCR = 0;
  SMCR = _BV(SE);
  __asm__ volatile("sleep");
  for (;;) {
  }
}

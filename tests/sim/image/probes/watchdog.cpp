// Lets the watchdog bite again and again. GPIOR1 = 1: while an EEPROM write is in progress; 2: after its
// interrupt; 3: after it was fed for 40 ms; 4: never, as the time-out is changed too late.
#include <avr/wdt.h>

#include "probe.hpp"

ISR(WDT_vect) { report(WDTCSR & _BV(WDIE) ? 0x1E : 0x10); }

int main() {
  const uint8_t cause = MCUSR;
  report(cause & _BV(WDRF) ? 0xDD : 0xAA);
  if (mode() == 1) {
    wdt_enable(WDTO_15MS);
    __builtin_avr_delay_cycles(14UL * 16000);
    EEAR = 20;
    EEDR = 0x42;
    EECR = _BV(EEMPE);
    EECR = _BV(EEPE);
    for (;;) {
    }
  }
  if (mode() == 2) {
    WDTCSR = _BV(WDCE) | _BV(WDE);
    WDTCSR = _BV(WDE) | _BV(WDIE);
    sei();
    for (;;) {
    }
  }
  if (mode() == 3) {
    wdt_enable(WDTO_15MS);
    for (uint8_t i = 0; i < 40; ++i) {
      __builtin_avr_delay_cycles(16000);
      wdt_reset();
    }
    report(0x40);
    for (;;) {
    }
  }
  if (mode() == 4) {
    WDTCSR = _BV(WDCE) | _BV(WDE);
    __builtin_avr_delay_cycles(8);
    WDTCSR = _BV(WDP2);
    finish();
  }
  if (cause & _BV(WDRF)) report(EECR & _BV(EEPE));
  MCUSR = 0;
  wdt_enable(WDTO_15MS);
  PORTC = 0x30;
  uint8_t before = 0xFF;
  for (;;) {
    const uint8_t now = PINC & 0x10;
    if (now != before) report(now);
    before = now;
  }
}

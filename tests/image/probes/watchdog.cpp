// Lets the watchdog bite again and again; with GPIOR1 = 1 while an EEPROM write is in progress.
#include <avr/wdt.h>

#include "probe.hpp"

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

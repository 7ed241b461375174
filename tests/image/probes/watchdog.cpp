// Lets the watchdog bite twice, then samples nothing for ever.
#include <avr/wdt.h>

#include "probe.hpp"

int main() {
  const uint8_t cause = MCUSR;
  report(cause & _BV(WDRF) ? 0xDD : 0xAA);
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

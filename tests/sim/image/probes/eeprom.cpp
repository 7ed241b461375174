// EEPROM: one write in the mode of GPIOR1 (EEPM1:0), then reads, then the ready interrupt. GPIOR1 = 4: EEAR
// is changed meanwhile.
#include "probe.hpp"

static volatile uint8_t ready;

ISR(EE_READY_vect) {
  ready = static_cast<uint8_t>(ready + 1);
  if (ready == 3) EECR &= static_cast<uint8_t>(~_BV(EERIE));
}

static void write(uint16_t address, uint8_t value, uint8_t how) {
  EEAR = address;
  EEDR = value;
  EECR = how;
  EECR |= _BV(EEMPE);
  EECR |= _BV(EEPE);
}
static uint8_t read(uint16_t address) {
  EEAR = address;
  EECR |= _BV(EERE);
  return EEDR;
}

int main() {
  report(read(300));
  write(300, 0x3C, static_cast<uint8_t>((mode() & 3) << EEPM0));
  report(EECR & _BV(EEPE));
  if (mode() == 4) {
    EEAR = 301;
    report(EEARL);
  }
  while ((EECR & _BV(EEPE)) != 0) {
  }
  report(0xEE);
  report(read(300));
  // Without EEMPE nothing is written.
  EEAR = 301;
  EEDR = 0x11;
  EECR = _BV(EEPE);
  report(EECR & _BV(EEPE));
  sei();
  EECR = _BV(EERIE);
  for (uint8_t wait = 200; wait != 0; --wait) __asm__ volatile("nop");
  report(ready);
  finish();
}

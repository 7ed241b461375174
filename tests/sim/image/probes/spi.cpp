// The SPI slave, answered in the way that GPIOR1 says.
#include "probe.hpp"

enum : uint8_t { answer = 1, write_always = 2, no_output = 4, poll = 8, slow = 16, mode_3 = 32 };

ISR(SPI_STC_vect) {
  const uint8_t received = SPDR;
  if (mode() & slow)
    for (uint8_t wait = 255; wait != 0; --wait) __asm__ volatile("nop");
  report(received);
  if (mode() & answer) SPDR = static_cast<uint8_t>(received + 1);
}

int main() {
  if (!(mode() & no_output)) DDRB = _BV(4);
  SPCR = static_cast<uint8_t>(_BV(SPE) | (mode() & poll ? 0 : _BV(SPIE)) |
                              (mode() & mode_3 ? _BV(CPOL) | _BV(CPHA) : 0));
  SPDR = 0x55;
  if (mode() & poll) {
    for (;;) {
      while ((SPSR & _BV(SPIF)) == 0) {
      }
      report(SPDR);
      report(SPSR);  // cleared by the access to SPDR
    }
  }
  sei();
  for (;;) {
    if (mode() & write_always) {
      SPDR = 0xAA;
      report(SPSR & _BV(WCOL));
    }
  }
}

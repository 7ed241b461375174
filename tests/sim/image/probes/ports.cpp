// Pulse inputs of FLM02B: reports PINC (PC5, PC4, PC1, PC0) at each change, and counts PC4's pin-change
// interrupts in GPIOR2.
#include "probe.hpp"

ISR(PCINT1_vect) { GPIOR2 = static_cast<uint8_t>(GPIOR2 + 1); }

int main() {
  constexpr uint8_t inputs = 0x33;
  GPIOR2 = 0;
  DDRB = 1;
  DDRC = 4;
  PORTC = mode();
  PCMSK1 = _BV(PCINT12);
  PCICR = _BV(PCIE1);
  sei();
  uint8_t before = 0xFF;
  for (;;) {
    const uint8_t now = PINC & inputs;
    PORTC = mode();
    PORTB ^= 1;
    if (now != before) report(now);
    before = now;
  }
}

// Watches the supply as the firmware does: comparator, noise canceler, capture unit. GPIOR1 = 1: with the
// comparator's own interrupt.
#include "probe.hpp"

ISR(TIMER1_CAPT_vect) { report(0xC0 | (ACSR & _BV(ACO))); }
ISR(ANALOG_COMP_vect) { report(0xA0 | (ACSR & _BV(ACI))); }

int main() {
  TCCR1B = _BV(ICNC1) | _BV(ICES1) | _BV(CS11);
  if (mode() == 1) {
    ACSR = _BV(ACBG) | _BV(ACI);
    ACSR = _BV(ACBG) | _BV(ACIE) | _BV(ACIS1);  // falling
  } else {
    ACSR = _BV(ACBG) | _BV(ACIC);
    TIFR1 = _BV(ICF1);
    TIMSK1 = _BV(ICIE1);
  }
  report(ACSR & _BV(ACO));
  PORTB = 1;  // PB0 is not the capture input while the comparator is
  DDRB = 1;
  PORTB = 0;
  PORTB = 1;
  ACSR |= _BV(ACO);
  report(ACSR & _BV(ACO));
  sei();
  for (;;) {
  }
}

// Sleeps; timer 0 wakes it every 2560 cycles.
#include <avr/sleep.h>

#include "probe.hpp"

ISR(TIMER0_COMPA_vect) { report(1); }

int main() {
  TCCR0A = _BV(WGM01);
  OCR0A = 39;
  TIMSK0 = _BV(OCIE0A);
  TCCR0B = _BV(CS01) | _BV(CS00);
  set_sleep_mode(SLEEP_MODE_IDLE);
  sleep_enable();
  sei();
  for (;;) sleep_cpu();
}

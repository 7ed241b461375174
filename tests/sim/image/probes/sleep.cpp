// Sleeps; timer 0 wakes it every 2560 cycles. GPIOR1 says how, and what the converter does meanwhile.
#include <avr/sleep.h>

#include "probe.hpp"

enum : uint8_t {
  converter = 1,
  warmed_up = 2,
  running = 4,
  already_woken = 8,
  forbidden = 16,
  noise_reduction = 32,
  triggered = 64
};

ISR(TIMER0_COMPA_vect) { report(1); }
ISR(ADC_vect) { report(0xAD); }

int main() {
  TCCR0A = _BV(WGM01);
  OCR0A = 39;
  set_sleep_mode(mode() & noise_reduction ? SLEEP_MODE_ADC : SLEEP_MODE_IDLE);
  if (!(mode() & forbidden)) sleep_enable();
  if (mode() & converter) {
    constexpr uint8_t on = _BV(ADEN) | _BV(ADPS2) | _BV(ADPS1) | _BV(ADPS0);
    ADMUX = _BV(REFS1) | _BV(REFS0) | 2;
    ADCSRA = on;
    if (mode() & warmed_up) {
      ADCSRA = on | _BV(ADSC);
      while ((ADCSRA & _BV(ADSC)) != 0) {
      }
    }
    ADMUX = _BV(REFS1) | _BV(REFS0) | 5;
    if (mode() & triggered) ADCSRB = _BV(ADTS1) | _BV(ADTS0);
    ADCSRA = static_cast<uint8_t>(on | _BV(ADIE) | _BV(ADIF) | (mode() & running ? _BV(ADSC) : 0) |
                                  (mode() & triggered ? _BV(ADATE) : 0));
  }
  TIMSK0 = _BV(OCIE0A);
  TCCR0B = _BV(CS01) | _BV(CS00);
  if (mode() & already_woken)
    while ((TIFR0 & _BV(OCF0A)) == 0) {
    }
  report(2);
  sei();
  sleep_cpu();
  report(3);
  for (;;) sleep_cpu();
}

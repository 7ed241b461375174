// The converter, started in the way that GPIOR1 says.
#include "probe.hpp"

enum : uint8_t {
  clear_flag = 1,
  no_interrupt = 2,
  software = 4,
  free_running = 8,
  short_period = 16,
  avcc = 32,
  late_trigger = 64,
  half_read = 128
};

EMPTY_INTERRUPT(TIMER0_COMPA_vect)

ISR(ADC_vect) {
  if (mode() & clear_flag) TIFR0 = _BV(OCF0A);
  const uint16_t code = ADC;
  report(static_cast<uint8_t>(code));
  report(static_cast<uint8_t>(code >> 8));
  ADMUX ^= 1;
}

static void wait() {
  while ((ADCSRA & _BV(ADSC)) != 0) {
  }
}

int main() {
  const uint8_t reference = mode() & avcc ? _BV(REFS0) : _BV(REFS1) | _BV(REFS0);
  const uint8_t enable = _BV(ADEN) | _BV(ADPS2) | _BV(ADPS1) | _BV(ADPS0);
  ADMUX = reference;
  if (mode() & half_read) {
    for (uint8_t conversion = 0; conversion < 3; ++conversion) {
      ADMUX = static_cast<uint8_t>(reference | conversion);
      ADCSRA = enable | _BV(ADSC);
      wait();
      if (conversion == 1) report(ADCH);
      report(ADCL);
      if (conversion == 1) report(ADCH);
    }
    finish();
  }
  if (mode() & software) {
    for (uint8_t conversion = 0; conversion < 3; ++conversion) {
      ADCSRA = enable | _BV(ADSC);
      ADMUX = static_cast<uint8_t>(reference | (conversion + 1));
      wait();
      report(ADCL);
      report(ADCH);
    }
    finish();
  }
  ADCSRA = enable | _BV(ADSC);
  wait();
  if (mode() & free_running) {
    ADCSRA = enable | _BV(ADIF) | _BV(ADIE) | _BV(ADATE) | _BV(ADSC);
    sei();
    for (;;) {
    }
  }
  TCCR0A = _BV(WGM01);
  OCR0A = mode() & short_period ? 19 : 39;
  if (mode() & short_period) TIMSK0 = _BV(OCIE0A);  // its interrupt clears the flag during the conversion
  if (mode() & late_trigger) {
    TCCR0B = _BV(CS01) | _BV(CS00);
    while ((TIFR0 & _BV(OCF0A)) == 0) {
    }
    ADCSRA = static_cast<uint8_t>(enable | _BV(ADIF) | _BV(ADATE));
    report(1);
    ADCSRB = _BV(ADTS1) | _BV(ADTS0);
    for (;;) {
    }
  }
  ADCSRB = _BV(ADTS1) | _BV(ADTS0);
  ADCSRA = static_cast<uint8_t>(enable | _BV(ADIF) | _BV(ADATE) | (mode() & no_interrupt ? 0 : _BV(ADIE)));
  TCCR0B = _BV(CS01) | _BV(CS00);
  sei();
  for (;;) {
  }
}

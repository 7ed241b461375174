// Interrupt entry, masked flags, flags cleared by writing 1.
#include "probe.hpp"

static volatile uint8_t runs;

extern "C" void INT0_vect(void) __attribute__((signal, used, naked));
extern "C" void INT0_vect(void) { __asm__ volatile("reti"); }
ISR(INT1_vect) { runs = static_cast<uint8_t>(runs + 1); }

static void raise_int0() {
  PORTD &= static_cast<uint8_t>(~_BV(2));
  PORTD |= _BV(2);
}
static void raise_int1() {
  PORTD &= static_cast<uint8_t>(~_BV(3));
  PORTD |= _BV(3);
}

/// Timer 1 counts from before `sei` to after the instruction that follows it.
static uint8_t cycles_around_sei() {
  uint8_t before, after;
  __asm__ volatile(
      "lds %0, %2\n\t"
      "sei\n\t"
      "nop\n\t"
      "nop\n\t"
      "lds %1, %2\n\t"
      "cli\n\t"
      : "=&r"(before), "=&r"(after)
      : "i"(0x84));
  return static_cast<uint8_t>(after - before);
}

int main() {
  DDRD = _BV(2) | _BV(3);  // An output pin raises its own interrupt: 13.2.
  PORTD = _BV(2) | _BV(3);
  EICRA = _BV(ISC01) | _BV(ISC11);  // falling edges
  TCCR1B = _BV(CS10);
  EIFR = _BV(INTF0) | _BV(INTF1);

  EIMSK = _BV(INT0);
  const uint8_t without = cycles_around_sei();
  raise_int0();
  report(static_cast<uint8_t>(cycles_around_sei() - without));

  EIMSK = 0;
  raise_int1();
  sei();
  report(runs);
  EIMSK = _BV(INT1);
  __asm__ volatile("nop");
  report(runs);

  EIMSK = 0;
  raise_int1();
  report(EIFR);
  EIFR = _BV(INTF1);
  report(EIFR);
  EIMSK = _BV(INT1);
  __asm__ volatile("nop\n\tnop");
  report(runs);

  OCR0A = 10;
  OCR0B = 20;
  TCCR0B = _BV(CS00);
  while ((TIFR0 & _BV(TOV0)) == 0) {
  }
  TCCR0B = 0;
  const uint8_t all = _BV(OCF0A) | _BV(OCF0B) | _BV(TOV0);
  report(TIFR0 & all);
  TIFR0 = _BV(OCF0A);
  report(TIFR0 & all);
  TIFR0 |= _BV(TOV0);  // `sbi`: that bit alone
  report(TIFR0 & all);
  finish();
}

// Registers of the ATmega328P (data sheet DS40002061B): the converter on A0, triggered by timer 0, and USART
// 0, which only sends.
#pragma once
#include <avr/interrupt.h>
#include <avr/io.h>
#include <avr/sleep.h>
#include <stdint.h>

#include "boards/pins.hpp"  // SampleClock

namespace own {

constexpr uint32_t cpu_hz = 16000000;
/// 2 083 conversions a second, one clamp: a scan is 12/25 ms.
using Sampling = flm::boards::SampleClock<cpu_hz, 64, 120, 128, 1>;

constexpr uint32_t baud = 38400;

/// Nothing runs before sei().
inline void start() {
  UBRR0 = static_cast<uint16_t>((cpu_hz + 8 * baud) / (16 * baud) - 1);  // table 19-1; 0.2 % fast
  UCSR0B = _BV(TXEN0);                                                   // 8N1

  DIDR0 = _BV(ADC0D);
  ADMUX = _BV(REFS0);  // AVCC, A0
  static_assert(Sampling::adc_prescaler == 128 && Sampling::timer_prescaler == 64, "the bits below");
  ADCSRB = _BV(ADTS1) | _BV(ADTS0);  // started by timer 0 compare match A, which has no jitter
  ADCSRA = _BV(ADEN) | _BV(ADATE) | _BV(ADIE) | _BV(ADPS2) | _BV(ADPS1) | _BV(ADPS0);
  TCCR0A = _BV(WGM01);
  OCR0A = Sampling::counts - 1;
  TCCR0B = _BV(CS01) | _BV(CS00);
  set_sleep_mode(SLEEP_MODE_IDLE);
}

/// The converter's interrupt: the code, and the trigger made ready for its next edge (23.4).
inline uint16_t sample() {
  TIFR0 = _BV(OCF0A);
  return ADC;
}

/// Main loop: waits for room, a third of a millisecond a character; the converter's interrupt comes in
/// between.
inline void send(char c) {
  while ((UCSR0A & _BV(UDRE0)) == 0) {
  }
  UDR0 = static_cast<uint8_t>(c);
}

/// Sleeps until an interrupt, unless there is something to do. Going to sleep while no conversion is running
/// starts one, off the grid (23.6): it returns at once between two conversions, and when one is about to end.
/// Timer 0 has counted from its start.
template <class Pending>
inline void idle(Pending pending) {
  constexpr uint8_t cycles_to_sleep = 16;
  constexpr uint8_t last_count =
      (Sampling::conversion_cycles - cycles_to_sleep) / Sampling::timer_prescaler - 1;
  cli();
  if (!pending() && (ADCSRA & _BV(ADSC)) != 0 && TCNT0 <= last_count) {
    sleep_enable();
    sei();  // Takes effect after the next instruction: nothing comes between it and the sleep.
    sleep_cpu();
    sleep_disable();
  }
  sei();
}

}  // namespace own

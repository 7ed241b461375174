// USART 0 at 115200 baud behind an RS-485 transceiver, driver enable on PD5. Reports what it hears; GPIOR1
// says when it drives the line.
#include "probe.hpp"

enum : uint8_t { drives = 1, sends = 2, drives_late = 4, lets_go_early = 8, lets_go_at_1_ms = 16 };

ISR(USART_RX_vect) { report(UDR0); }

static void drive(bool on) {
  if (on)
    PORTD |= _BV(PD5);
  else
    PORTD &= static_cast<uint8_t>(~_BV(PD5));
}

int main() {
  DDRD |= _BV(PD5);
  drive(mode() & drives);
  UBRR0 = 16;  // 16 MHz / (8 * 17): 2.1 % fast
  UCSR0A = _BV(U2X0);
  UCSR0C = _BV(UCSZ01) | _BV(UCSZ00);
  UCSR0B = _BV(RXEN0) | _BV(TXEN0) | _BV(RXCIE0);
  sei();
  if (mode() & sends) {
    UDR0 = 'A';
    if (mode() & drives_late) {
      __builtin_avr_delay_cycles(100);
      drive(true);
    }
    if (mode() & lets_go_early) {
      __builtin_avr_delay_cycles(1200);  // of 1360
      drive(false);
    }
    while ((UCSR0A & _BV(TXC0)) == 0) {
    }
    UCSR0A = _BV(U2X0) | _BV(TXC0);
    UDR0 = 'B';
    while ((UCSR0A & _BV(TXC0)) == 0) {
    }
    drive(false);
  }
  if (mode() & lets_go_at_1_ms) {
    __builtin_avr_delay_cycles(16000);
    drive(false);
  }
  for (;;) {
  }
}

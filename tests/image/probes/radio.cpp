// The radio's driver on the controller at 8 MHz, with the control link and a main loop that does nothing else: a trial image.
#include <avr/interrupt.h>
#include <avr/io.h>
#include <stdint.h>

#include "boards/flm02b/board.hpp"
#include "firmware/radio/radio.hpp"
#include "hal/avr/hal.hpp"
#include "hal/avr/radio.hpp"
#include "protocol/link.hpp"

struct TrialBoard : flm::boards::Flm02b {
  static constexpr uint32_t cpu_hz = 8000000;
};
struct TrialHal : flm::hal::AvrRadio<TrialBoard> {
  using Critical = flm::hal::AvrCritical;
};
using Radio = flm::radio::Radio<TrialHal>;
#ifdef FLM_WITHOUT_RADIO
static flm::protocol::LinkPort<> link;
#else
static_assert(sizeof(Radio) <= 300, "three full packets received, one to send, and all state");
static TrialHal hal;
static flm::protocol::LinkPort<Radio> link;

ISR(INT0_vect) {
  const flm::hal::OthersInterrupt others(EIMSK, 0, _BV(INT0));
  link.on_interrupt(hal);
}
#endif

static constexpr uint8_t spi_held = _BV(SPE), spi_on = _BV(SPE) | _BV(SPIE);
ISR(SPI_STC_vect) {
  const uint8_t received = SPDR;
  SPDR = link.answer(received);
  const flm::hal::OthersInterrupt others(SPCR, spi_held, spi_on);
  link.exchange(received);
}

int main() {
  TCCR1B = _BV(CS12) | _BV(CS10);  // 7.8 kHz
  DDRB = _BV(4);
  SPCR = spi_on;
  SPDR = 0;
#ifndef FLM_WITHOUT_RADIO
  TrialHal::start_radio();
  link.start(hal, 212, GPIOR1 != 0 ? flm::radio::Rate::kbit_49_2 : flm::radio::Rate::kbit_19_2);
#endif
  sei();
  for (;;) {
#ifndef FLM_WITHOUT_RADIO
    link.step(hal, static_cast<uint8_t>(TCNT1 >> 3));
    // What the board's counters will show.
    GPIOR0 = static_cast<uint8_t>(link.counters().wrong + link.counters().dropped + link.counters().refused + link.counters().restarts);
#endif
    if (link.message_ready()) link.release();
    if (link.take_delivered()) GPIOR0 = 0;
  }
}

// The radio's driver on the controller at 8 MHz, with the control link and a main loop that does nothing
// else: a trial image.
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
/// As AvrHal's.
template <class T>
FLM_INLINE static T& by_pointer(T& object) {
  T* pointer = &object;
  __asm__("" : "+r"(pointer));
  return *pointer;
}
struct TrialHal : flm::hal::AvrRadio<TrialBoard> {
  using Critical = flm::hal::AvrCritical;
};
using Radio = flm::radio::Radio<TrialHal>;
#ifdef FLM_WITHOUT_RADIO
static flm::protocol::LinkPort<> link;
#else
static_assert(sizeof(Radio) <= 300,
              "two full packets and two small ones received, one to send, and all state");
static TrialHal hal;
static flm::protocol::LinkPort<Radio> link;

ISR(INT0_vect, ISR_NOBLOCK) {
  TrialHal::radio_interrupt(false);
  by_pointer(static_cast<Radio&>(link)).on_interrupt(hal);
  TrialHal::radio_interrupt(true);
}
#endif

static constexpr uint8_t spi_held = _BV(SPE), spi_on = _BV(SPE) | _BV(SPIE);
ISR(SPI_STC_vect) {
  const uint8_t received = SPDR;
  SPDR = link.answer(received);
#ifndef FLM_WITHOUT_RADIO
  const flm::hal::RadioWaits radio_waits;
#endif
  const flm::hal::OthersInterrupt others(SPCR, spi_held, spi_on);
  by_pointer(link).exchange(received);
}

int main() {
  TCCR1B = _BV(CS12) | _BV(CS10);  // 7.8 kHz
  DDRB = _BV(4);
  SPCR = spi_on;
  SPDR = 0;
#ifndef FLM_WITHOUT_RADIO
  TrialHal::start_radio();
  by_pointer(link).start(hal, 212, GPIOR1 != 0 ? flm::radio::Rate::kbit_49_2 : flm::radio::Rate::kbit_19_2);
#endif
  sei();
  for (;;) {
#ifndef FLM_WITHOUT_RADIO
    if (GPIOR2 == 0)
      by_pointer(static_cast<Radio&>(link))
          .step(hal, static_cast<uint8_t>(TCNT1 >> 3));  // else: the main loop is busy elsewhere
#endif
    if (link.message_ready()) {
#ifndef FLM_WITHOUT_RADIO
      // The link's words, so that their cost is in the trial: `lg`, `lr` and anything else.
      if (link.message(0) == 'g') by_pointer(link).set_group(hal, static_cast<uint8_t>(link.message(1)));
      if (link.message(0) == 'r')
        by_pointer(link).set_rate(hal, static_cast<flm::radio::Rate>(link.message(1) & 1));
#endif
      link.release();
    }
    if (link.take_delivered()) GPIOR0 = 0;
  }
}

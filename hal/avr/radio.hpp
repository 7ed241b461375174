// The radio's part of the hal contract on the ATmega168P: USART 0 as SPI master (data sheet, chapter 21),
// nIRQ on INT0.
#pragma once
#include <avr/io.h>
#include <stdint.h>

#include "hal/avr/pin.hpp"
#include "toolchain/attributes.hpp"

namespace flm {
namespace hal {

/// Holds the radio's interrupt back from construction to the end of the scope. For the handlers of link and
/// converter, before they let others in: the radio has 160 us and more for a byte, they have not.
class RadioWaits {
 public:
  FLM_INLINE RadioWaits() : mask_(EIMSK) { EIMSK = 0; }
  FLM_INLINE ~RadioWaits() { EIMSK = mask_; }
  RadioWaits(const RadioWaits&) = delete;
  RadioWaits& operator=(const RadioWaits&) = delete;

 private:
  const uint8_t mask_;
};

/// Members of a HAL that firmware/radio calls.
template <class Board>
struct AvrRadio {
  /// The FIFO is read with at most 2.5 MHz, a quarter of the chip's crystal (RFM12B data sheet, "FIFO read").
  static constexpr uint32_t clock_max = 2500000;
  static constexpr uint8_t divider =
      static_cast<uint8_t>((Board::cpu_hz + 2 * clock_max - 1) / (2 * clock_max) - 1);

  /// Sets up USART 0, the chip select and nIRQ's edge; before the first word.
  static void start_radio() {
    AvrPin<typename Board::RadioSelect>::set(true);
    AvrPin<typename Board::RadioSelect>::make_output();
    UBRR0 = 0;  // 21.5: no clock until the transmitter is on.
    AvrPin<typename Board::RadioClock>::make_output();
    UCSR0C = _BV(UMSEL01) | _BV(UMSEL00);
    UCSR0B = _BV(RXEN0) | _BV(TXEN0);
    UBRR0 = divider;
    EICRA = _BV(ISC01);  // the falling edge; other bits are INT1's, which is not used
  }

  /// Starts a word on its way; radio_receive() must follow.
  FLM_INLINE static void radio_send(uint16_t command) {
    AvrPin<typename Board::RadioSelect>::set(false);
    UDR0 = static_cast<uint8_t>(command >> 8);
    while ((UCSR0A & _BV(UDRE0)) == 0) {
    }
    UDR0 = static_cast<uint8_t>(command & 0xFF);
  }
  /// Waits for the end of the word, 8 us after its start; returns the last 8 bits that came in.
  FLM_NODISCARD FLM_INLINE static uint8_t radio_receive() {
    static_cast<void>(first_byte());
    return next_byte();
  }
  /// Shifts a word and returns the 16 bits that came in, at half of the CPU's clock. Not for reading the
  /// FIFO: only other words may go with up to 20 MHz.
  FLM_OUTLINE static uint16_t radio_word(uint16_t command) {
    UBRR0L = 0;
    radio_send(command);
    const uint8_t high = first_byte();
    const uint8_t low = next_byte();
    UBRR0L = divider;
    return static_cast<uint16_t>(high << 8 | low);
  }
  /// True while nIRQ is low: the chip asks to be served.
  FLM_NODISCARD FLM_INLINE static bool radio_request() {
    return (PortRegisters<Board::RadioRequest::port>::in() & Board::RadioRequest::mask) == 0;
  }
  /// Lets nIRQ's falling edge interrupt (INT0), or not; an edge that comes meanwhile waits. The handler
  /// begins with interrupts on (ISR_NOBLOCK), and masks itself: nIRQ cannot fall again before the chip has
  /// been served.
  FLM_INLINE static void radio_interrupt(bool wanted) { EIMSK = wanted ? _BV(INT0) : 0; }

 private:
  FLM_INLINE static uint8_t first_byte() {
    while ((UCSR0A & _BV(RXC0)) == 0) {
    }
    return UDR0;
  }
  FLM_INLINE static uint8_t next_byte() {
    while ((UCSR0A & _BV(RXC0)) == 0) {
    }
    const uint8_t byte = UDR0;
    AvrPin<typename Board::RadioSelect>::set(true);
    return byte;
  }
};

}  // namespace hal
}  // namespace flm

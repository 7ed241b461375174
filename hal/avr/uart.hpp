// The serial port's part of the hal contract on the ATmega168P: USART 0 behind an RS-485 transceiver (data sheet 8271, chapter 20).
#pragma once
#include <avr/io.h>
#include <stdint.h>

#include "hal/avr/critical.hpp"
#include "hal/avr/pin.hpp"
#include "protocol/attributes.hpp"

namespace flm {
namespace hal {

/// The words that firmware/serial asks for.
template <class Board>
struct AvrUart {
  static constexpr uint32_t baud = 115200;
  static constexpr uint16_t divider = static_cast<uint16_t>(Board::cpu_hz / (8 * baud) - 1);
  static_assert(Board::cpu_hz % (8 * baud) == 0, "the bit rate is not exact");

  static constexpr uint8_t uart_receiver_held = _BV(RXEN0) | _BV(TXEN0);
  static constexpr uint8_t uart_receiver_on = uart_receiver_held | _BV(RXCIE0);

  /// 8N1 at double speed; the line stays driven, idle.
  static void start_uart() {
    UBRR0 = divider;
    UCSR0A = _BV(U2X0);
    UCSR0C = _BV(UCSZ01) | _BV(UCSZ00);
    AvrPin<typename Board::DriverEnable>::set(true);
    AvrPin<typename Board::DriverEnable>::make_output();
  }
  /// Takes the line, and asks for bytes to send.
  static void uart_transmit() {
    AvrPin<typename Board::DriverEnable>::set(true);
    UCSR0B = _BV(TXEN0) | _BV(UDRIE0);
  }
  /// Sends a byte. What says that all is sent is taken back, as it may be the byte before that has just ended.
  FLM_INLINE static void uart_put(uint8_t byte) {
    const AvrCritical critical;
    UDR0 = byte;
    UCSR0A = _BV(U2X0) | _BV(TXC0);
  }
  /// Asks for no more for now.
  FLM_INLINE static void uart_pause() { UCSR0B = _BV(TXEN0); }
  /// Asks for no more, but to be told when the last bit is out.
  FLM_INLINE static void uart_finish() { UCSR0B = _BV(TXEN0) | _BV(TXCIE0); }
  /// Lets go of the line, and listens.
  FLM_INLINE static void uart_listen() {
    AvrPin<typename Board::DriverEnable>::set(false);
    UCSR0B = uart_receiver_on;
  }
};

}  // namespace hal
}  // namespace flm

// The serial port's part of the hal contract on the ATmega168P: USART 0 behind an RS-485 transceiver (data
// sheet 8271, chapter 20).
#pragma once
#include <avr/io.h>
#include <stdint.h>

#include "hal/avr/critical.hpp"
#include "hal/avr/pin.hpp"
#include "hal/contract.hpp"
#include "toolchain/attributes.hpp"

namespace flm {
namespace hal {

/// Bytes received: filled by take_received(), emptied by main loop or link.
static ReceivedBytes uart_queue;

/// Members of a HAL that firmware/serial calls.
template <class Board>
struct AvrUart {
  static constexpr uint32_t baud = 115200;
  static constexpr uint32_t slow_baud = 9600;
  static_assert(Board::cpu_hz % (8 * baud) == 0 && Board::cpu_hz % (8 * slow_baud) == 0,
                "the bit rate is not exact");

  FLM_INLINE static void take_byte() {
    const uint8_t errors = UCSR0A & (_BV(FE0) | _BV(DOR0) | _BV(UPE0));  // before the byte: 20.7.4
    uart_queue.put(UDR0, errors == 0);
  }
  static ReceivedBytes& uart_received() { return uart_queue; }
  /// 115200 8N1, or 9600 7E1, at double speed; the line is driven, idle. Interrupts off, or before the first
  /// one.
  static void uart_start(bool slow) {
    UCSR0B = 0;
    UBRR0 = slow ? Board::cpu_hz / (8 * slow_baud) - 1 : Board::cpu_hz / (8 * baud) - 1;
    UCSR0A = _BV(U2X0);
    UCSR0C = slow ? _BV(UPM01) | _BV(UCSZ01) : _BV(UCSZ01) | _BV(UCSZ00);
    uart_pause();
    AvrPin<typename Board::DriverEnable>::set(true);
    AvrPin<typename Board::DriverEnable>::make_output();
  }
  /// Moves the receiver's bytes, two at most, to uart_queue. Called after each conversion, in the converter's
  /// interrupt: an interrupt of its own for each byte would cost twice as much, and delay the conversions. At
  /// 115200 baud a byte comes every 320 cycles (FLM02A), a conversion ends every 576, and the receiver keeps
  /// three (20.7.4).
  FLM_INLINE static void take_received() {
    if ((UCSR0A & _BV(RXC0)) == 0) return;
    take_byte();
    if ((UCSR0A & _BV(RXC0)) != 0) take_byte();
  }
  /// Switches the transceiver to transmit, with the line idle, or to receive.
  static void uart_drive(bool on) { AvrPin<typename Board::DriverEnable>::set(on); }
  /// Takes the line, and asks for bytes to send.
  static void uart_transmit() {
    AvrPin<typename Board::DriverEnable>::set(true);
    UCSR0B = _BV(TXEN0) | _BV(UDRIE0);
  }
  /// Sends a byte, and clears the flag that all is sent: the byte before may just have ended. As with
  /// uart_finish(), interrupts stay off until the handler that calls it returns: the next one must not come
  /// while its registers are on the stack.
  FLM_INLINE static void uart_put(uint8_t byte) {
    cli();
    UDR0 = byte;
    UCSR0A = _BV(U2X0) | _BV(TXC0);
  }
  /// Stops asking for bytes, for now.
  FLM_INLINE static void uart_pause() { UCSR0B = _BV(TXEN0); }
  /// Stops asking for bytes; USART_TX interrupts when the last bit is out.
  FLM_INLINE static void uart_finish() {
    cli();
    UCSR0B = _BV(TXEN0) | _BV(TXCIE0);
  }
  /// Lets go of the line, and listens.
  FLM_INLINE static void uart_listen() {
    AvrPin<typename Board::DriverEnable>::set(false);
    UCSR0B = _BV(RXEN0) | _BV(TXEN0);
  }
};

}  // namespace hal
}  // namespace flm

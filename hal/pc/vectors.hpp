// Interrupts of a board on the PC, as functions that its owner calls; statements in the order of
// hal/avr/vectors.hpp.
#pragma once
#include <stdint.h>

namespace flm {
namespace hal {

/// A conversion has ended with `code`.
template <class SensorBoard>
inline void raise_conversion_complete(SensorBoard& board, uint16_t code) {
  board.hal().select_clamp(board.next_clamp());
  if (!board.on_sample(code)) return;
  board.on_scan();
  board.on_scan_pulses();
}

/// The host has clocked a byte; returns the one that goes out next.
template <class SensorBoard>
inline uint8_t raise_spi_transfer_complete(SensorBoard& board, uint8_t received) {
  const uint8_t answer = board.answer(received);
  board.on_spi(received);
  return answer;
}

/// A byte has come at the serial port.
template <class SensorBoard>
inline void raise_serial_received(SensorBoard& board, uint8_t byte, bool good = true) {
  board.hal().uart_received().put(byte, good);
}
/// The serial port has sent what was put; it asks for more until the firmware pauses it, and then its last
/// bit has gone out.
template <class SensorBoard>
inline void raise_serial_empty(SensorBoard& board) {
  board.hal().uart_pause();
  board.on_serial_empty();
}
template <class SensorBoard>
inline void raise_serial_sent(SensorBoard& board) {
  board.on_serial_sent();
}
/// The radio's request line has fallen.
template <class SensorBoard>
inline void raise_radio(SensorBoard& board) {
  board.on_radio();
}

}  // namespace hal
}  // namespace flm

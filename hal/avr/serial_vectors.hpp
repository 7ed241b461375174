// Interrupt vectors of a board whose USART 0 is the serial port. Included once, after vectors.hpp. The converter comes first: a
// conversion's interrupt is due within 144 cycles (FLM02A), so none of these keeps it waiting for long.
#pragma once

ISR(USART_RX_vect) {
  const uint8_t errors = UCSR0A & (_BV(FE0) | _BV(DOR0) | _BV(UPE0));  // before the byte: 20.7.4
  const uint8_t byte = UDR0;
  const flm::hal::OthersInterrupt others(UCSR0B, ThisHal::uart_receiver_held, ThisHal::uart_receiver_on);
  sensor_board.on_serial_received(byte, errors == 0);
}
ISR(USART_UDRE_vect) {
  ThisHal::uart_pause();
  sei();
  sensor_board.on_serial_empty();
}
ISR(USART_TX_vect, ISR_NOBLOCK) { sensor_board.on_serial_sent(); }

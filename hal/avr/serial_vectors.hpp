// Interrupt vectors of a board whose USART 0 is the serial port. Included once, after vectors.hpp. The
// converter comes first: a conversion's interrupt is due within 144 cycles (FLM02A), so none of these keeps
// it waiting for long. Each holds both back while it lets others in, or they could pile up on the stack.
#pragma once

static_assert(ThisBoard::channel == flm::boards::Channel::rs485,
              "FLM_VECTORS of board.cmake is not for board.hpp's channel");

ISR(USART_UDRE_vect) {
  ThisHal::uart_pause();
  sei();
  sensor_board.on_serial_empty();
}
ISR(USART_TX_vect) {
  ThisHal::uart_pause();
  sei();
  sensor_board.on_serial_sent();
}

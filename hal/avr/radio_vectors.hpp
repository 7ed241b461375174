// Interrupt vectors of a board whose USART 0 is the radio's. Included once, after vectors.hpp.
#pragma once

/// nIRQ has fallen. All others come first: a byte is due in 160 us at the earliest.
ISR(INT0_vect, ISR_NOBLOCK) {
  ThisHal::radio_interrupt(false);
  sensor_board.on_radio();
  ThisHal::radio_interrupt(true);
}

// Interrupt vectors of a board whose USART 0 is the radio's. Included once, after vectors.hpp.
#pragma once

static_assert(ThisBoard::channel == flm::boards::Channel::radio,
              "FLM_VECTORS of board.cmake is not for board.hpp's channel");

/// nIRQ has fallen. All others come first: a byte is due in 160 us at the earliest. A scan that ends
/// meanwhile leaves the look at the pulses to this handler's end, or the stack would have to hold both. Its
/// own interrupt comes again only when its registers are off the stack.
ISR(INT0_vect) {
  ThisHal::radio_interrupt(false);
  flm::hal::flags() |= _BV(flm::hal::looking);
  sei();
  sensor_board.on_radio();
  cli();
  flm::hal::flags() &= static_cast<uint8_t>(~_BV(flm::hal::looking));
  if ((flm::hal::flags() & _BV(flm::hal::pulses_due)) != 0) look_at_pulses();
  ThisHal::radio_interrupt(true);
}

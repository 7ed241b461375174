// The interrupt vectors. Included once, by the image's main file, after `sensor_board` is defined.
#pragma once
#include <avr/interrupt.h>
#include <avr/io.h>

/// Names the image's board in the ELF file, in a section that is not loaded.
#define FLM_NAME_BOARD(name) __asm__(".section .flm_board,\"\",@progbits\n.asciz \"" name "\"\n.text\n")

/// Runs before memory is initialised.
extern "C" void flm_clock_from_reset() __attribute__((naked, used, section(".init3")));
extern "C" void flm_clock_from_reset() { flm::hal::clock_from_reset<ThisBoard>(); }

/// A conversion has ended. The next one's input is selected before the trigger's flag is cleared (24.5.1, case c), and the
/// converter starts on that flag's rising edge only: a late interrupt can miss a trigger but never measure the wrong clamp.
ISR(ADC_vect) {
  sensor_board.hal().select_clamp(sensor_board.next_clamp());
  TIFR0 = _BV(OCF0A);
  sensor_board.on_sample(ADC);
}

/// The host has clocked a byte. Other interrupts may come in between: a conversion's must select the next input in time, and the
/// next byte is at least 25 us away.
ISR(SPI_STC_vect, ISR_NOBLOCK) { SPDR = sensor_board.on_spi(SPDR); }

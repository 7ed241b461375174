// The interrupt vectors. Included once, by the image's main file, after `sensor_board` is defined.
#pragma once
#include <avr/interrupt.h>
#include <avr/io.h>

/// Names the image's board in the ELF file, in a section that is not loaded.
#define FLM_NAME_BOARD(name) __asm__(".section .flm_board,\"\",@progbits\n.asciz \"" name "\"\n.text\n")

/// Runs before memory is initialised.
extern "C" void flm_clock_from_reset() __attribute__((naked, used, section(".init3")));
extern "C" void flm_clock_from_reset() { flm::hal::clock_from_reset<ThisBoard>(); }

/// Interrupts off: looks at the pulse ports for the scan that has just ended, with interrupts on. One look at
/// a time: a scan that ends meanwhile gets its own after it.
static FLM_OUTLINE void look_at_pulses() {
  using flm::hal::flags;
  if ((flags() & _BV(flm::hal::looking)) != 0) return;
  flags() |= _BV(flm::hal::looking);
  do {
    flags() &= static_cast<uint8_t>(~_BV(flm::hal::pulses_due));
    sei();
    sensor_board.on_scan_pulses();
    cli();
  } while ((flags() & _BV(flm::hal::pulses_due)) != 0);
  flags() &= static_cast<uint8_t>(~_BV(flm::hal::looking));
}

/// A scan's end. Outlined: the two samples before it need not save its registers.
static FLM_OUTLINE void scan_ended() {
  const ThisHal::ChannelWaits channel_waits;
  {
    const flm::hal::OthersInterrupt others(ADCSRA, ThisHal::converter_held, ThisHal::converter_on);
    sensor_board.on_scan();
  }
  flm::hal::flags() |= _BV(flm::hal::pulses_due);
  if ((SPCR & _BV(SPIE)) == 0)
    return;  // A byte from the host is being dealt with: the next one cannot wait for both.
  look_at_pulses();
}

/// A conversion has ended. The next one's input is selected before the trigger's flag is cleared (24.5.1,
/// case c), and the converter starts on that flag's rising edge only: a late interrupt can miss a trigger but
/// never measure the wrong clamp. A scan's end lets the others in; the pulses, at its very end, also the next
/// conversions, of which the third ends the next scan.
ISR(ADC_vect) {
  sensor_board.hal().select_clamp(sensor_board.next_clamp());
  TIFR0 = _BV(OCF0A);
  const bool scan_ends = sensor_board.on_sample(ADC);
  ThisHal::take_received();
  if (scan_ends) scan_ended();
}

/// The host has clocked a byte. The next one's answer is in the register within a few cycles; what is left
/// may be interrupted: a conversion's interrupt must select the next input in time, and the next byte is at
/// least 25 us away.
ISR(SPI_STC_vect) {
  const uint8_t received = SPDR;
  SPDR = sensor_board.answer(received);
  const ThisHal::ChannelWaits channel_waits;
  {
    const flm::hal::OthersInterrupt others(SPCR, ThisHal::spi_held, ThisHal::spi_on);
    sensor_board.on_spi(received);
  }
  if ((flm::hal::flags() & _BV(flm::hal::pulses_due)) != 0) look_at_pulses();
}

static FLM_OUTLINE void hang() { sensor_board.on_hang(); }

/// The watchdog was not fed for 250 ms: saves what can be saved; 250 ms after that it resets. It never
/// returns, so it has the whole stack for itself.
ISR(WDT_vect, ISR_NAKED) {
  SP = RAMEND;
  __asm__ volatile("clr __zero_reg__");
  hang();
  for (;;) {
  }
}

// The hal contract on the ATmega168P. Section and table numbers are those of its data sheet (Atmel 8271).
#pragma once
#include <avr/interrupt.h>
#include <avr/io.h>
#include <avr/sleep.h>
#include <avr/wdt.h>
#include <stdint.h>

#include "boards/pins.hpp"
#include "hal/avr/arithmetic.hpp"
#include "hal/avr/critical.hpp"
#include "hal/avr/pin.hpp"
#include "hal/avr/radio.hpp"
#include "hal/avr/uart.hpp"
#include "hal/contract.hpp"
#include "protocol/attributes.hpp"

namespace flm {
namespace hal {

/// GPIOR0: single instructions set, clear and test a bit. The reset cause (bits of MCUSR) waits here until memory has been
/// initialised; the interrupts keep two flags above it.
inline volatile uint8_t& flags() { return GPIOR0; }
constexpr uint8_t reset_cause_mask = 0x0F;
constexpr uint8_t pulses_due = 6;  ///< bit: a scan has ended, nobody has looked at the pulse ports
constexpr uint8_t looking = 7;     ///< bit: somebody does

/// Before memory is initialised: the watchdog, which a reset of its own leaves running at its shortest time; full clock speed, and
/// timer 1 counts from here so that start_sampling() knows the time since reset however long the start-up code takes.
template <class Board>
inline void clock_from_reset() {
  flags() = MCUSR;
  MCUSR = 0;  // 10.9.2: while WDRF is set, the watchdog cannot be set.
  // 250 ms; the first time-out interrupts, the second resets.
  WDTCSR = _BV(WDCE) | _BV(WDE);
  WDTCSR = _BV(WDIE) | _BV(WDE) | _BV(WDP2);
  if (Board::FuseBytes::clock_divided_by_8) {
    CLKPR = _BV(CLKPCE);  // 8.12.2: the new value follows within four cycles.
    CLKPR = 0;
  }
  TCCR1B = _BV(CS11);  // CPU clock / 8
}

/// What USART 0 does on a board: `Board::has_radio`.
template <class Board, bool has_radio>
struct AvrChannel : AvrUart<Board> {
  /// In another interrupt's handler: its bytes are shifted in by themselves, nothing has to wait.
  struct ChannelWaits {
    ChannelWaits() {}
    ~ChannelWaits() {}
  };
  static void start_channel() {}
  static void save_channel_power(bool on) { AvrPin<typename Board::DriverEnable>::set(!on); }
};
template <class Board>
struct AvrChannel<Board, true> : AvrRadio<Board> {
  using ChannelWaits = RadioWaits;
  static void start_channel() { AvrRadio<Board>::start_radio(); }
  static void take_received() {}
  static void save_channel_power(bool) {}
};

template <class BoardFacts>
class AvrHal : public AvrChannel<BoardFacts, BoardFacts::has_radio> {
 public:
  using Board = BoardFacts;
  using Sampling = typename Board::Sampling;
  using Critical = AvrCritical;
  using Arithmetic = AvrArithmetic;

  static constexpr uint8_t adc_clock_select() {  // table 24-5
    return Sampling::adc_prescaler == 16   ? 4
           : Sampling::adc_prescaler == 32 ? 5
           : Sampling::adc_prescaler == 64 ? 6
                                           : 7;
  }
  /// ADCSRA and SPCR while their interrupts are wanted, and while they are held back.
  static constexpr uint8_t converter_held = static_cast<uint8_t>(_BV(ADEN) | _BV(ADATE) | adc_clock_select());
  static constexpr uint8_t converter_on = static_cast<uint8_t>(converter_held | _BV(ADIE));
  static constexpr uint8_t spi_held =
      static_cast<uint8_t>(_BV(SPE) | (Board::spi_mode & 2 ? _BV(CPOL) : 0) | (Board::spi_mode & 1 ? _BV(CPHA) : 0));
  static constexpr uint8_t spi_on = static_cast<uint8_t>(spi_held | _BV(SPIE));

  /// Converter input of a clamp against the internal 1.1 V reference (24.9.1). Any time outside of a conversion's start.
  static void select_clamp(uint8_t clamp) {
    ADMUX = static_cast<uint8_t>(_BV(REFS1) | _BV(REFS0) | Board::clamp_input(clamp));
  }
  FLM_NODISCARD static uint8_t pulse_levels() { return PortRegisters<Board::pulse_io_port>::in(); }
  static void led(bool on) { AvrPin<typename Board::Led>::set(!on); }
  static void set_lines(bool analog, bool invert_rx, bool invert_tx) {
    set_lines_of<Board>(analog, invert_rx, invert_tx, Switchable<Board::has_port_configuration>());
  }
  /// The same object, but the compiler no longer knows its address, and so reaches members by 2-byte instead of 4-byte instructions.
  template <class T>
  FLM_INLINE static T& by_pointer(T& object) {
    T* pointer = &object;
    __asm__("" : "+r"(pointer));
    return *pointer;
  }
  static void barrier() { __asm__ volatile("" ::: "memory"); }

  /// Sleeps in idle mode until an interrupt, unless there is something to do. Going to sleep while no conversion is running starts one
  /// (10.3, 24.6), off the grid and of the wrong clamp: between two conversions, and when one is about to end, it returns at once.
  template <class Pending>
  static void idle(Pending pending) {
    constexpr uint8_t cycles_to_sleep = 16;  // from the look at TCNT0 to SLEEP: 8
    // The timer counted from 0 when the conversion started; a count that it shows may be about to end.
    constexpr uint8_t last_count = (Sampling::conversion_cycles - cycles_to_sleep) / Sampling::timer_prescaler - 1;
    cli();
    if (!pending() && (ADCSRA & _BV(ADSC)) != 0 && TCNT0 <= last_count) {
      sleep_enable();
      sei();  // Takes effect after the next instruction: nothing comes between it and the sleep.
      sleep_cpu();
      sleep_disable();
    }
    sei();
  }

  // The EEPROM (8.4). Its registers are the main loop's alone; the timed sequence is not to be interrupted.
  FLM_NODISCARD static bool eeprom_busy() { return (EECR & _BV(EEPE)) != 0; }
  FLM_NODISCARD static uint8_t eeprom_read(uint16_t address) {
    EEAR = address;
    EECR = _BV(EERE);
    return EEDR;
  }
  static void eeprom_start(uint16_t address, uint8_t value, EepromWrite how) {
    EEAR = address;
    EEDR = value;
    static_assert(static_cast<uint8_t>(EepromWrite::erase_and_write) == 0 && static_cast<uint8_t>(EepromWrite::erase) == 1 &&
                      static_cast<uint8_t>(EepromWrite::write) == 2, "EEPM1:0 of table 8-1");
    const uint8_t mode = static_cast<uint8_t>(static_cast<uint8_t>(how) * _BV(EEPM0));
    const Critical timed;
    EECR = static_cast<uint8_t>(mode | _BV(EEMPE));
    EECR |= _BV(EEPE);
  }

  /// The comparator's output: the bandgap is above the divided supply (23.3).
  FLM_NODISCARD static bool supply_low() { return (ACSR & _BV(ACO)) != 0; }
  /// The LED and the transceiver; the converter's 0.3 mA goes on metering.
  static void save_power(bool on) {
    if (on) led(false);
    AvrHal::save_channel_power(on);
  }
  FLM_NODISCARD static uint8_t reset_cause() { return static_cast<uint8_t>(flags() & reset_cause_mask); }
  static void feed_watchdog() { wdt_reset(); }

  /// Returns when the converter has settled, and a write that a reset has survived is over.
  static void start() {
    AvrPin<typename Board::Led>::make_output();
    start_lines<Board>(Switchable<Board::has_port_configuration>());
    start_converter();
    start_spi();
    AvrHal::start_channel();
    start_supply_watch();
    while (eeprom_busy()) {
    }
  }

  /// First trigger 30 ms after reset, when the reference and the pull-ups have settled, and the EEPROM has been read at either
  /// board's clock, whatever is in it; then one every tick.
  static void start_sampling() {
    constexpr uint32_t first_trigger = Board::cpu_hz / 100 * 3;
    constexpr uint16_t timer_0_start = static_cast<uint16_t>((first_trigger - Sampling::tick_cycles) / 8);
    while (TCNT1 < timer_0_start) {
    }
    GTCCR = _BV(PSRSYNC);
    TCNT0 = 0;
    TIFR0 = _BV(OCF0A);
    TCCR0B = timer_clock_select();
    sei();
  }

 private:
  template <bool>
  struct Switchable {};

  static void start_converter() {
    set_sleep_mode(SLEEP_MODE_IDLE);
    select_clamp(0);
    ADCSRA = static_cast<uint8_t>(_BV(ADEN) | adc_clock_select() | _BV(ADSC));  // The first conversion takes 25 clocks (24.4): this one is for nobody.
    TCCR0A = _BV(WGM01);
    OCR0A = static_cast<uint8_t>(Sampling::counts - 1);
    while ((ADCSRA & _BV(ADSC)) != 0) {
    }
    ADCSRB = _BV(ADTS1) | _BV(ADTS0);  // started by timer 0 compare match A
    ADCSRA = static_cast<uint8_t>(converter_on | _BV(ADIF));
  }

  static void start_spi() {
    DDRB |= _BV(PB4);
    SPCR = spi_on;
    SPDR = 0;
  }

  /// The bandgap against the divided supply; the comparator's rising output captures timer 1, through the noise canceler (16.6.3).
  static void start_supply_watch() {
    DIDR1 = _BV(AIN1D);
    ACSR = _BV(ACBG) | _BV(ACIC);
    TCCR1B = _BV(ICNC1) | _BV(ICES1) | _BV(CS11);
    TIFR1 = _BV(ICF1);
    TIMSK1 = _BV(ICIE1);
  }

  /// Ports 2 and 3 stay clamps.
  template <class B>
  static void start_lines(Switchable<false>) {
    PortRegisters<B::pulse_io_port>::out() |= B::PulsePort4::mask | B::PulsePort5::mask;
    DIDR0 = _BV(ADC0D) | _BV(ADC1D) | _BV(ADC2D);
  }
  template <class B>
  static void set_lines_of(bool, bool, bool, Switchable<false>) {}

  template <class B>
  static void start_lines(Switchable<true>) {
    PORTC |= B::PulsePort4::mask | B::PulsePort5::mask;
    AvrPin<typename B::AnalogFrontEnd>::make_output();
    AvrPin<typename B::InvertRx>::make_output();
    AvrPin<typename B::InvertTx>::make_output();
  }
  /// With the analog front end off, ports 2 and 3 are digital inputs with pull-ups.
  template <class B>
  static void set_lines_of(bool analog, bool invert_rx, bool invert_tx, Switchable<true>) {
    constexpr uint8_t shared = B::PulsePort2::mask | B::PulsePort3::mask;
    AvrPin<typename B::AnalogFrontEnd>::set(analog);
    if (analog) {
      PORTC &= static_cast<uint8_t>(~shared);
      DIDR0 = shared;
    } else {
      DIDR0 = 0;
      PORTC |= shared;
    }
    AvrPin<typename B::InvertRx>::set(invert_rx);
    AvrPin<typename B::InvertTx>::set(invert_tx);
  }

  static constexpr uint8_t timer_clock_select() {  // table 15-9
    return Sampling::timer_prescaler == 1    ? _BV(CS00)
           : Sampling::timer_prescaler == 8  ? _BV(CS01)
           : Sampling::timer_prescaler == 64 ? _BV(CS01) | _BV(CS00)
                                             : _BV(CS02);
  }
};

}  // namespace hal
}  // namespace flm

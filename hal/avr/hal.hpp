// The hal contract on the ATmega168P. Section and table numbers are those of its data sheet (Atmel 8271).
#pragma once
#include <avr/interrupt.h>
#include <avr/io.h>
#include <avr/sleep.h>
#include <avr/wdt.h>
#include <stdint.h>

#include "boards/facts.hpp"
#include "boards/fuses.hpp"
#include "boards/pins.hpp"
#include "hal/avr/arithmetic.hpp"
#include "hal/avr/critical.hpp"
#include "hal/avr/pin.hpp"
#include "hal/avr/radio.hpp"
#include "hal/avr/uart.hpp"
#include "hal/contract.hpp"
#include "toolchain/attributes.hpp"

namespace flm {
namespace hal {

/// GPIOR0: single instructions set, clear and test a bit. The reset cause (bits of MCUSR) waits here until
/// memory has been initialised; the interrupts keep two flags above it.
inline volatile uint8_t& flags() { return GPIOR0; }
constexpr uint8_t reset_cause_mask = 0x0F;
constexpr uint8_t pulses_due = 6;  ///< bit: a scan has ended, its look at the pulse ports is due
constexpr uint8_t looking = 7;     ///< bit: the pulse ports are being looked at

/// Timer 1 counts at this rate for as long as start_sampling() needs the time since reset: an eighth of the
/// crystal's, also while the CPU runs at an eighth.
template <class Board>
constexpr uint32_t timer_1_hz() {
  return Board::cpu_hz / 8;
}
/// Mark in each byte of the stack that has not been used since reset.
constexpr uint8_t unused_mark = 0xA5;

/// Before memory is initialised: the watchdog, which a reset of its own leaves running at its shortest time;
/// timer 1 counts from here, so that start_sampling() knows the time since reset however long the start-up
/// code takes; and what the stack may use is marked.
template <class Board>
inline void clock_from_reset() {
  flags() = MCUSR;
  MCUSR = 0;  // 10.9.2: while WDRF is set, the watchdog cannot be set.
  // 250 ms; the first time-out interrupts, the second resets.
  WDTCSR = _BV(WDCE) | _BV(WDE);
  WDTCSR = _BV(WDIE) | _BV(WDE) | _BV(WDP2);
  TCCR1B = Board::FuseBytes::guard == boards::ClockGuard::by_firmware ? _BV(CS10) : _BV(CS11);
  __asm__ volatile(
      "ldi r30, lo8(_end)   \n\t"
      "ldi r31, hi8(_end)   \n\t"
      "1: st Z+, %[mark]    \n\t"
      "cpi r30, lo8(%[end]) \n\t"
      "ldi r25, hi8(%[end]) \n\t"
      "cpc r31, r25         \n\t"
      "brne 1b              \n\t"
      :
      : [mark] "r"(unused_mark), [end] "i"(RAMEND + 1)
      : "r25", "r30", "r31", "memory");
}

/// First byte after all that is linked in; a symbol of the linker.
extern "C" uint8_t end_of_data __asm__("_end");

/// Use of USART 0 on a board: `Board::channel`.
template <class Board, boards::Channel>
struct AvrChannel : AvrUart<Board> {
  /// In a different interrupt's handler: its bytes are shifted in by themselves, nothing has to wait.
  struct ChannelWaits {
    ChannelWaits() {}
    ~ChannelWaits() {}
  };
  static void start_channel() {}
};
template <class Board>
struct AvrChannel<Board, boards::Channel::radio> : AvrRadio<Board> {
  using ChannelWaits = RadioWaits;
  static void start_channel() { AvrRadio<Board>::start_radio(); }
  static void take_received() {}
};

template <class BoardFacts>
class AvrHal : public AvrChannel<BoardFacts, BoardFacts::channel> {
 public:
  using Board = BoardFacts;
  using Sampling = typename Board::Sampling;
  using Critical = AvrCritical;
  using Arithmetic = AvrArithmetic;

  static constexpr bool guards_clock = Board::FuseBytes::guard == boards::ClockGuard::by_firmware;

  static constexpr uint8_t adc_clock_select() {  // table 24-5
    return Sampling::adc_prescaler == 16   ? 4
           : Sampling::adc_prescaler == 32 ? 5
           : Sampling::adc_prescaler == 64 ? 6
                                           : 7;
  }
  /// ADCSRA and SPCR while their interrupts are wanted, and while they are held back.
  static constexpr uint8_t converter_held = static_cast<uint8_t>(_BV(ADEN) | _BV(ADATE) | adc_clock_select());
  static constexpr uint8_t converter_on = static_cast<uint8_t>(converter_held | _BV(ADIE));
  static constexpr uint8_t spi_held = static_cast<uint8_t>(_BV(SPE) | (Board::spi_mode & 2 ? _BV(CPOL) : 0) |
                                                           (Board::spi_mode & 1 ? _BV(CPHA) : 0));
  static constexpr uint8_t spi_on = static_cast<uint8_t>(spi_held | _BV(SPIE));

  /// Converter input of a clamp against the internal 1.1 V reference (24.9.1). Any time outside of a
  /// conversion's start.
  static void select_clamp(uint8_t clamp) {
    ADMUX = static_cast<uint8_t>(_BV(REFS1) | _BV(REFS0) | Board::clamp_input(clamp));
  }
  FLM_NODISCARD static uint8_t pulse_levels() { return PortRegisters<Board::pulse_io_port>::in(); }
  static void led(bool on) { AvrPin<typename Board::Led>::set(!on); }
  static void set_lines(bool analog, bool invert_rx, bool invert_tx) {
    set_lines_of<Board>(analog, invert_rx, invert_tx, Switchable<(Board::switched_ports != 0)>());
  }
  /// `object`, by a pointer that the compiler does not see through: it reaches members by 2-byte instead of
  /// 4-byte instructions.
  template <class T>
  FLM_INLINE static T& by_pointer(T& object) {
    T* pointer = &object;
    __asm__("" : "+r"(pointer));
    return *pointer;
  }
  static void barrier() { __asm__ volatile("" ::: "memory"); }

  /// Sleeps in idle mode until an interrupt, unless there is something to do. Going to sleep while no
  /// conversion is running starts one (10.3, 24.6), off the grid and of the wrong clamp: between two
  /// conversions, and when one is about to end, it returns at once. Then it leaves interrupts on, as the
  /// converter's must come in time.
  template <class Pending>
  static void idle(Pending pending) {
    if (!conversion_goes_on()) return;
    cli();
    if (!pending() && conversion_goes_on()) {
      sleep_enable();
      sei();  // Takes effect after the next instruction: nothing comes between it and the sleep.
      sleep_cpu();
      sleep_disable();
    }
    sei();
  }

  /// True while a conversion is running that takes 64 cycles or more to its end: enough for `pending()`, and
  /// to go to sleep. Timer 0 has counted from 0 since its start; the count that it shows may be about to end.
  FLM_NODISCARD FLM_INLINE static bool conversion_goes_on() {
    constexpr uint8_t last_count = (Sampling::conversion_cycles - 64) / Sampling::timer_prescaler - 1;
    return (ADCSRA & _BV(ADSC)) != 0 && TCNT0 <= last_count;
  }

  // The EEPROM (8.4). Its registers are the main loop's alone; the timed sequence is not to be interrupted.
  FLM_NODISCARD static bool eeprom_busy() { return (EECR & _BV(EEPE)) != 0; }
  FLM_NODISCARD FLM_OUTLINE static uint8_t eeprom_read(uint16_t address) {
    EEAR = address;
    EECR = _BV(EERE);
    return EEDR;
  }
  static void eeprom_start(uint16_t address, uint8_t value, EepromWrite how) {
    EEAR = address;
    EEDR = value;
    static_assert(static_cast<uint8_t>(EepromWrite::erase_and_write) == 0 &&
                      static_cast<uint8_t>(EepromWrite::erase) == 1 &&
                      static_cast<uint8_t>(EepromWrite::write) == 2,
                  "EEPM1:0 of table 8-1");
    const uint8_t mode = static_cast<uint8_t>(static_cast<uint8_t>(how) * _BV(EEPM0));
    const Critical timed;
    EECR = static_cast<uint8_t>(mode | _BV(EEMPE));
    EECR |= _BV(EEPE);
  }

  /// Reads back the byte that was written last.
  FLM_NODISCARD static uint8_t eeprom_written() {
    EECR = _BV(EERE);
    return EEDR;
  }
  static void eeprom_park() { EEAR = eeprom_parking; }

  /// The comparator's output: the bandgap is above the divided supply (23.3).
  FLM_NODISCARD static bool supply_low() { return (ACSR & _BV(ACO)) != 0; }
  /// Its rising edge has captured timer 1 since the last call (16.6.1). No interrupt: noise on the supply
  /// would starve the others.
  FLM_NODISCARD static bool supply_fell() {
    if ((TIFR1 & _BV(ICF1)) == 0) return false;
    TIFR1 = _BV(ICF1);
    return true;
  }
  /// While the supply is low, at a clock that it may no longer be enough for: nothing is sampled or received,
  /// and the CPU runs at an eighth, for which 1.8 V are enough (28.2), until the supply has been good for 10
  /// ms, or low for 0.8 s, when it is lived with. True when that is over. Timer 0 keeps its ticks.
  FLM_NODISCARD static bool ride_out() {
    if (!guards_clock) return true;
    for (;;) {
      cli();
      // After a conversion and its interrupt: the input of the next is selected.
      if ((ADCSRA & (_BV(ADSC) | _BV(ADIF))) == 0) break;
      sei();
      __asm__ volatile("nop");
    }
    ADCSRA = static_cast<uint8_t>(converter_on & ~_BV(ADATE));
    SPCR = spi_held;
    divide_clock(true);
    uint16_t ticks = ride_out_ticks;
    uint8_t good = good_ticks;
    do {
      wdt_reset();
      if ((TIFR0 & _BV(OCF0A)) == 0) continue;
      TIFR0 = _BV(OCF0A);
      --ticks;
      good = supply_low() ? good_ticks : static_cast<uint8_t>(good - 1);
    } while (ticks != 0 && good != 0);
    divide_clock(false);
    SPCR = spi_on;
    TIFR0 = _BV(OCF0A);
    ADCSRA = converter_on;
    sei();
    return true;
  }
  /// Bytes of stack that were never used since reset.
  FLM_NODISCARD static uint16_t free_stack() {
    const uint8_t* byte = &end_of_data;
    while (*byte == unused_mark) ++byte;
    return static_cast<uint16_t>(byte - &end_of_data);
  }
  FLM_NODISCARD static uint8_t reset_cause() { return static_cast<uint8_t>(flags() & reset_cause_mask); }
  static void feed_watchdog() { wdt_reset(); }

  /// Returns when the converter has settled, and a write that a reset has survived is over.
  static void start() {
    start_supply_watch();
    AvrPin<typename Board::Led>::make_output();
    start_lines<Board>(Switchable<(Board::switched_ports != 0)>());
    start_converter();
    start_spi();
    AvrHal::start_channel();
    while (eeprom_busy()) {
    }
  }

  /// First trigger 30 ms after reset, when the reference and the pull-ups have settled, and the EEPROM has
  /// been read at either board's clock, whatever is in it; then one every tick.
  static void start_sampling() {
    constexpr uint16_t timer_0_start =
        static_cast<uint16_t>(timer_1_hz<Board>() / 100 * 3 - Sampling::tick_cycles / 8);
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
    ADCSRA = static_cast<uint8_t>(
        _BV(ADEN) | adc_clock_select() |
        _BV(ADSC));  // The first conversion takes 25 clocks (24.4): this one is thrown away.
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

  /// The bandgap against the divided supply; the comparator's rising output captures timer 1, through the
  /// noise canceler (16.6.3). Where the fuses divide the clock, it stays divided until the supply has been
  /// good for a millisecond, or is taken for one whose threshold lies above it after 15 ms: 16 MHz need 3.78
  /// V (28.2), and the supply is still rising.
  static void start_supply_watch() {
    constexpr uint16_t millisecond = timer_1_hz<Board>() / 1000;
    DIDR1 = _BV(AIN1D);
    ACSR = _BV(ACBG) | _BV(ACIC);
    if (guards_clock) {
      const uint16_t begin = TCNT1;
      uint16_t good_since = begin;
      for (;;) {
        const uint16_t now = TCNT1;
        if (supply_low()) good_since = now;
        if (static_cast<uint16_t>(now - good_since) >= millisecond ||
            static_cast<uint16_t>(now - begin) >= 15 * millisecond)
          break;
      }
      CLKPR = _BV(CLKPCE);  // 8.12.2: the new value follows within four cycles.
      CLKPR = 0;
    }
    TCCR1B = _BV(ICNC1) | _BV(ICES1) | _BV(CS11);
    TIFR1 = _BV(ICF1);
  }

  /// Divides the CPU's clock by 8 for ride_out(), or no longer; interrupts off. Timer 0 keeps its pace.
  static void divide_clock(bool divided) {
    constexpr uint8_t select = timer_clock_select();
    static_assert(!guards_clock || Sampling::timer_prescaler == 64,
                  "divided by 8, another prescaler must keep the pace");
    CLKPR = _BV(CLKPCE);
    CLKPR = divided ? 3 : 0;
    TCCR0B = divided ? static_cast<uint8_t>(_BV(CS01)) : select;
  }
  static constexpr uint16_t ride_out_ticks =
      static_cast<uint16_t>(Board::cpu_hz / 10 * 8 / Sampling::tick_cycles);
  static constexpr uint8_t good_ticks = static_cast<uint8_t>(Board::cpu_hz / 100 / Sampling::tick_cycles);

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

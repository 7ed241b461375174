// Vocabulary for board descriptions: ports and pins of the ATmega168P as types.
#pragma once
#include <stdint.h>

namespace flm {
namespace boards {

/// The ATmega168P's I/O ports.
enum class IoPort : uint8_t { B, C, D };

/// One pin of the controller. `Pin<IoPort::C, 4>` is PC4.
template <IoPort Port, uint8_t Bit>
struct Pin {
  static_assert(Bit < 8, "an I/O port of the ATmega168P has pins 0 to 7");
  static constexpr IoPort port = Port;
  static constexpr uint8_t bit = Bit;
  static constexpr uint8_t mask = static_cast<uint8_t>(1u << Bit);
};

/// A pulse input: the terminal port it belongs to (0 = terminal port 1) and the pin it is wired to.
/// `WhenAnalogOff`: the pin is a pulse input only while the analog front end is switched off.
template <uint8_t TerminalPort, class InputPin, bool WhenAnalogOff = false>
struct PulseInput : InputPin {
  static_assert(TerminalPort < 6, "terminal ports are numbered 0 to 5 here, 1 to 6 on the enclosure");
  static constexpr uint8_t terminal_port = TerminalPort;
  static constexpr bool when_analog_off = WhenAnalogOff;
};

/// True when no two of the pins are the same: a pin used twice does not compile.
template <class... Pins>
struct AllDifferent {
  static constexpr bool value = true;
};
template <class First, class Second, class... Rest>
struct AllDifferent<First, Second, Rest...> {
  static constexpr bool value = !(First::port == Second::port && First::bit == Second::bit) &&
                                AllDifferent<First, Rest...>::value && AllDifferent<Second, Rest...>::value;
};

/// How often the converter starts, and from what: timer 0 in clear-on-compare mode triggers every conversion.
/// `Counts` timer counts of `TimerPrescaler` CPU cycles each; the converter's clock is the CPU's over
/// `AdcPrescaler`. `Clamps` inputs take turns.
template <uint32_t CpuHz, uint16_t TimerPrescaler, uint16_t Counts, uint8_t AdcPrescaler, uint8_t Clamps = 3>
struct SampleClock {
  static_assert(Counts >= 2 && Counts <= 256, "timer 0 counts 8 bits: 2 to 256 counts a tick");
  static_assert(TimerPrescaler == 1 || TimerPrescaler == 8 || TimerPrescaler == 64 || TimerPrescaler == 256,
                "timer 0 divides by 1, 8, 64 or 256");
  static_assert(AdcPrescaler == 16 || AdcPrescaler == 32 || AdcPrescaler == 64 || AdcPrescaler == 128,
                "the converter divides by 16, 32, 64 or 128 here");
  static_assert(CpuHz / AdcPrescaler >= 50000 && CpuHz / AdcPrescaler <= 200000,
                "10 bits need a converter clock of 50 to 200 kHz (ATmega168P data sheet, 24.4)");

  static constexpr uint16_t timer_prescaler = TimerPrescaler;
  static constexpr uint16_t counts = Counts;
  static constexpr uint8_t adc_prescaler = AdcPrescaler;
  static constexpr uint8_t clamps = Clamps;
  /// CPU cycles from one conversion start to the next.
  static constexpr uint32_t tick_cycles = static_cast<uint32_t>(TimerPrescaler) * Counts;
  /// CPU cycles from the trigger to the end of the conversion: 13.5 converter clocks (data sheet, table
  /// 24-1).
  static constexpr uint32_t conversion_cycles = static_cast<uint32_t>(AdcPrescaler) * 27 / 2;
  static_assert(conversion_cycles + 144 <= tick_cycles,
                "a conversion must end, and its interrupt select the next channel, before the next trigger");
  /// The CPU's clock, Hz.
  static constexpr uint32_t cpu_hz = CpuHz;
};

}  // namespace boards
}  // namespace flm

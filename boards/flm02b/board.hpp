// FLM02B: sensor board v2.2. boards/README.md has its pins as a table, and where each fact comes from.
#pragma once
#include "boards/facts.hpp"
#include "boards/fuses.hpp"
#include "boards/pins.hpp"

namespace flm {
namespace boards {

struct Flm02b {
  static constexpr const char* name() { return "flm02b"; }
  static constexpr uint8_t letter = 0x2B;  ///< how `gv` names the board
  static constexpr uint16_t hardware_major = 2;
  static constexpr uint8_t hardware_minor = 2;

  /// 16 MHz crystal, for which 3.78 V are needed. Brown-out detection at 1.8 V, as the boards came: a failing
  /// supply is saved from 4.41 .. 5.29 V down, and a level of 4.3 V, which may be 4.5, would cut that off. So
  /// the fuses divide the clock by 8, and the firmware guards it.
  static constexpr uint32_t cpu_hz = 16000000;
  static constexpr uint16_t clock_tolerance_ppm = 100;
  using FuseBytes = Fuses<cpu_hz, 0x6E, 0xDE, 0x01, ClockGuard::by_firmware>;

  /// 6 250 conversions a second, 2 083 a clamp; a tick is 4/25 ms.
  using Sampling = SampleClock<cpu_hz, 64, 40, 128>;

  /// Converter inputs of terminal ports 1, 2, 3: ADC7, ADC0, ADC1.
  static constexpr uint8_t clamp_input(uint8_t clamp) {
    return clamp == 0 ? 7 : static_cast<uint8_t>(clamp - 1);
  }

  using PulsePort2 = PulseInput<1, Pin<IoPort::C, 0>, true>;
  using PulsePort3 = PulseInput<2, Pin<IoPort::C, 1>, true>;
  using PulsePort4 = PulseInput<3, Pin<IoPort::C, 4>>;
  using PulsePort5 = PulseInput<4, Pin<IoPort::C, 5>>;
  static_assert(AllDifferent<PulsePort2, PulsePort3, PulsePort4, PulsePort5>::value,
                "two pulse ports share a pin");

  /// The pulse inputs, handed to a template that takes them all. They share one I/O port, so one read sees
  /// them at once.
  template <template <class...> class Template>
  using WithPulseInputs = Template<PulsePort2, PulsePort3, PulsePort4, PulsePort5>;
  static constexpr IoPort pulse_io_port = PulsePort4::port;
  /// From each pulse input to ground: none.
  static constexpr uint8_t input_capacitance_nf = 0;

  using Led = Pin<IoPort::B, 0>;  ///< active low
  static constexpr LedShows led_shows = LedShows::any_port;

  /// `sk` switches the analog front end of ports 2 and 3: on, they are clamps.
  static constexpr uint8_t switched_ports = WithPulseInputs<SwitchedPorts>::bits;
  using AnalogFrontEnd = Pin<IoPort::C, 2>;

  /// The main board listens to the smart meter; `sk` inverts the line's RX and TX for it.
  static constexpr MeterLine meter_line = MeterLine::main_board;
  static constexpr uint8_t meter_port = 5;  ///< terminal port 6
  static constexpr bool inverts_meter_line = true;
  static constexpr MeterValues meter_values = MeterValues::few;
  using InvertRx = Pin<IoPort::D, 5>;
  using InvertTx = Pin<IoPort::D, 6>;
  static_assert(AllDifferent<PulsePort2, PulsePort3, PulsePort4, PulsePort5, AnalogFrontEnd>::value,
                "the analog switch shares a pin with a pulse port");

  /// RFM12B on USART 0 as SPI master (MOSI TXD, MISO RXD, SCK XCK); nIRQ on PD2 is INT0.
  static constexpr Channel channel = Channel::radio;
  using RadioSelect = Pin<IoPort::D, 3>;
  using RadioClock = Pin<IoPort::D, 4>;
  using RadioRequest = Pin<IoPort::D, 2>;
  static_assert(AllDifferent<RadioSelect, RadioClock, RadioRequest, InvertRx, InvertTx>::value,
                "the radio shares a pin");

  static constexpr uint8_t spi_mode = 0;
  /// Pauses that the main board keeps: between two bytes, and before it reads a reply.
  static constexpr uint16_t spi_byte_gap_us = 50;
  static constexpr uint8_t reply_wait_ms = 5;
  static constexpr uint8_t poll_period_ms = 50;
};

}  // namespace boards
}  // namespace flm

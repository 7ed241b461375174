// FLM02A: sensor board v2.1. boards/README.md has its pins as a table, and where each fact comes from.
#pragma once
#include "boards/facts.hpp"
#include "boards/fuses.hpp"
#include "boards/pins.hpp"

namespace flm {
namespace boards {

struct Flm02a {
  static constexpr const char* name() { return "flm02a"; }
  static constexpr uint8_t letter = 0x2A;  ///< how `gv` names the board
  static constexpr uint16_t hardware_major = 2;
  static constexpr uint8_t hardware_minor = 1;

  /// 3.6864 MHz ceramic resonator; fuses run the CPU at it undivided, for which 1.8 V are enough. Brown-out
  /// detection at 1.8 V, as the boards came: a failing supply is saved from 4.41 .. 5.29 V down, and a level
  /// of 4.3 V, which may be 4.5, would cut that off.
  static constexpr uint32_t cpu_hz = 3686400;
  static constexpr uint16_t clock_tolerance_ppm = 5000;
  using FuseBytes = Fuses<cpu_hz, 0xEC, 0xDE, 0x01>;

  /// 6 400 conversions a second, 2 133 a clamp; a tick is 5/32 ms.
  using Sampling = SampleClock<cpu_hz, 8, 72, 32>;

  /// Converter inputs of terminal ports 1, 2, 3.
  static constexpr uint8_t clamp_input(uint8_t clamp) { return clamp; }

  using PulsePort4 = PulseInput<3, Pin<IoPort::D, 2>>;
  using PulsePort5 = PulseInput<4, Pin<IoPort::D, 3>>;
  static_assert(AllDifferent<PulsePort4, PulsePort5>::value, "two pulse ports share a pin");

  /// The pulse inputs, handed to a template that takes them all. They share one I/O port, so one read sees
  /// them at once.
  template <template <class...> class Template>
  using WithPulseInputs = Template<PulsePort4, PulsePort5>;
  static constexpr IoPort pulse_io_port = PulsePort4::port;
  /// From each pulse input to ground; the controller's pull-up charges it when the contact opens.
  static constexpr uint8_t input_capacitance_nf = 100;

  using Led = Pin<IoPort::B, 0>;  ///< active low
  static constexpr LedShows led_shows = LedShows::heartbeat;

  /// Ports 2 and 3 are clamp ports for good: no pulse input shares them.
  static constexpr uint8_t switched_ports = WithPulseInputs<SwitchedPorts>::bits;

  static constexpr Channel channel = Channel::rs485;
  /// The RS-485 port's line is the smart meter's as well.
  static constexpr MeterLine meter_line = MeterLine::board;
  static constexpr uint8_t meter_port = 5;  ///< terminal port 6
  static constexpr bool inverts_meter_line = false;
  static constexpr MeterValues meter_values = MeterValues::all;
  /// Driver enable of the RS-485 transceiver. High (transmit, idle) makes terminal `a` a 3.3 V rail.
  using DriverEnable = Pin<IoPort::D, 5>;

  /// The level shifter inverts SCK: SPI mode 2.
  static constexpr uint8_t spi_mode = 2;
  /// Pauses that the main board keeps: between two bytes, and before it reads a reply.
  static constexpr uint16_t spi_byte_gap_us = 250;
  static constexpr uint8_t reply_wait_ms = 20;
  static constexpr uint8_t poll_period_ms = 100;
};

}  // namespace boards
}  // namespace flm

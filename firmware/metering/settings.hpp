// Settings that a host configures. Kept in EEPROM byte for byte, so its layout is part of store/layout.hpp's
// version.
#pragma once
#include <stdint.h>

#include "firmware/metering/estimator.hpp"

namespace flm {
namespace metering {

constexpr uint8_t clamps = 3;
constexpr uint8_t sensor_count = 6;
constexpr uint8_t port_count = 6;
/// In the port map: the port feeds no sensor.
constexpr uint8_t no_sensor = 0xFF;
/// Terminal ports 2 to 5 (1 to 4 here) are pulse inputs on at least one of the boards.
constexpr uint8_t first_pulse_port = 1, pulse_port_count = 4;
/// A pulse's fraction in parts of a count: up to 999 thousandths. More than a thousand divides the constant
/// instead: 1000 and 3200 are 1000/3200 Wh, a pulse of a meter of 3200 a kWh, exactly. A remainder is less
/// than the largest one, and fits in a failure record's 12 bits.
constexpr uint16_t thousandths = 1000, largest_divisor = 4095;

/// As the port that the LED shows: the heartbeat.
constexpr uint8_t heartbeat = 0xFF;

/// Bits of the setting of port 6, the smart meter's.
namespace port_6 {
constexpr uint8_t p1 = 1;           ///< a smart meter, instead of the RS-485 port's host
constexpr uint8_t slow = 2;         ///< at 9600 baud 7E1 instead of 115200 8N1 (FLM02A)
constexpr uint8_t without_crc = 4;  ///< telegrams without a CRC are accepted, of meters of DSMR 2.2 and 3
constexpr uint8_t all = 7;
}  // namespace port_6

/// Values of several bytes stand least significant byte first, as both the AVR and the PC keep numbers.
struct Settings {
  uint16_t constant[sensor_count];  ///< clamp: nWh per count and 1.5 ms; pulse: Wh or litre per pulse
  uint16_t fraction[sensor_count];  ///< pulse: thousandths of Wh or litre beside it, 0..999; or what it is
                                    ///< divided by, 1001..4095
  ClampCalibration calibration[clamps];
  uint16_t debounce_tenths_ms[pulse_port_count];
  uint16_t software;              ///< version that `gs` reports: major, minor; a byte each
  uint8_t hardware[3];            ///< version that `gh` reports: minor 1 byte, major 2
  uint8_t map[port_count];        ///< sensor that each port feeds, or no_sensor
  uint8_t enabled[sensor_count];  ///< 0, 1
  uint8_t lines[3];               ///< 0, 1: invert TX, invert RX, analog front end on
  uint8_t led_port;               ///< 0..5, or heartbeat
  uint8_t radio_group;
  uint8_t radio_rate;  ///< 0: 19.2 kbit/s, 1: 49.2
  uint8_t port_6;      ///< bits of metering::port_6
};
static_assert(sizeof(Settings) == 74, "the layout in EEPROM");

}  // namespace metering
}  // namespace flm

// A smart meter on the board: its line's bytes in, a sensor's net energy and power out, and what else it told last.
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "firmware/metering/sensors.hpp"
#include "firmware/metering/settings.hpp"
#include "protocol/attributes.hpp"
#include "protocol/p1.hpp"

namespace flm {
namespace meter {

/// What the last accepted telegram said, least significant byte first and last field first, as `gz` sends it from its end.
struct Registers {
  uint32_t device_time;   ///< YYMMDDhhmm on the meter's clock, modulo 2^32; 0: not known
  uint32_t device_value;  ///< litre
  uint32_t export_wh;     ///< modulo 2^32
  uint32_t import_wh;
  uint16_t equipment;  ///< another meter has another number
  uint16_t telegrams;  ///< accepted since reset, modulo 2^16
  uint8_t device_type;  ///< 3 gas, 7 water; 0: none
};
constexpr uint8_t registers_size = 21;  ///< without padding at the end
static_assert(offsetof(Registers, device_value) - offsetof(Registers, device_time) ==
                  offsetof(protocol::p1::Device, value) - offsetof(protocol::p1::Device, time), "time and value are copied as one");

/// Telegrams into readings.
class SmartMeter {
 public:
  /// `port_6`: bits of metering::port_6. The next telegram continues no other.
  void configure(uint8_t port_6) {
    parser_.accept_without_crc((port_6 & metering::port_6::without_crc) != 0);
    follows_ = false;
  }

  /// Main loop: up to `most` bytes of the line. `sensor`: the one that the meter feeds, or metering::no_sensor. True when
  /// the sensor has begun to follow another meter.
  template <class Line>
  FLM_NODISCARD FLM_OUTLINE bool read(Line& line, uint8_t most, metering::Sensors& sensors, uint8_t sensor) {
    bool another = false;
    const uint8_t* byte = line.meter_bytes(most);
    for (uint8_t left = most; left != 0; --left)
      if (parser_.push(*byte++) == protocol::p1::Event::telegram && accept(sensors, sensor)) another = true;
    line.meter_bytes_read(most);
    return another;
  }

  FLM_NODISCARD const Registers& registers() const { return registers_; }
  /// How often something was refused, a byte for each protocol::p1::Error; stays at 255.
  FLM_NODISCARD uint8_t errors(uint8_t error) const { return parser_.errors(static_cast<protocol::p1::Error>(error)); }

 private:
  /// A telegram is whole: its values are told.
  FLM_NODISCARD FLM_OUTLINE bool accept(metering::Sensors& sensors, uint8_t sensor) {
    ++registers_.telegrams;
    const protocol::p1::Device& device = parser_.device(0);
    if (device.channel != 0 && device.has_value) {
      registers_.device_type = device.type;
      __builtin_memcpy(&registers_.device_time, &device.time, sizeof device.time + sizeof device.value);
    }
    if (!parser_.has_net()) return false;
    const uint32_t before = registers_.import_wh - registers_.export_wh;
    registers_.import_wh = parser_.import_wh();
    registers_.export_wh = parser_.export_wh();
    const bool follows = follows_ && registers_.equipment == parser_.equipment();
    registers_.equipment = parser_.equipment();
    follows_ = true;
    if (sensor == metering::no_sensor) return false;
    const uint32_t net = registers_.import_wh - registers_.export_wh;
    return sensors.follow_meter(sensor, registers_.equipment, net, follows ? net - before : 0,
                                parser_.has_power() ? static_cast<uint32_t>(parser_.power_w()) : 0);
  }

  protocol::p1::Parser<protocol::p1::BoardFields> parser_;
  Registers registers_ = {};
  bool follows_ = false;  ///< registers_ are of the telegram before
};

}  // namespace meter
}  // namespace flm

// A smart meter on the board: its line's bytes in, a sensor's net energy and power out, and its other values
// last.
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "firmware/metering/sensors.hpp"
#include "firmware/metering/settings.hpp"
#include "protocol/p1.hpp"
#include "toolchain/attributes.hpp"

namespace flm {
namespace smart_meter {

/// Registers of the last accepted telegram. `gz` sends them from the end of the struct: last field first,
/// most significant byte first.
struct Registers {
  uint32_t device_time;   ///< YYMMDDhhmm on the meter's clock, modulo 2^32; 0: not known
  uint32_t device_value;  ///< litre; MJ of heat and cooling
  uint32_t export_wh;     ///< modulo 2^32
  uint32_t import_wh;
  uint16_t equipment;   ///< different meters have different numbers
  uint16_t telegrams;   ///< accepted since reset, modulo 2^16
  uint8_t device_type;  ///< protocol::p1::device::Type: 3 gas, 4 heat, 7 water, ...; 0: none
};
constexpr uint8_t registers_size = 21;  ///< without padding at the end
static_assert(offsetof(Registers, device_value) - offsetof(Registers, device_time) ==
                  offsetof(protocol::p1::Device, value) - offsetof(protocol::p1::Device, time),
              "time and value are copied as one");

/// Telegrams into readings. `Fields`: what of them a board has room for.
template <class Fields = protocol::p1::BoardFields>
class SmartMeter {
 public:
  /// `port_6`: bits of metering::port_6.
  void configure(uint8_t port_6) {
    parser_.accept_without_crc((port_6 & metering::port_6::without_crc) != 0);
  }

  /// Main loop: up to `most` bytes of the line. `sensor`: the one that the meter feeds, or
  /// metering::no_sensor; `link`: how its counter follows the meter. True when that has changed, and must be
  /// saved.
  template <class Line>
  FLM_NODISCARD FLM_OUTLINE bool read(Line& line, uint8_t most, metering::Sensors& sensors, uint8_t sensor,
                                      metering::MeterLink& link) {
    bool changed = false;
    const uint8_t* byte = line.meter_bytes(most);
    for (uint8_t left = most; left != 0; --left)
      if (parser_.push(*byte++) == protocol::p1::Event::telegram && accept(sensors, sensor, link))
        changed = true;
    line.meter_bytes_read(most);
    return changed;
  }

  FLM_NODISCARD const Registers& registers() const { return registers_; }
  /// How often something was refused, a byte for each protocol::p1::Error; stays at 255.
  FLM_NODISCARD uint8_t errors(uint8_t error) const {
    return parser_.errors(static_cast<protocol::p1::Error>(error));
  }

 private:
  /// Bit that every meter's number has set, so that together with a sensor's it is neither MeterLink::none
  /// nor MeterLink::was_set.
  static constexpr uint16_t always = 8;
  static_assert(metering::sensor_count <= always, "a sensor's number has no more bits than that");

  /// A telegram is whole: its values are taken. Without CRC, a different meter counts when two telegrams in a
  /// row say so; and a telegram that gives its energy by other registers than those before counts as a
  /// different meter's: it may have lost some.
  FLM_NODISCARD FLM_OUTLINE bool accept(metering::Sensors& sensors, uint8_t sensor,
                                        metering::MeterLink& link) {
    SmartMeter* self = this;  // As Parser::push().
    __asm__("" : "+r"(self));
    return self->take(sensors, sensor, link);
  }
  FLM_NODISCARD FLM_INLINE bool take(metering::Sensors& sensors, uint8_t sensor, metering::MeterLink& link) {
    uint16_t meter = parser_.equipment();
    if (!parser_.has_crc()) meter ^= parser_.energy_set();
    meter |= always;
    const uint16_t meter_and_sensor = meter ^ sensor;
    const bool again = said_ == meter;
    said_ = meter;
    const bool another = link.number != meter_and_sensor;
    if (another && !again && !parser_.has_crc()) return false;
    ++registers_.telegrams;
    const protocol::p1::Device& device = parser_.device(0);
    if (device.has_value) {
      registers_.device_type = device.type;
      __builtin_memcpy(&registers_.device_time, &device.time, sizeof device.time + sizeof device.value);
    }
    const bool has_net = parser_.has_net();
    uint32_t before = 0;
    if (has_net) {
      if (registers_.equipment != meter) tell_net();
      registers_.equipment = meter;
      before = net();
      tell_net();
    }
    if (sensor == metering::no_sensor) return false;
    if (has_net && another) sensors.change_meter(sensor, link, meter_and_sensor, before);
    // Short and long telegrams may come in turn: a value that one of them lacks is as the one before has
    // reported it.
    const bool has_power = parser_.has_power();
    if (has_net || has_power) {
      metering::Sensor& told = sensors.told(sensor);
      if (has_net) told.counter = net() + link.offset;
      if (has_power) {
        power_known_ = 2;
        told.extra = static_cast<uint32_t>(parser_.power_w());
      } else if (!Fields::part_powers || power_known_ < 2) {
        told.extra = protocol::p1::power_not_told;
      } else {
        power_known_ = 1;
      }
    }
    return has_net && another;
  }
  FLM_OUTLINE void tell_net() {
    registers_.import_wh = parser_.import_wh();
    registers_.export_wh = parser_.export_wh();
  }
  FLM_NODISCARD uint32_t net() const { return registers_.import_wh - registers_.export_wh; }

  Registers registers_ = {};
  uint8_t power_known_ = 0;  ///< 2: the telegram before had the power; 1 or 0: it had not
  uint16_t said_ = 0;        ///< the meter that the last telegram has named; 0: none yet
  protocol::p1::Parser<Fields> parser_;
};

}  // namespace smart_meter
}  // namespace flm

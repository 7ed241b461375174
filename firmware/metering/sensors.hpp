// Sensors: logical meters with a counter, fed by terminal ports.
#pragma once
#include <stdint.h>

#include "firmware/metering/integer.hpp"
#include "firmware/metering/settings.hpp"
#include "toolchain/attributes.hpp"

namespace flm {
namespace metering {

/// Mask of a sensor, or of anything else that there are up to eight of.
FLM_NODISCARD FLM_OUTLINE inline uint8_t bit(uint8_t number) { return static_cast<uint8_t>(1u << number); }

/// A sensor's counter, and what is on the way to its next count.
struct Total {
  uint32_t counter;    ///< Wh or litre, wraps at 2^32; two's complement of a smart meter that was given more
                       ///< than it took
  uint16_t remainder;  ///< on the way to the next count: pulse: thousandths, or parts of its divisor; clamp:
                       ///< W s, 0..3599; smart meter: not used
  uint8_t watt_fraction;  ///< clamp: 1/256 W that the last reported power left out
};

/// Link of a counter to its smart meter: counter = the meter's net energy + offset. It is stored like the
/// counter, so that energy that flows while the board is off is counted.
struct MeterLink {
  uint32_t offset;  ///< Wh, modulo 2^32; 0: the counter is the meter's own
  uint16_t number;  ///< number of meter and sensor together; or none or was_set, below

  static constexpr uint16_t none =
      0;  ///< no meter is known. A counter of 0 becomes the meter's own; any other goes on from there
  static constexpr uint16_t was_set = 1;  ///< a host has set the counter: it goes on from there, 0 as well
};

/// One logical meter.
struct Sensor : Total {
  uint32_t
      extra;  ///< W for a clamp or a smart meter (signed), ms since reset of the last pulse for a pulse meter
};

/// All sensors of a board, with the map from ports, and the changes that the host has not received yet.
class Sensors {
 public:
  /// No port feeds a sensor.
  void start() {
    for (uint8_t& sensor : settings_.map) sensor = no_sensor;
  }
  FLM_NODISCARD Settings& settings() { return settings_; }
  FLM_NODISCARD const Settings& settings() const { return settings_; }
  FLM_NODISCARD Total& total(uint8_t sensor) { return at(sensor); }

  const Sensor& operator[](uint8_t sensor) { return at(sensor); }
  FLM_NODISCARD bool enabled(uint8_t sensor) const { return settings_.enabled[sensor] != 0; }
  /// Sensor that a port feeds, or no_sensor.
  FLM_NODISCARD uint8_t sensor_of(uint8_t port) const { return settings_.map[port]; }
  FLM_NODISCARD uint16_t constant(uint8_t sensor) const { return settings_.constant[sensor]; }
  FLM_NODISCARD uint16_t fraction(uint8_t sensor) const { return settings_.fraction[sensor]; }

  /// `pulse_ports`: terminal ports that are pulse inputs now, a bit each. A sensor whose class of meter
  /// changes starts without a remainder, whose meaning changes with it. After each change of the map, or of
  /// what the ports are. `keep_remainders`: they have been saved under the same map.
  void classify(uint8_t pulse_ports, bool keep_remainders = false) {
    for (const uint8_t sensor : settings_.map) {
      if (sensor != no_sensor) {
        if (put_bit(counts_pulses_, bit(sensor), (pulse_ports & 1) != 0) && !keep_remainders) {
          Sensor& s = at(sensor);
          s.remainder = 0;
          s.watt_fraction = 0;
        }
      }
      pulse_ports = static_cast<uint8_t>(pulse_ports >> 1);
    }
  }
  /// A new fraction: the sensor's part of the next count was in units of the old one.
  void clear_remainder(uint8_t sensor) { at(sensor).remainder = 0; }

  /// Some pulses of a port, at least one, the last of them at `last_ms`.
  FLM_OUTLINE void add_pulses(uint8_t port, uint8_t pulses, uint32_t last_ms) {
    const uint8_t sensor = settings_.map[port];
    if (sensor == no_sensor || !enabled(sensor)) return;
    Sensor& s = at(sensor);
    s.extra = last_ms;
    mark_changed(sensor);
    uint16_t whole = settings_.fraction[sensor];
    uint32_t parts = settings_.constant[sensor];
    if (whole < thousandths) {
      parts = multiply_16(settings_.constant[sensor], thousandths) + whole;
      whole = thousandths;
    }
    do add_remainder(s, parts, whole);
    while (--pulses != 0);
  }
  /// Thousandths of a pulse sensor's counter, rounded down; 0 for a clamp.
  FLM_NODISCARD uint16_t milli(uint8_t sensor) {
    return (counts_pulses_ & bit(sensor)) != 0
               ? static_cast<uint16_t>(multiply_16(at(sensor).remainder, thousandths) /
                                       parts_of_a_count(sensor))
               : 0;
  }

  /// True when the sensor's last second was measured whole: enabled, mapped and scaled as now from its start.
  FLM_NODISCARD bool settled(uint8_t sensor) const { return (settled_ & bit(sensor)) != 0; }
  /// Ends a second: from now on every enabled sensor's next one is whole.
  FLM_OUTLINE void settle() {
    uint8_t settled = 0;
    for (uint8_t sensor = sensor_count; sensor-- != 0;)
      settled = static_cast<uint8_t>(settled << 1 | settings_.enabled[sensor]);
    settled_ = settled;
  }
  /// Like unsettle(), for all sensors.
  void unsettle_all() { settled_ = 0; }
  /// Something outside changed under a sensor: its second in progress does not count.
  void unsettle(uint8_t sensor) { settled_ = static_cast<uint8_t>(settled_ & ~bit(sensor)); }

  /// A second of a clamp sensor, or what a failure has left of it: its power, in 1/256 W, and how long that
  /// was, in 1/65536 s, at most 2 s. Reported in whole watts; what that leaves out of a second is carried to
  /// the next one, and its energy is that of the reported watts, so the counter is the integral of the
  /// readings.
  void add_power(uint8_t sensor, uint32_t power_q8, uint32_t seconds_q16 = whole_second_q16) {
    Sensor& s = at(sensor);
    const uint32_t energy_q8 = multiply_q16(power_q8, seconds_q16) + s.watt_fraction;
    s.watt_fraction = static_cast<uint8_t>(energy_q8);
    s.extra = (seconds_q16 == whole_second_q16 ? energy_q8 : power_q8) >> 8;
    add_remainder(s, energy_q8 >> 8, 3600);
    mark_changed(sensor);
  }
  static constexpr uint32_t whole_second_q16 = 0x10000;

  /// A smart meter's telegram: to its sensor belong its net energy and the offset, Wh, and its power, W,
  /// signed.
  FLM_NODISCARD Sensor& told(uint8_t sensor) {
    mark_changed(sensor);
    return at(sensor);
  }
  /// A sensor follows a different meter than before, or the same one anew: `number`, the meter's and the
  /// sensor's; `net_wh`, from where its counter goes on.
  void change_meter(uint8_t sensor, MeterLink& link, uint16_t number, uint32_t net_wh) {
    const uint32_t counter = at(sensor).counter;
    link.offset = link.number == MeterLink::none && counter == 0 ? 0 : counter - net_wh;
    link.number = number;
  }
  /// The sensor that follows the smart meter, or no_sensor.
  FLM_NODISCARD uint8_t meter_sensor() const {
    return (settings_.port_6 & port_6::p1) != 0 ? sensor_of(port_count - 1) : no_sensor;
  }

  /// Clears remainders that are out of a sensor's range, as damaged records may have them.
  void check_remainders() {
    for (uint8_t sensor = 0; sensor < sensor_count; ++sensor) {
      const uint16_t whole = (counts_pulses_ & bit(sensor)) != 0 ? parts_of_a_count(sensor) : 3600;
      if (at(sensor).remainder >= whole) at(sensor).remainder = 0;
    }
  }

  /// Sensors that changed since they were last delivered, a bit each.
  FLM_NODISCARD uint8_t changed() const { return changed_; }
  /// The sensors of `mask` are on their way to the host.
  void in_delivery(uint8_t mask) { in_delivery_ = mask; }
  /// The host has received them; those that changed meanwhile stay changed.
  void delivered() {
    changed_ = static_cast<uint8_t>(changed_ & ~in_delivery_);
    in_delivery_ = 0;
  }

 private:
  /// Outlined: a sensor's members are reached by pointer, and its address is worked out in one place.
  FLM_NODISCARD FLM_OUTLINE Sensor& at(uint8_t sensor) { return sensors_[sensor]; }
  /// Parts of a count that a pulse sensor's remainder is in: thousandths, or those of its divisor.
  FLM_NODISCARD uint16_t parts_of_a_count(uint8_t sensor) const {
    const uint16_t fraction = settings_.fraction[sensor];
    return fraction > thousandths ? fraction : thousandths;
  }
  /// Adds parts of a count, `whole` of which make one.
  FLM_OUTLINE static void add_remainder(Sensor& s, uint32_t parts, uint16_t whole) {
    parts += s.remainder;
    s.counter += parts / whole;
    s.remainder = static_cast<uint16_t>(parts % whole);
  }
  /// Sets or clears a bit of a mask; true if that changed it.
  FLM_OUTLINE static bool put_bit(uint8_t& mask, uint8_t one, bool set) {
    const uint8_t before = mask;
    mask = static_cast<uint8_t>(set ? before | one : before & ~one);
    return mask != before;
  }
  void mark_changed(uint8_t sensor) {
    changed_ = static_cast<uint8_t>(changed_ | bit(sensor));
    in_delivery_ = static_cast<uint8_t>(in_delivery_ & ~bit(sensor));
  }

  Sensor sensors_[sensor_count] = {};
  Settings settings_ = {};
  uint8_t settled_ = 0;
  uint8_t counts_pulses_ = 0;
  uint8_t changed_ = 0;
  uint8_t in_delivery_ = 0;
};

}  // namespace metering
}  // namespace flm

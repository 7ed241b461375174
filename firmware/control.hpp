// The control link's commands, executed: a message in, settings changed, a reply out.
#pragma once
#include <stdint.h>

#include "firmware/metering/sensors.hpp"
#include "firmware/versions.hpp"
#include "protocol/attributes.hpp"
#include "protocol/commands.hpp"
#include "protocol/link.hpp"

namespace flm {

/// One message, taken apart and executed on a board. Nothing changes unless the message is whole, its CRC right, its command
/// known, its digits exactly as many as the command takes and its values in range.
///
/// `Board` offers sensors(), versions(), and with a port configuration lines() and set_lines(bits).
template <class Board>
class Control {
 public:
  Control(Board& board, const typename Board::Link& link, protocol::LinkReply& reply)
      : board_(board), sensors_(board.sensors()), link_(link), reply_(reply) {}

  /// Executes the waiting message and builds the reply.
  void execute() {
    if (!respond()) reply_.begin('z', 'z');
  }

 private:
  /// False for a message that is none: bad CRC, wrong number of digits, something that is no digit.
  FLM_NODISCARD bool respond() {
    const uint8_t length = link_.message_length();
    if (length < 4) {
      reply_.begin('z', 'y');
      return true;
    }
    if (length > protocol::link_message_max || !crc_right(length)) return false;
    digits_ = static_cast<uint8_t>(length - 4);
    const char verb = link_.message(0);
    letter_ = link_.message(1);
    reply_.begin(verb, letter_);
    if (verb == 'g' && letter_ == 'd') return get_data();
    if (verb == 'g' || verb == 's') return access(verb == 's');
    return true;  // An unknown command is answered with its letters.
  }

  /// The CRC stands in the last two digits; everything between the letters and it must be digits.
  FLM_NODISCARD bool crc_right(uint8_t length) const {
    const uint8_t end = static_cast<uint8_t>(length - 2);
    uint8_t crc = 0;
    for (uint8_t place = 0; place < length; ++place) {
      const char c = link_.message(place);
      if (place >= 2 && protocol::hex_value(c) == protocol::not_hex) return false;
      if (place < end) crc = protocol::crc8_maxim(crc, static_cast<uint8_t>(c));
    }
    return crc == digit_pair(end);
  }

  FLM_NODISCARD uint8_t digit_pair(uint8_t place) const {
    return static_cast<uint8_t>(protocol::hex_value(link_.message(place)) << 4 |
                                protocol::hex_value(link_.message(static_cast<uint8_t>(place + 1))));
  }

  /// Gets a property, or sets it and then gets it.
  FLM_NODISCARD bool access(bool set) {
    uint8_t digits = 0;
    bool per_sensor = false;
    if (!format(digits, per_sensor)) return true;
    uint8_t expected = set ? digits : 0;
    if (per_sensor) expected = static_cast<uint8_t>(expected + 2);
    if (digits_ != expected) return false;
    if (per_sensor) {
      sensor_ = digit_pair(place_);
      place_ = static_cast<uint8_t>(place_ + 2);
      if (sensor_ >= metering::sensor_count) return true;  // No such sensor: the letters alone.
    }
    if (letter_ == 'p') {
      if (!set || set_ports()) put_ports();
      return true;
    }
    uint32_t value = 0;
    if (set) {
      for (uint8_t left = digits; left != 0; left = static_cast<uint8_t>(left - 2)) {
        value = value << 8 | digit_pair(place_);
        place_ = static_cast<uint8_t>(place_ + 2);
      }
      if (!set_property(value)) return true;  // Out of range: the letters alone.
    }
    value = get_property();
    if (per_sensor) reply_.put8(sensor_);
    if (digits == 8) reply_.put8(static_cast<uint8_t>(value >> 24));
    if (digits >= 6) reply_.put8(static_cast<uint8_t>(value >> 16));
    if (digits >= 4) reply_.put8(static_cast<uint8_t>(value >> 8));
    reply_.put8(static_cast<uint8_t>(value));
    return true;
  }

  /// How the property is written on the wire; false when this board does not know it.
  FLM_NODISCARD bool format(uint8_t& digits, bool& per_sensor) const {
    switch (letter_) {
      case 'h': return format_of<'h'>(digits, per_sensor);
      case 's': return format_of<'s'>(digits, per_sensor);
      case 'e': return format_of<'e'>(digits, per_sensor);
      case 'p': return format_of<'p'>(digits, per_sensor);
      case 'c': return format_of<'c'>(digits, per_sensor);
      case 'm': return format_of<'m'>(digits, per_sensor);
      case 'f': return format_of<'f'>(digits, per_sensor);
      case 'k': return format_of<'k'>(digits, per_sensor);
      default: return false;
    }
  }
  template <char Letter>
  FLM_NODISCARD FLM_INLINE static bool format_of(uint8_t& digits, bool& per_sensor) {
    digits = protocol::PropertyOf<Letter>::digits;
    per_sensor = protocol::PropertyOf<Letter>::per_sensor;
    return Board::has_port_configuration || !protocol::PropertyOf<Letter>::row.port_configuration;
  }

  FLM_NODISCARD uint32_t get_property() const {
    const metering::Sensor& sensor = sensors_[sensor_];
    switch (letter_) {
      case 'h': return static_cast<uint32_t>(board_.versions().hardware_major) << 8 | board_.versions().hardware_minor;
      case 's': return board_.versions().software;
      case 'e': return sensors_.enabled(sensor_) ? 1 : 0;
      case 'c': return sensor.counter;
      case 'm': return sensor.constant;
      case 'f': return sensor.fraction;
      default: break;  // 'k'
    }
    const uint8_t lines = board_.lines();
    return static_cast<uint32_t>(lines & 1) << 16 | static_cast<uint16_t>((lines & 2) << 7) | (lines >> 2 & 1);
  }

  /// False when the value is out of range; nothing has changed then.
  FLM_NODISCARD bool set_property(uint32_t value) {
    const uint16_t low = static_cast<uint16_t>(value);
    switch (letter_) {
      case 'h':
        board_.versions().hardware_major = static_cast<uint16_t>(value >> 8);
        board_.versions().hardware_minor = static_cast<uint8_t>(value);
        return true;
      case 's': board_.versions().software = low; return true;
      case 'e':
        if (low > 1) return false;
        sensors_.enable(sensor_, low != 0);
        return true;
      case 'c': sensors_.set_counter(sensor_, value); return true;
      case 'm': sensors_.set_constant(sensor_, low); return true;
      case 'f':
        if (low > 999) return false;
        sensors_.set_fraction(sensor_, low);
        return true;
      default: break;  // 'k'
    }
    if ((value & 0xFEFEFEu) != 0) return false;
    board_.set_lines(static_cast<uint8_t>((value >> 16 & 1) | (value >> 7 & 2) | (value << 2 & 4)));
    return true;
  }

  /// False when a port would feed a sensor that does not exist; nothing has changed then.
  FLM_NODISCARD bool set_ports() {
    for (uint8_t port = 0; port < metering::port_count; ++port) {
      const uint8_t sensor = new_sensor_of(port);
      if (sensor >= metering::sensor_count && sensor != metering::no_sensor) return false;
    }
    for (uint8_t port = 0; port < metering::port_count; ++port) sensors_.map(port, new_sensor_of(port));
    return true;
  }
  FLM_NODISCARD uint8_t new_sensor_of(uint8_t port) const { return digit_pair(static_cast<uint8_t>(place_ + 2 * port)); }
  void put_ports() {
    for (uint8_t port = 0; port < metering::port_count; ++port) reply_.put8(sensors_.sensor_of(port));
  }

  FLM_NODISCARD bool get_data() {
    if (digits_ != 0) return false;
    const uint8_t changed = sensors_.changed();
    for (uint8_t sensor = 0; sensor < metering::sensor_count; ++sensor) {
      if ((changed >> sensor & 1) == 0) continue;
      reply_.put8(sensor);
      reply_.put32(sensors_[sensor].counter);
      reply_.put16(sensors_.milli(sensor));
      reply_.put32(sensors_[sensor].extra);
    }
    sensors_.in_delivery(changed);
    return true;
  }

  Board& board_;
  metering::Sensors& sensors_;
  const typename Board::Link& link_;
  protocol::LinkReply& reply_;
  char letter_ = 0;
  uint8_t digits_ = 0;
  uint8_t place_ = 2;
  uint8_t sensor_ = 0;
};

}  // namespace flm

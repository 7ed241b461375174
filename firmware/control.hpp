// The control link's commands, executed: a message in, settings changed, a reply out.
#pragma once
#include <stdint.h>

#include "firmware/meter/smart_meter.hpp"
#include "firmware/metering/pulses.hpp"  // debounce limits
#include "firmware/metering/sensors.hpp"
#include "firmware/metering/settings.hpp"
#include "protocol/attributes.hpp"
#include "protocol/commands.hpp"
#include "protocol/link.hpp"

namespace flm {

/// One message, taken apart and executed on a board. Nothing changes unless the message is whole, its CRC right, its command
/// known, its digits exactly as many as the command takes and its values in range.
///
/// `Board`: SensorBoard, by what it offers under "For Control".
template <class Board>
class Control {
 public:
  explicit Control(Board& board) : board_(board) {}

  /// Executes the waiting message. True: the reply is built; false: it comes later (`ct`).
  FLM_NODISCARD bool execute() {
    if (!respond()) {
      board_.count_malformed();
      reply().begin('z', 'z');
    }
    return !later_;
  }

 private:
  FLM_NODISCARD metering::Sensors& sensors() const { return board_.sensors(); }
  FLM_NODISCARD metering::Settings& settings() const { return board_.sensors().settings(); }
  FLM_NODISCARD const typename Board::Link& link() const { return board_.link(); }
  FLM_NODISCARD protocol::LinkReply& reply() const { return board_.link().reply(); }

  /// False for a message that is none: bad CRC, wrong number of digits, something that is no digit.
  FLM_NODISCARD bool respond() {
    const uint8_t length = link().message_length();
    if (length < 4) {
      reply().begin('z', 'y');
      return true;
    }
    if (length > protocol::link_message_max || !crc_right(length)) return false;
    digits_ = static_cast<uint8_t>(length - 4);
    const char verb = link().message(0);
    letter_ = link().message(1);
    reply().begin(verb, letter_);
    if (verb == 'c' && letter_ == 't') return commit();
    if (verb == 'g' || verb == 's') return access(verb == 's');
    return true;  // An unknown command is answered with its letters.
  }

  /// The CRC stands in the last two digits; everything between the letters and it must be digits.
  FLM_NODISCARD bool crc_right(uint8_t length) const {
    const uint8_t end = static_cast<uint8_t>(length - 2);
    uint8_t crc = 0;
    for (uint8_t place = 0; place < length; ++place) {
      const char c = link().message(place);
      if (place >= 2 && protocol::hex_value(c) == protocol::not_hex) return false;
      if (place < end) crc = protocol::crc8_maxim(crc, static_cast<uint8_t>(c));
    }
    return crc == digit_pair(end);
  }

  FLM_NODISCARD uint8_t digit_pair(uint8_t place) const {
    return static_cast<uint8_t>(protocol::hex_value(link().message(place)) << 4 |
                                protocol::hex_value(link().message(static_cast<uint8_t>(place + 1))));
  }

  /// Gets a property or a report, or sets a property and then gets it.
  FLM_NODISCARD bool access(bool set) {
    if (!find()) return true;  // Unknown here: the letters alone.
    if (access_ == (set ? protocol::Access::get : protocol::Access::set)) return true;
    const uint8_t indices = protocol::index_count(index_kind_);
    uint8_t expected = set ? static_cast<uint8_t>(2 * bytes_) : 0;
    if (indices != 0) expected = static_cast<uint8_t>(expected + 2);
    if (digits_ != expected) return false;
    if (indices != 0) {
      index_ = take_pair();
      if (index_ >= indices || !choose()) return true;  // No such sensor, clamp or port: the letters alone.
    }
    if (bytes_ == 0) {
      report();
      return true;
    }
    if (set && !set_property()) return true;  // Out of range: the letters alone.
    if (indices != 0) reply().put8(index_);
    if (letter_ == 'p')
      for (uint8_t port = 0; port < metering::port_count; ++port) reply().put8(at_[port]);
    else
      reply().put(at_, bytes_);
    return true;
  }

  FLM_NODISCARD uint8_t take_pair() {
    const uint8_t pair = digit_pair(place_);
    place_ = static_cast<uint8_t>(place_ + 2);
    return pair;
  }

  /// Where the byte that comes `place`-th on the wire stands in memory. Numbers are sent most significant byte first; the port map
  /// is a list.
  FLM_NODISCARD uint8_t wire_order(uint8_t place) const { return letter_ == 'p' ? place : static_cast<uint8_t>(bytes_ - 1 - place); }

  /// Finds a property's place in memory, or a report; false when this board does not know the letter.
  FLM_NODISCARD bool find() {
    switch (letter_) {
      case 'h': return is<'h'>(settings().hardware);
      case 's': return is<'s'>(&settings().software);
      case 'e': return is<'e'>(settings().enabled, 1);
      case 'p': return is<'p'>(settings().map);
      case 'c': return is<'c'>(&sensors().total(0).counter, sizeof(metering::Sensor));
      case 'm': return is<'m'>(settings().constant, 2);
      case 'f': return is<'f'>(settings().fraction, 2);
      case 'b': return is<'b'>(&board_.events());
      case 'w': return is<'w'>(reinterpret_cast<uint8_t*>(&board_.events()) + 2);
      case 'k': return is<'k'>(settings().lines);
      case 'i': return is<'i'>(&settings().led_port);
      case 'g': return is<'g'>(&settings().radio_group);
      case 'y': return is<'y'>(&settings().radio_rate);
      case 'q': return is<'q'>(&settings().port_6);
      case 't': return is<'t'>(&settings().calibration[0].tau_us, sizeof(metering::ClampCalibration));
      case 'n': return is<'n'>(&settings().calibration[0].noise_q10, sizeof(metering::ClampCalibration));
      case 'o': return is<'o'>(&settings().calibration[0].offset_q8, sizeof(metering::ClampCalibration));
      case 'j': return is<'j'>(settings().debounce_tenths_ms, 2);
      case 'a': index_kind_ = protocol::Index::clamp; return true;
      case 'd':
      case 'r':
      case 'x':
      case 'z':
      case 'v': return true;
      default: return false;
    }
  }
  /// `first`: the property's bytes, of the first sensor or clamp; those of the next are `stride` bytes on.
  template <char Letter>
  FLM_NODISCARD FLM_INLINE bool is(void* first, uint8_t stride = 0) {
    using Property = protocol::PropertyOf<Letter>;
    at_ = static_cast<uint8_t*>(first);
    stride_ = stride;
    bytes_ = Property::digits / 2;
    index_kind_ = Property::index;
    access_ = Property::row.access;
    return Board::has_port_configuration || !Property::row.port_configuration;
  }

  /// Goes to the property of sensor, clamp or port index_; false when that port has none.
  FLM_NODISCARD bool choose() {
    uint8_t number = index_;
    if (letter_ == 'j') {
      if (!Board::is_pulse_port(number)) return false;
      number = static_cast<uint8_t>(number - metering::first_pulse_port);
    }
    at_ += static_cast<uint8_t>(number * stride_);
    return true;
  }

  /// False when the value is out of range; nothing has changed then.
  FLM_NODISCARD bool set_property() {
    uint8_t value[longest_value];
    for (uint8_t place = 0; place < bytes_; ++place) value[wire_order(place)] = take_pair();
    if (!in_range(value)) return false;
    board_.settings_changing();
    bool same = true;
    for (uint8_t place = 0; place < bytes_; ++place) {
      if (at_[place] != value[place]) same = false;
      at_[place] = value[place];
    }
    if (same) return true;  // Hosts configure at each start.
    switch (letter_) {
      case 'f': sensors().clear_remainder(index_); break;
      case 'e':
      case 'm': sensors().unsettle(index_); break;
      case 'p':
      case 'k':
      case 'j': board_.apply_settings(); break;
      case 'c': sensors().counter_was_set(index_); break;
      case 'g':
      case 'y': board_.apply_channel_settings(); break;
      case 'q': board_.apply_meter_settings(); break;
      default: break;
    }
    return true;
  }

  FLM_NODISCARD bool in_range(const uint8_t* value) const {
    const uint16_t number = static_cast<uint16_t>(value[0] | value[1] << 8);
    switch (letter_) {
      case 'e':
      case 'y': return value[0] <= 1;
      case 'q': return value[0] <= metering::port_6::all;
      case 'k': return (value[0] | value[1] | value[2]) <= 1;
      case 'f': return number <= 999;
      case 'j': return number >= metering::shortest_debounce_tenths_ms && number <= metering::longest_debounce_tenths_ms;
      case 'i': return value[0] < metering::port_count || value[0] == metering::heartbeat;
      case 'p':
        for (uint8_t port = 0; port < metering::port_count; ++port)
          if (value[port] >= metering::sensor_count && value[port] != metering::no_sensor) return false;
        return true;
      default: return true;
    }
  }

  void report() {
    switch (letter_) {
      case 'd': return get_data();
      case 'a': return get_statistics();
      case 'r':
        reply().put8(board_.reset_cause());
        return reply().put(&board_.uptime_s(), 4);
      case 'x':
        reply().put(&board_.malformed(), 2);
        reply().put8(link().dropped());
        reply().put16(link().counters().wrong);
        reply().put8(link().counters().dropped);
        reply().put8(link().counters().refused);
        return reply().put8(link().counters().restarts);
      case 'z':
        reply().put(&board_.smart_meter().registers(), meter::registers_size);
        for (uint8_t error = 0; error < static_cast<uint8_t>(protocol::p1::Error::count); ++error)
          reply().put8(board_.smart_meter().errors(error));
        return reply().put8(link().meter_overruns());
      default: break;  // 'v'
    }
    reply().put8(Board::version_major);
    reply().put8(Board::version_minor);
    reply().put8(Board::version_patch);
    reply().put8(static_cast<uint8_t>(Board::hardware_letter));
    reply().put16(Board::features);
  }

  void get_data() {
    const uint8_t changed = sensors().changed();
    for (uint8_t sensor = 0; sensor < metering::sensor_count; ++sensor) {
      if ((changed >> sensor & 1) == 0) continue;
      reply().put8(sensor);
      reply().put(&sensors()[sensor].counter, 4);
      reply().put16(sensors().milli(sensor));
      reply().put(&sensors()[sensor].extra, 4);
    }
    sensors().in_delivery(changed);
  }

  void get_statistics() {
    reply().put8(index_);
    reply().put(&board_.statistics(index_), statistics_size);
  }

  /// The board answers when everything is stored.
  FLM_NODISCARD bool commit() {
    if (digits_ != 0) return false;
    if (!board_.commit()) return false;
    later_ = true;
    return true;
  }

  static constexpr uint8_t statistics_size = sizeof(metering::ClampSums) + 2;  ///< sums and samples
  static constexpr uint8_t longest_value = metering::port_count;

  Board& board_;
  uint8_t* at_ = nullptr;  ///< the property's bytes, least significant first
  uint8_t stride_ = 0;
  uint8_t bytes_ = 0;  ///< 0: a report
  protocol::Index index_kind_ = protocol::Index::none;
  protocol::Access access_ = protocol::Access::get;
  char letter_ = 0;
  uint8_t digits_ = 0;
  uint8_t place_ = 2;
  uint8_t index_ = 0;
  bool later_ = false;
};

}  // namespace flm

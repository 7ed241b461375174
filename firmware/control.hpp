// The control link's commands, executed: a message in, settings changed, a reply out.
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "firmware/flash.hpp"
#include "firmware/metering/pulses.hpp"  // debounce limits
#include "firmware/metering/sensors.hpp"
#include "firmware/metering/settings.hpp"
#include "firmware/smart_meter/smart_meter.hpp"
#include "protocol/commands.hpp"
#include "protocol/link.hpp"
#include "toolchain/attributes.hpp"

namespace flm {

/// The board's table of properties and reports: rows of protocol::PropertyTable and ReportTable, and
/// where a property is kept.
namespace properties {

/// Places: of a property of Settings, its offset; of the rest, one of these.
constexpr uint8_t counter_place = 0x80, events_place = 0x81;
static_assert(sizeof(metering::Settings) < counter_place, "a place is a byte");

FLM_NODISCARD constexpr uint8_t place_of(char letter) {
  using metering::ClampCalibration;
  using metering::Settings;
  switch (letter) {
    case 'h': return offsetof(Settings, hardware);
    case 's': return offsetof(Settings, software);
    case 'e': return offsetof(Settings, enabled);
    case 'p': return offsetof(Settings, map);
    case 'm': return offsetof(Settings, constant);
    case 'f': return offsetof(Settings, fraction);
    case 'k': return offsetof(Settings, lines);
    case 'i': return offsetof(Settings, led_port);
    case 'g': return offsetof(Settings, radio_group);
    case 'y': return offsetof(Settings, radio_rate);
    case 'q': return offsetof(Settings, port_6);
    case 't': return offsetof(Settings, calibration) + offsetof(ClampCalibration, tau_us);
    case 'n': return offsetof(Settings, calibration) + offsetof(ClampCalibration, noise_q10);
    case 'o': return offsetof(Settings, calibration) + offsetof(ClampCalibration, offset_q8);
    case 'j': return offsetof(Settings, debounce_tenths_ms);
    case 'c': return counter_place;
    case 'b': return events_place;
    case 'w': return events_place + 2;
    default: return 0xFF;
  }
}

FLM_NODISCARD constexpr bool each_has_a_place() {
  for (const protocol::Property& property : protocol::PropertyTable::properties)
    if (place_of(property.letter) == 0xFF) return false;
  return true;
}
static_assert(each_has_a_place(), "a property of PropertyTable has no line in place_of()");

/// A row's range in a byte: the most that each byte of the value can be, or one of these.
constexpr uint8_t one_of_six = 5;  ///< or ff: none
constexpr uint8_t fraction_limit = 0xFD, debounce_limit = 0xFE;
static_assert(metering::port_count - 1 == one_of_six && metering::heartbeat == 0xFF,
              "the port that the LED shows");
static_assert(metering::sensor_count - 1 == one_of_six && metering::no_sensor == 0xFF, "the map");
static_assert(protocol::range::fraction.hole == metering::thousandths &&
                  protocol::range::fraction.highest == metering::largest_divisor,
              "a pulse's fraction");
static_assert(protocol::range::debounce.lowest == metering::shortest_debounce_tenths_ms &&
                  protocol::range::debounce.highest == metering::longest_debounce_tenths_ms,
              "debounce");
static_assert(protocol::range::port_6.highest == metering::port_6::all, "bits of port 6");

FLM_NODISCARD constexpr uint8_t limit_of(const protocol::Range& range) {
  return range.hole != 0        ? fraction_limit
         : range.lowest != 0    ? debounce_limit
         : range.highest > 0xFF ? 0xFF
                                : static_cast<uint8_t>(range.highest);
}

/// A property, or a report: it has no bytes.
struct Row {
  uint8_t letter;
  uint8_t place;
  uint8_t shape;  ///< bytes; how many sensors, clamps or ports, times 8; Access, times 64
  uint8_t limit;
};

/// Every row that a board with these bits of protocol::feature knows.
template <uint16_t features>
struct Table {
  static constexpr uint8_t known_properties() {
    uint8_t known = 0;
    for (const protocol::Property& property : protocol::PropertyTable::properties)
      if (property.known_with(features)) ++known;
    return known;
  }
  static constexpr uint8_t count = known_properties() + protocol::ReportTable::count;

  Row rows[count];

  constexpr Table() : rows() {
    uint8_t at = 0;
    for (const protocol::Property& property : protocol::PropertyTable::properties) {
      if (!property.known_with(features)) continue;
      rows[at++] = {static_cast<uint8_t>(property.letter), place_of(property.letter),
                    static_cast<uint8_t>(property.digits() / 2 | index_count(property.index) << 3 |
                                         static_cast<uint8_t>(property.access) << 6),
                    limit_of(property.range)};
    }
    for (const protocol::Report& report : protocol::ReportTable::reports)
      rows[at++] = {static_cast<uint8_t>(report.letter), 0,
                    static_cast<uint8_t>(index_count(report.index) << 3), 0};
  }
};
static_assert(static_cast<uint8_t>(protocol::Access::get) == 0, "a report can only be got");

template <uint16_t features>
constexpr Table<features> table FLM_FLASH;

}  // namespace properties

/// One message, taken apart and executed on a board. Nothing changes unless the message is whole, its CRC
/// right, its command known, its digits exactly as many as the command takes and its values in range.
///
/// `Board`: SensorBoard, by what it offers under "For Control".
template <class Board>
class Control {
 public:
  explicit Control(Board& board) : board_(board) {}

  /// Whether settings, from wherever they come, are all in the ranges that the link keeps.
  FLM_NODISCARD static bool possible(const metering::Settings& settings) {
    const uint8_t* row = rows();
    for (uint8_t left = row_count; left != 0; --left, row += sizeof(properties::Row)) {
      const uint8_t place = flash_byte(row + 1), shape = flash_byte(row + 2), limit = flash_byte(row + 3);
      const uint8_t bytes = shape & 7;
      uint8_t values = static_cast<uint8_t>(shape >> 3) & 7;
      if (bytes == 0 || place >= properties::counter_place) continue;
      if (values == 0) values = 1;
      const uint8_t stride =
          values == metering::clamps ? static_cast<uint8_t>(sizeof(metering::ClampCalibration)) : bytes;
      if (limit == properties::debounce_limit) values = metering::pulse_port_count;
      const uint8_t* value = reinterpret_cast<const uint8_t*>(&settings) + place;
      for (; values != 0; --values, value += stride)
        if (!in_range(limit, bytes, value)) return false;
    }
    return true;
  }

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

  /// False for a malformed message: bad CRC, wrong number of digits, a character that is not a digit.
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

  FLM_NODISCARD uint8_t digit_pair(uint8_t place) const { return pair_of(&link().message(place)); }
  /// Not of this object, so that its members can stay in registers.
  FLM_NODISCARD FLM_OUTLINE static uint8_t pair_of(const char* digits) {
    return static_cast<uint8_t>(protocol::hex_value(digits[0]) << 4 | protocol::hex_value(digits[1]));
  }

  /// Gets a property or a report, or sets a property and then gets it.
  FLM_NODISCARD bool access(bool set) {
    if (!find()) return true;  // Unknown here: the letters alone.
    if (access_ == (set ? protocol::Access::get : protocol::Access::set)) return true;
    const uint8_t indices = indices_;
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

  /// Where the byte that comes `place`-th on the wire stands in memory. Numbers are sent most significant
  /// byte first; the port map is a list.
  FLM_NODISCARD uint8_t wire_order(uint8_t place) const {
    return letter_ == 'p' ? place : static_cast<uint8_t>(bytes_ - 1 - place);
  }

  /// The rows of this board's table.
  FLM_NODISCARD static const uint8_t* rows() { return &properties::table<Board::features>.rows[0].letter; }
  static constexpr uint8_t row_count = properties::Table<Board::features>::count;

  /// Finds a property's place in memory, or a report; false when this board does not know the letter.
  FLM_NODISCARD bool find() {
    const uint8_t* row = rows();
    uint8_t left = row_count;
    while (flash_byte(row) != static_cast<uint8_t>(letter_)) {
      row += sizeof(properties::Row);
      if (--left == 0) return false;
    }
    const uint8_t place = flash_byte(row + 1), shape = flash_byte(row + 2);
    limit_ = flash_byte(row + 3);
    bytes_ = shape & 7;
    indices_ = static_cast<uint8_t>(shape >> 3) & 7;
    access_ = static_cast<protocol::Access>(static_cast<uint8_t>(shape >> 6));
    at_ = reinterpret_cast<uint8_t*>(&settings()) + place;
    if (place == properties::counter_place) at_ = reinterpret_cast<uint8_t*>(&sensors().total(0).counter);
    if (place > properties::counter_place)
      at_ = reinterpret_cast<uint8_t*>(&board_.events()) + (place - properties::events_place);
    return true;
  }

  /// Goes to the property of sensor, clamp or port index_; false when that port has none.
  FLM_NODISCARD bool choose() {
    uint8_t number = index_;
    if (letter_ == 'j') {
      if (!Board::is_pulse_port(number)) return false;
      number = static_cast<uint8_t>(number - metering::first_pulse_port);
    }
    const uint8_t stride = letter_ == 'c'                 ? sizeof(metering::Sensor)
                           : indices_ == metering::clamps ? sizeof(metering::ClampCalibration)
                                                          : bytes_;
    at_ += static_cast<uint8_t>(number * stride);
    return true;
  }

  /// False when the value is out of range; nothing has changed then.
  FLM_NODISCARD bool set_property() {
    uint8_t value[longest_value];
    for (uint8_t place = 0; place < bytes_; ++place) value[wire_order(place)] = take_pair();
    if (!in_range(limit_, bytes_, value)) return false;
    board_.settings_changing();
    bool same = true;
    for (uint8_t place = 0; place < bytes_; ++place) {
      if (at_[place] != value[place]) same = false;
      at_[place] = value[place];
    }
    if (same) return true;  // Hosts configure at each start.
    has_changed();
    return true;
  }

  void has_changed() {
    switch (letter_) {
      case 'f': sensors().clear_remainder(index_); break;
      case 'e':
      case 'm': sensors().unsettle(index_); break;
      case 'p': board_.forget_meter();  // fall through
      case 'k':
      case 'j': board_.settings_have_changed(false); break;
      case 'c': board_.counter_was_set(index_); break;
      case 'g':
      case 'y': board_.apply_channel_settings(); break;
      case 'q': board_.settings_have_changed(true); break;
      default: break;
    }
  }

  /// A value, least significant byte first.
  FLM_NODISCARD FLM_OUTLINE static bool in_range(uint8_t limit, uint8_t bytes, const uint8_t* value) {
    const uint16_t number = static_cast<uint16_t>(value[0] | value[1] << 8);
    if (limit == properties::fraction_limit)
      return number != metering::thousandths && number <= metering::largest_divisor;
    if (limit == properties::debounce_limit) return number >= metering::shortest_debounce_tenths_ms;
    for (uint8_t place = 0; place < bytes; ++place)
      if (value[place] > limit && (limit != properties::one_of_six || value[place] != 0xFF)) return false;
    return true;
  }

  void report() {
    switch (letter_) {
      case 'd': return get_data();
      case 'a': return get_statistics();
      case 'r':
        reply().put8(board_.reset_cause());
        reply().put(&board_.uptime_s(), 4);
        reply().put8(board_.state());
        reply().put16(board_.hal().free_stack());
        return reply().put16(board_.eeprom_writes());
      case 'x':
        reply().put(&board_.malformed(), 2);
        reply().put8(link().dropped());
        return put_counters(link().counters());
      case 'z':
        reply().put(&board_.smart_meter().registers(), smart_meter::registers_size);
        for (uint8_t error = 0; error < static_cast<uint8_t>(protocol::p1::Error::count); ++error)
          reply().put8(board_.smart_meter().errors(error));
        return reply().put8(link().meter_overruns());
      default: break;  // 'v'
    }
    constexpr uint32_t version = static_cast<uint32_t>(Board::version_major) << 24 |
                                 static_cast<uint32_t>(Board::version_minor) << 16 |
                                 Board::version_patch << 8 | Board::hardware_letter;
    reply().put32(version);
    reply().put16(Board::features);
  }

  /// `counters`: as they are now, and an interrupt may count on. Those of a byte are whole anyway.
  void put_counters(const protocol::ChannelCounters& counters) {
    {
      const typename Board::Critical whole;
      reply().put(&counters.wrong, 2);
    }
    reply().put8(counters.dropped);
    reply().put8(counters.refused);
    reply().put8(counters.restarts);
  }

  void get_data() {
    uint8_t changed = sensors().changed();
    sensors().in_delivery(changed);
    for (uint8_t sensor = 0; changed != 0; ++sensor, changed = static_cast<uint8_t>(changed >> 1)) {
      if ((changed & 1) == 0) continue;
      const metering::Sensor& s = sensors()[sensor];
      reply().put8(sensor);
      reply().put(&s.counter, 4);
      reply().put16(sensors().milli(sensor));
      reply().put(&s.extra, 4);
    }
  }

  void get_statistics() {
    const bool released = board_.hold_statistics();
    reply().put8(index_);
    reply().put(&board_.sampler().window_samples(), 2);
    reply().put(&board_.sampler().window(index_), sizeof(metering::ClampSums));
    board_.release_statistics(released);
  }

  /// The board answers when everything is stored.
  FLM_NODISCARD bool commit() {
    if (digits_ != 0) return false;
    if (!board_.commit()) return false;
    later_ = true;
    return true;
  }

  static constexpr uint8_t longest_value = metering::port_count;

  Board& board_;
  uint8_t* at_ = nullptr;  ///< the property's bytes, least significant first
  uint8_t bytes_ = 0;      ///< 0: a report
  uint8_t indices_ = 0;    ///< how many there are, of a sensor's, a clamp's or a port's
  uint8_t limit_ = 0;      ///< highest value of each of the property's bytes
  protocol::Access access_ = protocol::Access::get;
  char letter_ = 0;
  uint8_t digits_ = 0;
  uint8_t place_ = 2;
  uint8_t index_ = 0;
  bool later_ = false;
};

}  // namespace flm

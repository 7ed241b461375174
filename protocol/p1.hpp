// Smart meter telegrams (P1, HAN, H1), byte by byte: bytes in, events out, and values only once their CRC is right.
//
//     /ISK5\2M550T-1012        header
//                              blank line
//     1-0:1.8.1(003432.827*kWh)
//     0-1:24.2.1(200426223001S)(00246.138*m3)
//     !56DD                    CRC of everything from '/' to '!'
//
// There is no buffer: lines and telegrams may have any length. protocol/p1.md lists registers, dialects and their sources.
#pragma once
#include <stdint.h>

#include "protocol/attributes.hpp"
#include "protocol/hex.hpp"
#include "protocol/p1_crc.hpp"
#include "protocol/p1_registers.hpp"

namespace flm {
namespace protocol {
namespace p1 {

/// What a byte has completed.
enum class Event : uint8_t {
  none,
  telegram,         ///< accepted: the values may be read until the next byte
  refused,          ///< a telegram was refused; error() says why
  reading_refused,  ///< one value of a telegram was refused; error() says why
};

/// Why something was refused.
enum class Error : uint8_t {
  noise,      ///< bytes outside of a telegram, counted once a line
  cut,        ///< a telegram began before the one before it had ended
  crc,        ///< the CRC is another
  crc_form,   ///< behind '!' is something else than one to four hexadecimal digits
  no_crc,     ///< behind '!' is nothing, and accept_without_crc() was not called
  not_whole,  ///< without CRC: a line was no line of a telegram, a value was refused, or there was none
  value,      ///< not a number, negative, or its group has no end
  digits,     ///< more digits than the register can have, or more decimals
  unit,       ///< without unit, or with one of another quantity
  time,       ///< no time of this calendar; the reading that it belongs to stands without it
  duplicate,  ///< a register that was there before
  count
};

/// A meter on the M-Bus of the electricity meter.
struct Device {
  uint8_t channel;  ///< 1 to 4; 0: there is none
  uint8_t type;     ///< device::Type
  bool has_value;
  uint32_t value;  ///< litre, MJ (heat in GJ) or Wh, by unit
  uint32_t time;   ///< Unix time of the reading; 0: not known. Without S or W (DSMR 2.2, 3) it is taken as winter time
};

namespace detail {

template <class T, uint8_t N>
struct Some {
  T item[N];
  T& operator[](uint8_t i) { return item[i]; }
  const T& operator[](uint8_t i) const { return item[i]; }
};
template <class T>
struct Some<T, 0> {  // Never indexed: its users are dead code.
  T& operator[](uint8_t) const { return *static_cast<T*>(nullptr); }
};

/// The registers that are kept one by one.
template <uint8_t N>
struct Kept {
  uint32_t value[N];
  uint32_t present;
  uint8_t place;  ///< of the register of the line being read
  void clear() { present = 0; }
  void aim(uint8_t at) { place = at; }
  bool has(uint8_t at) const { return (present >> at & 1) != 0; }
  uint32_t get(uint8_t at) const { return value[at]; }
  void put(uint8_t offset, uint32_t v) {
    const uint8_t at = static_cast<uint8_t>(place + offset);
    value[at] = v;
    present |= UINT32_C(1) << at;
  }
  bool taken() const { return has(place); }
};
template <>
struct Kept<0> {
  static void clear() {}
  static void aim(uint8_t) {}
  static bool has(uint8_t) { return false; }
  static uint32_t get(uint8_t) { return 0; }
  static void put(uint8_t, uint32_t) {}
  static bool taken() { return false; }
};

/// Arc::step for where it costs less flash as a function.
FLM_NODISCARD FLM_OUTLINE inline uint16_t arc_seldom(uint16_t crc, uint8_t c) { return Arc::step(crc, c); }

/// A running checksum.
template <bool WithX25>
struct Sum {
  uint16_t arc;
  FLM_INLINE void begin() { arc = Arc::initial; }
  FLM_INLINE void add(uint8_t c) { arc = Arc::step(arc, c); }
  void add_seldom(uint8_t c) { arc = arc_seldom(arc, c); }
  FLM_NODISCARD bool is(uint16_t crc) const { return crc == arc; }
};
template <>
struct Sum<true> {
  uint16_t arc, x25;
  void begin() {
    arc = Arc::initial;
    x25 = X25::initial;
  }
  void add(uint8_t c) {
    arc = Arc::step(arc, c);
    x25 = X25::step(x25, c);
  }
  void add_seldom(uint8_t c) { add(c); }
  FLM_NODISCARD bool is(uint16_t crc) const { return crc == arc || crc == static_cast<uint16_t>(x25 ^ X25::final_xor); }
};

/// Unix time of day 0 of the calendar that the parser counts in: its day 1462 is 1 March 2000.
constexpr uint32_t calendar_s = UINT32_C(9555) * UINT32_C(86400);

}  // namespace detail

/// A meter's telegrams, byte by byte. `Fields`: what is wanted, as BoardFields; code and memory for the rest do not exist.
template <class Fields>
class Parser {
 public:
  /// Takes a byte of the line.
  FLM_NODISCARD Event push(uint8_t c) {
    if (state_ <= State::crc) return outside(c);
    sum_.add(c);
    return inside(c);
  }

  /// Telegrams of DSMR 2.2 and 3 end with a bare '!'. They are refused unless this was called; nothing protects them, so of
  /// those each line must be a line of a telegram and each wanted value must be right.
  void accept_without_crc(bool yes) { flags_ = static_cast<uint8_t>(yes ? flags_ | lax : flags_ & ~lax); }

  /// @name Values of the telegram: after Event::telegram, until the next push().
  /// @{

  /// Is there a net energy? Not if one of its registers was refused.
  FLM_NODISCARD bool has_net() const { return (flags_ & bad_energy) == 0 && (import_.seen | export_.seen) != 0; }
  /// Energy from the grid less energy to the grid in Wh, modulo 2^32: take differences.
  FLM_NODISCARD int32_t net_wh() const { return static_cast<int32_t>(import_.wh - export_.wh); }
  /// Energy from the grid, and to it, in Wh modulo 2^32: the total where the meter tells it, else the sum of its tariffs. Holds
  /// when has_net().
  FLM_NODISCARD uint32_t import_wh() const { return import_.wh; }
  FLM_NODISCARD uint32_t export_wh() const { return export_.wh; }

  FLM_NODISCARD bool has_power() const { return (flags_ & bad_power) == 0 && (flags_ & (import_power | export_power)) != 0; }
  /// Power from the grid less power to the grid, W.
  FLM_NODISCARD int32_t power_w() const { return power_w_; }

  /// An M-Bus device, by its place 0 to Fields::devices - 1. Channel 0: there is none.
  FLM_NODISCARD const Device& device(uint8_t place) const { return devices_[place]; }

  /// Which meter this is: another one has another number, save for 1 in 65 536. From the header, the equipment identifier
  /// (0-0:96.1.0 and .1) and the logical device name (0-0:42.0.0).
  FLM_NODISCARD uint16_t equipment() const { return equipment_; }

  /// Is a register that Fields keeps in the telegram?
  FLM_NODISCARD bool has(Register r) const { return Fields::keeps(r) && kept_.has(place_of<Fields>(r)); }
  /// Its value, in the unit that Register names; holds when has().
  FLM_NODISCARD uint32_t get(Register r) const { return kept_.get(place_of<Fields>(r)); }
  /// @}

  /// Why the last telegram or value was refused.
  FLM_NODISCARD Error error() const { return error_; }
  /// How often, since the start or clear_errors(); stays at its highest value.
  FLM_NODISCARD typename Fields::Count errors(Error e) const { return errors_[static_cast<uint8_t>(e)]; }
  void clear_errors() {
    for (auto& count : errors_) count = 0;
  }
  /// Is a telegram or its header on its way?
  FLM_NODISCARD bool in_telegram() const { return state_ >= State::crc; }

 protected:
  template <uint8_t I>
  struct Index {};
  static constexpr uint8_t has_digit = 0x80;  ///< of group_ in an OBIS code: the part has a digit

  enum class State : uint8_t {
    idle,        ///< between telegrams, at the beginning of a line
    noise,       ///< between telegrams, behind a byte that should not be there
    crc,         ///< behind '!'
    line_start,  ///< everything from here on is inside of a telegram, or its header
    skip,        ///< the rest of a line that nobody wants
    id,          ///< the OBIS code
    identity,
    number,
    unit,
    time,
    closed,  ///< behind a ')', where another group may follow
    ignore   ///< a group that nobody wants, of a line that is wanted
  };
  /// Of flags_.
  enum : uint8_t { open = 1, bad = 2, bad_energy = 4, bad_power = 8, got = 16, lax = 32, import_power = 64, export_power = 128 };

  /// A byte between telegrams, or of the CRC.
  Event outside(uint8_t c) {
    Event event = Event::none;
    if (state_ == State::crc) {
      const uint8_t digit = hex_value(static_cast<char>(c));
      if (digit != not_hex) {
        if (word_.n.digits < 5) ++word_.n.digits;
        word_.n.value = static_cast<uint16_t>(static_cast<uint16_t>(word_.n.value) << 4 | digit);
        return Event::none;
      }
      state_ = State::idle;
      if (c == '\r' || c == '\n') return judge();
      event = refuse(c == '/' ? Error::cut : Error::crc_form);
    }
    if (c == '/') {
      state_ = State::skip;
      slash_ = 0;
      (void)slash(c);
    } else if (c == '\r' || c == '\n') {
      state_ = State::idle;
    } else if (state_ == State::idle) {
      state_ = State::noise;
      count(Error::noise);
    }
    return event;
  }

  /// A byte of a telegram or its header, the '/' of a header between telegrams excepted; sum_ has it.
  FLM_INLINE Event inside(uint8_t c) {
    if ((c == '/' || slash_ != 0) && slash(c)) return begin();
    switch (state_) {
      case State::line_start: line_start(c); return Event::none;
      case State::skip:
        if (c == '\n') state_ = State::line_start;
        return Event::none;
      case State::id: id(c); return Event::none;
      case State::number: return number(c);
      case State::unit: return unit(c);
      case State::time: return time(c);
      default: return rest(c);
    }
  }

  /// A byte from a '/' on, that may be the beginning of a header: a meter that was cut off starts anew in the middle of a line.
  /// Its line tells: a header does not end with ')'. True at the end of a header.
  FLM_OUTLINE bool slash(uint8_t c) {
    // The identification behind /XXXZ has no '/' in it (IEC 62056-21, 6.3.2); the one of Holley meters begins with one.
    if (c == '/' && (slash_ & 0x7F) != 5) {
      slash_ = 0;
      header_sum_.begin();
      if (state_ == State::line_start) state_ = State::skip;
    }
    header_sum_.add_seldom(c);
    if (c == '\n') {
      const bool is_header = (slash_ & 0x80) == 0;
      slash_ = 0;
      if (!is_header && (flags_ & open) == 0) state_ = State::idle;
      return is_header;
    }
    if (c == '\r') return false;
    slash_ = static_cast<uint8_t>(slash_ & 0x7F);
    if (slash_ < 7) ++slash_;
    if (c == ')') slash_ = static_cast<uint8_t>(slash_ | 0x80);
    return false;
  }

  /// The header line is over.
  FLM_OUTLINE Event begin() {
    const bool was_open = (flags_ & open) != 0;
    sum_ = header_sum_;
    equipment_ = header_sum_.arc;
    state_ = State::line_start;
    flags_ = static_cast<uint8_t>((flags_ & lax) | open);
    kind_ = Kind::nothing;
    import_ = Direction();
    export_ = Direction();
    power_w_ = 0;
    for (uint8_t i = 0; i < Fields::devices; ++i) devices_[i] = Device();
    kept_.clear();
    return was_open ? refuse(Error::cut) : Event::none;
  }

  /// Behind the CRC.
  FLM_OUTLINE Event judge() {
    flags_ = static_cast<uint8_t>(flags_ & ~open);
    if (word_.n.digits == 0) {
      if ((flags_ & lax) == 0) return refuse(Error::no_crc);
      return (flags_ & (bad | got)) == got ? Event::telegram : refuse(Error::not_whole);
    }
    if (word_.n.digits > 4) return refuse(Error::crc_form);
    return sum_.is(static_cast<uint16_t>(word_.n.value)) ? Event::telegram : refuse(Error::crc);
  }

  FLM_OUTLINE void count(Error e) {
    auto& count = errors_[static_cast<uint8_t>(e)];
    if (static_cast<typename Fields::Count>(count + 1) != 0) ++count;
  }
  Event refuse(Error e) {
    error_ = e;
    count(e);
    return Event::refused;
  }
  /// A value is refused, and the rest of its line is not looked at.
  FLM_OUTLINE Event fault(Error e) {
    state_ = State::skip;
    error_ = e;
    count(e);
    flags_ = static_cast<uint8_t>(flags_ | bad);
    if (kind_ == Kind::import_energy || kind_ == Kind::export_energy) flags_ = static_cast<uint8_t>(flags_ | bad_energy);
    if (kind_ == Kind::import_power || kind_ == Kind::export_power) flags_ = static_cast<uint8_t>(flags_ | bad_power);
    return Event::reading_refused;
  }
  void odd_line() {
    state_ = State::skip;
    flags_ = static_cast<uint8_t>(flags_ | bad);
  }

  FLM_INLINE void line_start(uint8_t c) {
    const uint8_t digit = static_cast<uint8_t>(c - '0');
    if (digit < 10) {
      word_.id[0] = digit;
      group_ = has_digit;
      kind_ = Kind::nothing;
      state_ = State::id;
    } else if (c == '!') {
      word_.n.value = 0;
      word_.n.digits = 0;
      state_ = State::crc;
    } else if (c == '(' && Wants<Kind::device_old>::value && kind_ == Kind::device_old && group_ == 5) {
      open_group(6);
    } else if (c == '(') {
      state_ = State::skip;
    } else if (c != '\r' && c != '\n') {
      odd_line();
    }
  }

  FLM_INLINE void id(uint8_t c) {
    const uint8_t part = static_cast<uint8_t>(group_ & 7);
    const uint8_t digit = static_cast<uint8_t>(c - '0');
    if (digit < 10) {
      const uint16_t n = static_cast<uint16_t>(static_cast<uint16_t>(word_.id[part]) * 10 + digit);
      word_.id[part] = static_cast<uint8_t>(n);
      group_ = static_cast<uint8_t>(part | has_digit);
      if (n > 255) odd_line();
    } else if (group_ < has_digit || c != (part == 0 ? '-' : part == 1 ? ':' : part == 4 ? '(' : '.')) {
      state_ = State::skip;
      // `1-0:1.8.0*255` is a line, though of another kind of meter.
      if (c == '\n') state_ = State::line_start;
      flags_ = static_cast<uint8_t>(flags_ | bad);
    } else if (part != 4) {
      group_ = static_cast<uint8_t>(part + 1);
      word_.id[part + 1] = 0;
    } else {
      kept_.aim(0);
      kind_ = Kind::nothing;
      find(Index<0>());
      open_group(0);
    }
  }

  /// The row of the OBIS code, compiled into comparisons with constants.
  template <uint8_t I>
  FLM_INLINE void find(Index<I>) {
    constexpr Row row = rows[I];
    constexpr uint8_t place = place_of<Fields>(row.first);
    const uint8_t e = static_cast<uint8_t>(word_.id[4] - row.e_first);
    constexpr bool wanted = wants_row<Fields>(row);
    if (wanted && word_.id[2] == row.c && word_.id[3] == row.d && word_.id[0] == row.a &&
        e <= static_cast<uint8_t>(row.e_last - row.e_first)) {
      if (row.b == any_channel) {
        element_ = word_.id[1];
        if (static_cast<uint8_t>(element_ - 1) > 3) return;
      } else {
        element_ = e;
        if (word_.id[1] != row.b) return;
      }
      kind_ = row.kind;
      kept_.aim(place);
      return;
    }
    find(Index<static_cast<uint8_t>(I + 1)>());
  }
  FLM_INLINE void find(Index<row_count>) {}

  template <Kind kind>
  struct Wants {
    static constexpr bool value = wants_kind<Fields>(kind);
  };
  template <Kind kind>
  FLM_NODISCARD FLM_INLINE bool is() const {
    return Wants<kind>::value && kind_ == kind;
  }

  /// Behind a '(': what is to be read depends on the register, and on which of its groups this is.
  FLM_OUTLINE void open_group(uint8_t group) {
    group_ = group;
    State next = State::number;
    if (group == 0) {
      if (kind_ == Kind::nothing) next = State::skip;
      if (is<Kind::identity>()) next = State::identity;
      if (is<Kind::time>() || is<Kind::peak>()) next = State::time;
      if (is<Kind::device_reading>() || is<Kind::device_old>()) {
        next = State::skip;
        for (uint8_t i = 0; i < Fields::devices; ++i)
          if (devices_[i].channel == element_ && !devices_[i].has_value) {
            element_ = i;
            next = State::time;
            break;
          }
        if (next == State::skip) kind_ = Kind::nothing;
      }
    } else if (is<Kind::device_old>() && group < 6) {
      next = group == 5 ? State::unit : State::ignore;
    }
    state_ = next;
    word_.n.value = 0;
    word_.n.digits = 0;
    word_.n.point = 0;
    if (group != 6) word_.n.unit = 0;
  }

  FLM_INLINE Event number(uint8_t c) {
    const uint8_t digit = static_cast<uint8_t>(c - '0');
    if (digit < 10) {
      if (word_.n.digits >= digits_max || word_.n.value > UINT32_C(429496728)) return fault(Error::digits);
      word_.n.value = word_.n.value * 10 + digit;
      ++word_.n.digits;
      if (word_.n.point != 0) ++word_.n.point;
      return Event::none;
    }
    if (c == ')') return finish();
    if (word_.n.digits != 0) {
      if (c == '.' && word_.n.point == 0) {
        word_.n.point = 1;
        return Event::none;
      }
      if (c == '*') {
        word_.n.unit = 0;
        state_ = State::unit;
        return Event::none;
      }
    }
    return wrong(c);
  }

  FLM_INLINE Event unit(uint8_t c) {
    uint8_t letter = 0, before = 0;  // A letter may follow what came before it ...
    switch (c) {
      case 'k': letter = Unit::kilo; break;
      case 'W': letter = Unit::watt, before = word_.n.unit & Unit::kilo; break;
      case 'h': letter = Unit::hour, before = (word_.n.unit & Unit::kilo) | Unit::watt; break;
      case 'm': letter = Unit::metre; break;
      case '3': letter = Unit::cubic, before = Unit::metre; break;
      case 'G': letter = wants_heat ? Unit::giga : 0; break;
      case 'J': letter = wants_heat ? Unit::joule : 0, before = Unit::giga; break;
      case 'V': letter = Wants<Kind::voltage>::value ? Unit::volt : 0; break;
      case 'A': letter = Wants<Kind::current>::value ? Unit::ampere : 0; break;
      case ')':
        if (!is<Kind::device_old>() || group_ != 5) return finish();
        state_ = State::closed;
        return Event::none;
      case '\r':
      case '\n': return wrong(c);
      default: break;
    }
    if (letter == 0 || word_.n.unit != before) letter = Unit::other;  // ... or the unit is none of these.
    word_.n.unit = static_cast<uint8_t>(word_.n.unit | letter);
    return Event::none;
  }

  /// Not a number: the line may be over with it.
  Event wrong(uint8_t c) {
    const Event event = fault(Error::value);
    if (c == '\n') state_ = State::line_start;
    return event;
  }

  /// Does the unit fit the register?
  FLM_NODISCARD bool unit_fits() const {
    const uint8_t unit = word_.n.unit;
    const uint8_t any = static_cast<uint8_t>(unit | Unit::kilo);
    const bool energy = any == (Unit::kilo | Unit::watt | Unit::hour);
    if (is<Kind::import_energy>() || is<Kind::export_energy>()) return energy;
    if (is<Kind::voltage>()) return unit == Unit::volt;
    if (is<Kind::current>()) return unit == Unit::ampere;
    if (is<Kind::plain>() || is<Kind::device_type>()) return unit == 0 && word_.n.point == 0;
    if (is<Kind::device_reading>() || is<Kind::device_old>()) {
      const uint8_t type = devices_[element_].type;
      if (type == device::gas || type == device::water || type == device::warm_water) return unit == Unit::cubic_metre;
      return (wants_heat && unit == Unit::gigajoule) || (wants_energy && energy);
    }
    return any == (Unit::kilo | Unit::watt);
  }

  /// Behind the ')' of a number.
  FLM_OUTLINE Event finish() {
    if (word_.n.digits == 0 || word_.n.point == 1) return fault(Error::value);
    if (!unit_fits()) return fault(Error::unit);
    // Units with a prefix have a thousandth for their smallest step; so have volt, ampere and cubic metre.
    uint8_t decimals = word_.n.unit == 0 || word_.n.unit == Unit::watt || word_.n.unit == (Unit::watt | Unit::hour) ? 0 : 3;
    if (word_.n.point != 0) {
      const uint8_t given = static_cast<uint8_t>(word_.n.point - 1);
      if (given > decimals) return fault(Error::digits);
      decimals = static_cast<uint8_t>(decimals - given);
    }
    uint32_t value = word_.n.value;
    for (; decimals != 0; --decimals) {
      if (value > UINT32_C(429496729)) return fault(Error::digits);
      value *= 10;
    }
    state_ = State::skip;
    return store(value);
  }

  FLM_INLINE Event store(uint32_t value) {
    flags_ = static_cast<uint8_t>(flags_ | got);
    if (is<Kind::import_energy>()) return store_energy(import_, value);
    if (is<Kind::export_energy>()) return store_energy(export_, value);
    if (is<Kind::device_reading>() || is<Kind::device_old>()) {
      devices_[element_].value = value;
      devices_[element_].has_value = true;
      return Event::none;
    }
    if (is<Kind::device_type>()) return store_device(value);
    if (is<Kind::import_power>()) {
      if ((flags_ & import_power) != 0) return fault(Error::duplicate);
      flags_ = static_cast<uint8_t>(flags_ | import_power);
      power_w_ += static_cast<int32_t>(value);
    } else if (is<Kind::export_power>()) {
      if ((flags_ & export_power) != 0) return fault(Error::duplicate);
      flags_ = static_cast<uint8_t>(flags_ | export_power);
      power_w_ -= static_cast<int32_t>(value);
    } else if (kept_.taken()) {
      return fault(Error::duplicate);
    }
    kept_.put(0, value);
    return Event::none;
  }

  struct Direction {
    uint32_t wh = 0;
    uint8_t seen = 0;  ///< bit 0: the total; 1 to 4: the tariffs
  };

  Event store_energy(Direction& direction, uint32_t wh) {
    const uint8_t bit = static_cast<uint8_t>(1u << element_);
    if ((direction.seen & bit) != 0) return fault(Error::duplicate);
    direction.seen = static_cast<uint8_t>(direction.seen | bit);
    if (element_ == 0)
      direction.wh = wh;
    else if ((direction.seen & 1) == 0)
      direction.wh += wh;
    kept_.put(element_, wh);
    return Event::none;
  }

  Event store_device(uint32_t type) {
    if (type > 255) return fault(Error::value);
    if (!Fields::wants_device(static_cast<uint8_t>(type))) return Event::none;
    // A channel that never gives a value leaves its place to the next: meters go on naming devices that were replaced.
    Device* place = nullptr;
    for (uint8_t i = 0; i < Fields::devices; ++i) {
      Device& device = devices_[i];
      if (device.channel == element_) return fault(Error::duplicate);
      if (place == nullptr && !device.has_value) place = &device;
      if (device.channel == 0) {
        place = &device;
        break;
      }
    }
    if (place == nullptr) return Event::none;
    place->channel = element_;
    place->type = static_cast<uint8_t>(type);
    return Event::none;
  }

  /// YYMMDDhhmmssX, two digits at a time: `value` is what they are so far, in years, then days, hours, minutes and seconds;
  /// `point` the pair being read, `unit` the number of days in the month.
  FLM_INLINE Event time(uint8_t c) {
    const uint8_t digit = static_cast<uint8_t>(c - '0');
    if (c == ')') return time_ends();
    if (c == '\n') return wrong(c);
    if (digit < 10 && word_.n.digits < 12) {
      const uint8_t pair = static_cast<uint8_t>(word_.n.point * 10 + digit);
      ++word_.n.digits;
      word_.n.point = pair;
      if ((word_.n.digits & 1) == 0) {
        word_.n.point = 0;
        if (!add_pair(pair)) word_.n.digits = not_a_time;
      }
    } else if ((c == 'S' || c == 'W') && word_.n.digits == 12) {
      word_.n.digits = 13;
      if (c == 'S') word_.n.value -= 3600;
    } else {
      word_.n.digits = not_a_time;
    }
    return Event::none;
  }

  /// False when it is none of this calendar.
  FLM_OUTLINE bool add_pair(uint8_t pair) {
    uint32_t& value = word_.n.value;
    uint8_t most = 59;
    switch (word_.n.digits) {
      case 2: value = pair; return true;
      case 4: {
        if (static_cast<uint8_t>(pair - 1) > 11) return false;
        // Years begin with March here, so that the leap day is their last.
        const uint8_t year = static_cast<uint8_t>(value);
        uint8_t march_year = static_cast<uint8_t>(year + 4), month = static_cast<uint8_t>(pair - 3);
        uint8_t days = static_cast<uint8_t>(30 + ((pair ^ pair >> 3) & 1));
        if (pair < 3) {
          month = static_cast<uint8_t>(month + 12);
          --march_year;
          if (pair == 2) days = (year & 3) == 0 ? 29 : 28;
        }
        word_.n.unit = days;
        value = static_cast<uint16_t>(static_cast<uint16_t>(365u * march_year) + (march_year >> 2) +
                                      static_cast<uint16_t>(static_cast<uint16_t>(979u * month + 15u) >> 5));
        return true;
      }
      case 6:
        value += pair;
        return pair != 0 && pair <= word_.n.unit;
      case 8:
        value = value * 24 + pair;
        return pair < 24;
      default: break;
    }
    value = value * 60 + pair;
    return pair <= most;
  }

  FLM_OUTLINE Event time_ends() {
    const bool right = word_.n.digits == 13 || (is<Kind::device_old>() && word_.n.digits == 12);
    const uint32_t utc =
        right ? word_.n.value + (detail::calendar_s - static_cast<uint32_t>(static_cast<int32_t>(Fields::winter_time_s))) : 0;
    if (is<Kind::time>()) {
      if (!right) return fault(Error::time);
      if (kept_.taken()) return fault(Error::duplicate);
      kept_.put(0, utc);
    } else if (is<Kind::peak>()) {
      if (right && !kept_.taken()) kept_.put(1, utc);
    } else {
      devices_[element_].time = utc;
    }
    Event event = Event::none;
    if (!right) event = fault(Error::time);
    state_ = is<Kind::time>() ? State::skip : State::closed;
    return event;
  }

  /// The states that are seldom.
  FLM_OUTLINE Event rest(uint8_t c) {
    if (c == '\n') {
      state_ = State::line_start;
    } else if (state_ == State::identity) {
      equipment_ = detail::arc_seldom(equipment_, c);
      if (c == ')') state_ = State::skip;
    } else if (state_ == State::ignore) {
      if (c == ')') state_ = State::closed;
    } else if (c == '(') {
      open_group(static_cast<uint8_t>(group_ + 1));
    } else if (c != '\r') {
      odd_line();
    }
    return Event::none;
  }

  /// A unit as far as it has been read, letter by letter.
  struct Unit {
    static constexpr uint8_t kilo = 1, watt = 2, hour = 4, metre = 8, cubic = 16, giga = 32, joule = 64, volt = 128,
                             ampere = volt | kilo, cubic_metre = metre | cubic, gigajoule = giga | joule, other = 0xFF;
  };
  static constexpr uint8_t digits_max = 12;     ///< of a number; the longest published have 11
  static constexpr uint8_t not_a_time = 0x80;   ///< in `digits`
  static constexpr bool wants_heat = Fields::wants_device(device::heat) || Fields::wants_device(device::cooling);
  static constexpr bool wants_energy = Fields::wants_device(device::electricity) || wants_heat;

  struct Number {
    uint32_t value;
    uint8_t digits, point, unit;  ///< digits read; 0, or 1 more than the decimals; Unit
  };
  /// One after the other in a line.
  union Word {
    uint8_t id[5];
    Number n;
  };

  State state_ = State::idle;
  uint8_t flags_ = 0;
  uint8_t slash_ = 0;  ///< place behind a '/' that may begin a header, and 0x80 behind a ')'; 0: there is none
  uint8_t group_ = 0;  ///< part of the OBIS code, then group of the line
  Kind kind_ = Kind::nothing;
  uint8_t element_ = 0;  ///< E less that of the row; or channel, then place, of a device
  Error error_ = Error::noise;
  Word word_ = {};
  detail::Sum<Fields::x25> sum_ = {}, header_sum_ = {};
  uint16_t equipment_ = 0;
  Direction import_, export_;
  int32_t power_w_ = 0;
  detail::Some<Device, Fields::devices> devices_ = {};
  detail::Kept<place_of<Fields>(Register::count)> kept_ = {};
  typename Fields::Count errors_[static_cast<uint8_t>(Error::count)] = {};
};

}  // namespace p1
}  // namespace protocol
}  // namespace flm

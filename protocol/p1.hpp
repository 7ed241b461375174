// Smart meter telegrams (P1, HAN, H1), byte by byte: bytes in, events out, and values only once their CRC is
// right.
//
//     /ISK5\2M550T-1012        header
//                              blank line
//     1-0:1.8.1(003432.827*kWh)
//     0-1:24.2.1(200426223001S)(00246.138*m3)
//     !56DD                    CRC of everything from '/' to '!'
//
// There is no buffer: lines and telegrams may have any length. A byte 0, which no telegram holds, stands for
// one that came with an error or was lost: it spoils its telegram, also where no CRC protects that.
// protocol/p1.md lists registers, dialects and their sources.
#pragma once
#include <stdint.h>

#include "protocol/p1_crc.hpp"
#include "protocol/p1_registers.hpp"
#include "toolchain/attributes.hpp"

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
  bool has_value;   ///< if not, the next two mean nothing
  uint32_t time;    ///< Unix time of the reading; 0: not known. Without S or W (DSMR 2.2, 3) it is taken as
                    ///< winter time
  uint32_t
      value;  ///< Wh of an electricity meter, MJ of heat and cooling (types 4 and 10 up), litre of all others
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
  // cppcheck-suppress nullPointer
  T& operator[](uint8_t) const { return *static_cast<T*>(nullptr); }
};

/// The registers that are kept one by one.
template <class Value, uint8_t N>
struct Kept {
  Value value[N];
  uint64_t present;
  uint8_t place;  ///< of the register of the line being read
  void clear() { present = 0; }
  void aim(uint8_t at) { place = at; }
  bool has(uint8_t at) const { return (present >> at & 1) != 0; }
  Value get(uint8_t at) const { return value[at]; }
  void put(uint8_t offset, Value v) {
    const uint8_t at = static_cast<uint8_t>(place + offset);
    value[at] = v;
    present |= UINT64_C(1) << at;
  }
  // Of a line whose value and time come in either order: the digits so far, as a number; and the order.
  uint32_t begun_;
  bool value_first_;
  uint32_t begun() const { return begun_; }
  void begin(uint32_t number) { begun_ = number; }
  bool value_first() const { return value_first_; }
  void set_value_first(bool yes) { value_first_ = yes; }

  bool taken(uint8_t offset) const { return has(static_cast<uint8_t>(place + offset)); }
};
template <class Value>
struct Kept<Value, 0> {
  static void clear() {}
  static void aim(uint8_t) {}
  static bool has(uint8_t) { return false; }
  static Value get(uint8_t) { return 0; }
  static void put(uint8_t, Value) {}
  static bool taken(uint8_t) { return false; }
  static uint32_t begun() { return 0; }
  static void begin(uint32_t) {}
  static bool value_first() { return false; }
  static void set_value_first(bool) {}
};

/// Of a parser's flags, for its checksum: CRC-16/X-25 instead of ARC.
constexpr uint8_t x25_flag = 0x80;

/// A running checksum.
template <Checksums>
struct Sum {
  uint16_t arc;
  FLM_INLINE void begin(uint8_t) { arc = Arc::initial; }
  FLM_INLINE void add(uint8_t c, uint8_t) { arc = Arc::step(arc, c); }
  void add_seldom(uint8_t c, uint8_t) { arc = crc16_arc_seldom(arc, c); }
  FLM_NODISCARD bool is(uint16_t crc, uint8_t) const { return crc == arc; }
};
template <>
struct Sum<Checksums::in_turn> {
  uint16_t arc;  ///< or X-25
  FLM_INLINE void begin(uint8_t flags) { arc = (flags & x25_flag) != 0 ? X25::initial : Arc::initial; }
  FLM_INLINE void add(uint8_t c, uint8_t flags) {
    arc = (flags & x25_flag) != 0 ? X25::step(arc, c) : Arc::step(arc, c);
  }  // a call would cost each byte 40 cycles
  FLM_INLINE void add_seldom(uint8_t c, uint8_t flags) { arc = step(arc, c, flags); }
  FLM_NODISCARD FLM_INLINE bool is(uint16_t crc, uint8_t flags) const {
    return ((flags & x25_flag) != 0 ? static_cast<uint16_t>(~crc) : crc) == arc;
  }

 private:
  static FLM_OUTLINE uint16_t step(uint16_t crc, uint8_t c, uint8_t flags) {
    return (flags & x25_flag) != 0 ? X25::step(crc, c) : crc16_arc_seldom(crc, c);
  }
  static_assert(X25::final_xor == 0xFFFF, "it is turned over");
};
template <>
struct Sum<Checksums::both> {
  uint16_t arc, x25;
  void begin(uint8_t) {
    arc = Arc::initial;
    x25 = X25::initial;
  }
  void add(uint8_t c, uint8_t) {
    arc = Arc::step(arc, c);
    x25 = X25::step(x25, c);
  }
  void add_seldom(uint8_t c, uint8_t) { add(c, 0); }
  FLM_NODISCARD bool is(uint16_t crc, uint8_t) const {
    return crc == arc || crc == static_cast<uint16_t>(x25 ^ X25::final_xor);
  }
};

/// Unix time of day 0 of the calendar that the parser counts in: its day 1462 is 1 March 2000.
constexpr uint32_t calendar_s = UINT32_C(9555) * UINT32_C(86400);

/// A unit is known by a number of 16 bits that its letters make; none of IEC 62056-62 shares that of one that
/// is read here.
constexpr uint16_t unit_of(const char* letters) {
  uint16_t number = 0;
  for (; *letters != 0; ++letters)
    number = static_cast<uint16_t>(number * 33u + static_cast<uint8_t>(*letters));
  return number;
}
struct Units {
  static constexpr uint16_t kwh = unit_of("kWh"), wh = unit_of("Wh"), kw = unit_of("kW"), w = unit_of("W"),
                            v = unit_of("V"), a = unit_of("A"), m3 = unit_of("m3"), gj = unit_of("GJ");
};

}  // namespace detail

/// A meter's telegrams, byte by byte. `Fields`: what is wanted, as BoardFields; code and memory for the rest
/// do not exist.
template <class Fields>
class Parser {
 public:
  using Value = typename Fields::Value;

  /// Takes a byte of the line.
  FLM_NODISCARD Event push(uint8_t c) {
    // Where the parser is a global object, its members would be reached by address, in twice the flash.
    Parser* self = this;
    __asm__("" : "+r"(self));
    return self->take(c);
  }

  /// Telegrams of DSMR 2.2 and 3 end with a bare '!'. They are refused unless this was called; nothing
  /// protects them, so of those each line must be a line of a telegram and each wanted value must be right.
  void accept_without_crc(bool yes) { flags_ = static_cast<uint8_t>(yes ? flags_ | lax : flags_ & ~lax); }

  /// @name Values of the telegram: after Event::telegram, until the next push().
  /// @{

  /// Is there a net energy? Not if one of its registers was refused.
  FLM_NODISCARD bool has_net() const {
    const uint16_t seen = told_.flows[import_energy].seen | told_.flows[export_energy].seen;
    return seen != 0 && (seen & (bad_total | bad_part)) == 0;
  }
  /// Energy from the grid less energy to the grid in Wh; of 32 bits modulo 2^32: take differences.
  FLM_NODISCARD typename Fields::Net net_wh() const {
    return static_cast<typename Fields::Net>(import_wh() - export_wh());
  }
  /// Energy from the grid, and to it, in Wh, modulo 2^32 where Fields::Value has no more: the total where the
  /// meter tells it, else the sum of its tariffs. Holds when has_net().
  FLM_NODISCARD Value import_wh() const { return value_of(import_energy); }
  FLM_NODISCARD Value export_wh() const { return value_of(export_energy); }

  /// Was the power told, all of it? A total tells it, or else the phases do.
  FLM_NODISCARD bool has_power() const {
    const uint16_t seen = told_.flows[power].seen;
    return seen != 0 && (seen & ((seen & power_totals) != 0 ? bad_total : bad_total | bad_part)) == 0;
  }
  /// Power from the grid less power to the grid, W; holds when has_power().
  FLM_NODISCARD int32_t power_w() const { return static_cast<int32_t>(told_.flows[power].value); }
  /// Which registers told the net energy: the same number for the same set, and most others for another. 0
  /// for the usual ones, as many tariffs in both directions.
  FLM_NODISCARD uint16_t energy_set() const {
    return told_.flows[import_energy].seen ^ told_.flows[export_energy].seen;
  }

  /// An M-Bus device, by its place 0 to Fields::devices - 1. Channel 0: there is none.
  FLM_NODISCARD const Device& device(uint8_t place) const { return told_.devices[place]; }

  /// Did a CRC protect the telegram?
  FLM_NODISCARD bool has_crc() const { return word_.n.digits != 0; }

  /// Which meter this is: another one has another number, save for 1 in 65 536. From the header, the
  /// equipment identifier (0-0:96.1.0 and .1) and the logical device name (0-0:42.0.0).
  FLM_NODISCARD uint16_t equipment() const { return equipment_; }

  /// Is a register that Fields keeps in the telegram?
  FLM_NODISCARD bool has(Register r) const { return Fields::keeps(r) && told_.kept.has(place_of<Fields>(r)); }
  /// Its value, in the unit that Register names; holds when has().
  FLM_NODISCARD Value get(Register r) const { return told_.kept.get(place_of<Fields>(r)); }
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
  static constexpr uint8_t no_number = 255;  ///< a part of an OBIS code that has no digit yet
  static constexpr uint8_t all_marks = 1 << 6 | 2 << 4 | 3 << 2 | 3;  ///< group_ behind `-:..`

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
    store,   ///< behind the ')' of a number that is right: it is stored with the next byte, so that no byte
             ///< costs too much
    ignore,  ///< a group that nobody wants, of a line that is wanted
    text     ///< that may have several lines
  };
  /// Of flags_.
  enum : uint8_t {
    open = 1,
    bad = 2,
    got = 4,
    lax = 8,
    wrong_before = 0x40,  ///< the CRC of the telegram before was another
    x25 = detail::x25_flag
  };
  static constexpr bool in_turn = Fields::checksums == Checksums::in_turn;

  FLM_INLINE Event take(uint8_t c) {
    if (state_ <= State::crc) return outside(c);
    sum_.add(c, flags_);
    if (c == 0) flags_ = static_cast<uint8_t>(flags_ | bad);
    return inside(c);
  }

  /// A byte between telegrams, or of the CRC.
  FLM_OUTLINE Event outside(uint8_t c) {
    Event event = Event::none;
    if (state_ == State::crc) {
      uint8_t digit = static_cast<uint8_t>(c - '0');
      if (digit > 9) {
        digit = static_cast<uint8_t>((c | 0x20) - ('a' - 10));
        if (digit < 10) digit = 16;
      }
      if (digit < 16) {
        if (word_.n.digits < 5) ++word_.n.digits;
        word_.n.unit = static_cast<uint16_t>(word_.n.unit * 16u + digit);
        return Event::none;
      }
      state_ = State::idle;
      flags_ = static_cast<uint8_t>(flags_ & ~open);
      if (c == '\r' || c == '\n') return judge();
      event = refuse(c == '/' ? Error::cut : Error::crc_form);
    }
    if (c == '/') {
      state_ = State::skip;
      flags_ = static_cast<uint8_t>(flags_ & ~bad);
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
    if (c == '/' || slash_ != 0) return behind_slash(c);
    if (state_ != State::skip) return wanted(c);
    if (c == '\n') state_ = State::line_start;
    return Event::none;
  }

  FLM_OUTLINE Event behind_slash(uint8_t c) {
    if (slash(c)) return begin();
    return (flags_ & open) != 0 ? wanted(c) : Event::none;
  }

  /// A byte that means something.
  FLM_OUTLINE Event wanted(uint8_t c) {
    if (state_ == State::id) return id(c);
    if (state_ == State::number) return number(c);
    switch (state_) {
      case State::line_start: return line_start(c);
      case State::skip:
        if (c == '\n') state_ = State::line_start;
        return Event::none;
      case State::unit: return unit(c);
      case State::time: return time(c);
      case State::store: return store(c);
      default: return rest(c);
    }
  }

  /// A byte from a '/' on, that may be the beginning of a header: a meter that was cut off starts anew in the
  /// middle of a line. Its line tells: a header does not end with ')'. True at the end of a header.
  FLM_OUTLINE bool slash(uint8_t c) {
    // The identification behind /XXXZ has no '/' in it (IEC 62056-21, 6.3.2); the one of Holley meters begins
    // with one.
    if (c == '/' && (slash_ & 0x7F) != 5) {
      slash_ = 0;
      header_sum_.begin(flags_);
      if (state_ == State::line_start) state_ = State::skip;
    }
    header_sum_.add_seldom(c, flags_);
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
    flags_ = static_cast<uint8_t>((flags_ & (lax | bad | wrong_before | x25)) |
                                  open);  // What begins inside of a spoilt telegram is spoilt as well.
    kind_ = Kind::nothing;
    // Values need not be cleared: nobody asks for one that has not been seen.
    for (Flow& flow : told_.flows) flow.seen = 0;
    told_.next_device = 0;
    for (uint8_t i = 0; i < Fields::devices; ++i) {
      told_.devices[i].channel = 0;
      told_.devices[i].has_value = false;
    }
    told_.kept.clear();
    return was_open ? refuse(Error::cut) : Event::none;
  }

  /// Behind the CRC.
  FLM_OUTLINE Event judge() {
    if (word_.n.digits == 0) {
      if ((flags_ & lax) == 0) return refuse(Error::no_crc);
      return (flags_ & (bad | got)) == got ? Event::telegram : refuse(Error::not_whole);
    }
    if (word_.n.digits > 4) return refuse(Error::crc_form);
    if (sum_.is(word_.n.unit, flags_)) {
      if (in_turn) flags_ = static_cast<uint8_t>(flags_ & ~wrong_before);
      return Event::telegram;
    }
    if (in_turn)
      flags_ = static_cast<uint8_t>(flags_ + wrong_before);  // The second in a row carries into `x25`.
    return refuse(Error::crc);
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
  FLM_OUTLINE Event fault(Error e, uint8_t c) {
    state_ = c == '\n' ? State::line_start : State::skip;
    error_ = e;
    count(e);
    // A device that was never read must not spoil the rest.
    if (e != Error::time && !is_device()) flags_ = static_cast<uint8_t>(flags_ | bad);
    if (e == Error::duplicate) return Event::reading_refused;  // The first one stands.
    if (kind_ < Kind::nothing) flow_of_line().seen |= element_ == 0 ? bad_total : bad_part;
    return Event::reading_refused;
  }
  void odd_line() {
    state_ = State::skip;
    flags_ = static_cast<uint8_t>(flags_ | bad);
  }

  FLM_OUTLINE Event line_start(uint8_t c) {
    const uint8_t digit = static_cast<uint8_t>(c - '0');
    if (digit < 10) {
      word_.obis.e = digit;
      group_ = 0;
      kind_ = Kind::nothing;
      state_ = State::id;
    } else if (c == '!') {
      word_.n.unit = 0;
      word_.n.digits = 0;
      state_ = State::crc;
    } else if (c == '(') {
      state_ = State::skip;
      if (Wants<Kind::device_old>::value && kind_ == Kind::device_old && group_ == 5) open_group(6);
    } else if (c != '\r' && c != '\n') {
      odd_line();
    }
    return Event::none;
  }

  /// A-B:C.D.E(
  FLM_OUTLINE Event id(uint8_t c) {
    Obis& obis = word_.obis;
    const uint8_t digit = static_cast<uint8_t>(c - '0');
    if (digit < 10) {
      const uint8_t before = obis.e == no_number ? 0 : obis.e;
      const uint16_t n = static_cast<uint16_t>(before * 10u + digit);
      obis.e = static_cast<uint8_t>(n);
      if (n < no_number) return Event::none;
    } else if (obis.e != no_number) {
      if (c == '(' && group_ == all_marks) {
        find();
        open_group(0);
        return Event::none;
      }
      uint8_t mark = 0;
      if (c == '-') mark = 1;
      if (c == ':') mark = 2;
      if (c == '.') mark = 3;
      if (mark != 0 && group_ < 64) {
        group_ = static_cast<uint8_t>(group_ << 2 | mark);
        obis.a = obis.b;
        obis.b = obis.c;
        obis.c = obis.d;
        obis.d = obis.e;
        obis.e = no_number;
        if (group_ == (1 << 4 | 2 << 2 | 3)) obis.phase = fold(obis.b, obis.d);
        // Most lines are told from C to be of no interest.
        if (group_ == (1 << 4 | 2 << 2 | 3) && (!any_row(Index<0>(), obis.d) || is_told(obis.phase)))
          state_ = State::skip;
        return Event::none;
      }
    }
    // Not a line of a P1 telegram; `1-0:1.8.0*255` is one of another kind of meter.
    odd_line();
    if (c == '\n') state_ = State::line_start;
    return Event::none;
  }

  /// Is it of a phase whose power nobody wants, as the totals have told it?
  FLM_NODISCARD FLM_INLINE bool is_told(uint8_t phase) const {
    return Fields::part_powers && !Fields::keeps(Register::power_import_1) && phase != 0 &&
           (static_cast<uint8_t>(told_.flows[power].seen) & power_both) != 0;
  }

  /// C of a phase becomes that of the total; the phase.
  static FLM_INLINE uint8_t fold(uint8_t a, uint8_t& c) {
    uint8_t phase = 0;
    if (Fields::part_powers && a == 1)
      for (; c > 20 && phase < 3; ++phase) c = static_cast<uint8_t>(c - 20);
    return phase;
  }

  /// Is there a row of this C?
  template <uint8_t I>
  FLM_INLINE bool any_row(Index<I>, uint8_t c) const {
    constexpr Row row = rows[I];
    constexpr bool asked = wants_row<Fields>(row) && first_of_c<Fields>(I);
    return (asked && c == row.c) || any_row(Index<static_cast<uint8_t>(I + 1)>(), c);
  }
  FLM_INLINE bool any_row(Index<row_count>, uint8_t) const { return false; }

  /// The row of the OBIS code, compiled into comparisons with constants. C and D name a row; the rest must
  /// fit as well.
  template <uint8_t I>
  FLM_INLINE uint8_t find(Index<I>) {
    constexpr Row row = rows[I];
    constexpr bool wanted = wants_row<Fields>(row);
    constexpr uint8_t place = place_of<Fields>(row.first);
    if (wanted && word_.obis.c == row.c && word_.obis.d == row.d) {
      kind_ = row.kind;
      told_.kept.aim(place);
      return static_cast<uint8_t>((row.a != 0 ? 0x80 : 0) | (row.b == any_channel ? 0x40 : 0) |
                                  (row.e_first != 0 ? 0x20 : 0) |
                                  (!row.phases           ? row.e_last - row.e_first
                                   : Fields::part_powers ? 0x10 | (row.e_last - row.e_first)
                                                         : 0));
    }
    return find(Index<static_cast<uint8_t>(I + 1)>());
  }
  FLM_INLINE uint8_t find(Index<row_count>) {
    kind_ = Kind::nothing;
    return 0;
  }

  FLM_INLINE void find() {
    const uint8_t shape = find(Index<0>());
    const uint8_t channel = word_.obis.b;
    const uint8_t a = static_cast<uint8_t>(shape >> 7), last = shape & 0x0F;
    uint8_t element = word_.obis.e,
            none = Fields::part_powers ? word_.obis.phase : uint8_t{0};  // What must be 0.
    if (Fields::part_powers && (shape & 0x10) != 0) {
      none = element;
      element = word_.obis.phase;
    }
    if ((shape & 0x20) != 0) --element;
    // B of electricity is 0, or 1 in Switzerland.
    if (word_.obis.a != a || element > last || none != 0 ||
        ((shape & 0x40) != 0 ? static_cast<uint8_t>(channel - 1) > 3 : channel > a))
      kind_ = Kind::nothing;
    else if ((shape & 0x40) != 0)
      element = channel;
    element_ = element;
  }

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
      if (Fields::checks_times && is<Kind::text>()) next = State::text;
      if (is<Kind::time>() || is<Kind::peak>()) next = State::time;
      if (is_device()) {
        next = State::skip;
        if (one_device) {
          if (told_.next_device >> 4 == element_) next = State::time;
        } else {
          for (uint8_t i = 0; i < Fields::devices; ++i)
            if (told_.devices[i].channel == element_ && !told_.devices[i].has_value) {
              element_ = i;
              next = State::time;
              break;
            }
        }
        if (next == State::skip) kind_ = Kind::nothing;
      }
    } else if (is<Kind::device_old>() && group < 6) {
      next = group == 5 ? State::unit : State::ignore;
    }
    state_ = next;
    word_.n.value = 0;
    word_.n.digits = 0;
    word_.n.pair = 0;
    if (group != 6) word_.n.unit = 0;
    if (is<Kind::peak>()) {
      told_.kept.begin(0);
      if (group == 0) told_.kept.set_value_first(false);
      if (group != 0 && told_.kept.value_first()) state_ = State::time;
    }
  }

  /// A digit more, modulo 2^32.
  FLM_INLINE void append(uint8_t digit) { word_.n.value = word_.n.value * 10 + digit; }

  FLM_OUTLINE Event number(uint8_t c) {
    const uint8_t digit = static_cast<uint8_t>(c - '0');
    const uint8_t digits = word_.n.digits;
    if (digit < 10) {
      if ((digits & 0x0F) == digits_max) return fault(Error::digits, c);
      word_.n.digits = static_cast<uint8_t>(digits + 1);
      append(digit);
      return Event::none;
    }
    if (c == ')') return finish(c);
    if (c == '.' && digits != 0 && digits < behind_point) {
      word_.n.digits = behind_point;
      return Event::none;
    }
    if (Fields::part_powers && c == '-' && digits == 0 && is_power()) {
      word_.n.pair = 1;
      return Event::none;
    }
    if (c != '*' || digits == 0) return fault(Error::value, c);
    word_.n.unit = 0;
    state_ = State::unit;
    return Event::none;
  }

  FLM_OUTLINE Event unit(uint8_t c) {
    if (c == ')') {
      if (!is<Kind::device_old>() || group_ != 5) return finish(c);
      state_ = State::closed;
      return Event::none;
    }
    if (c < ' ') return fault(Error::value, c);
    word_.n.unit = static_cast<uint16_t>(word_.n.unit * 33u + c);
    return Event::none;
  }

  static constexpr uint8_t no_unit_of_its = 0xFF;
  /// How many decimals make the unit of the value into that of the register: 3 for kWh, kW, V, A, m3 and GJ,
  /// 0 for Wh, W and plain numbers; or no_unit_of_its.
  FLM_NODISCARD FLM_INLINE uint8_t decimals_of_unit() const {
    const uint16_t unit = word_.n.unit;
    bool is_energy = is<Kind::import_energy>() || is<Kind::export_energy>();
    if (is_device()) {
      const uint8_t type = device_of_line().type;
      if (wants_heat && (type == device::heat || type >= device::cooling))
        return unit == detail::Units::gj ? 3 : no_unit_of_its;
      if (!wants_energy || type != device::electricity) return unit == detail::Units::m3 ? 3 : no_unit_of_its;
      is_energy = true;
    }
    if (is_energy) return unit == detail::Units::kwh ? 3 : unit == detail::Units::wh ? 0 : no_unit_of_its;
    if (is<Kind::plain>() || is<Kind::device_type>())
      return unit == 0 && word_.n.digits < behind_point ? 0 : no_unit_of_its;
    if (is<Kind::voltage>()) return unit == detail::Units::v ? 3 : no_unit_of_its;
    if (is<Kind::current>()) return unit == detail::Units::a ? 3 : no_unit_of_its;
    return unit == detail::Units::kw ? 3 : unit == detail::Units::w ? 0 : no_unit_of_its;
  }

  /// Behind the ')' of a number.
  FLM_OUTLINE Event finish(uint8_t c) {
    const uint8_t digits = word_.n.digits;
    if (digits == 0 || digits == behind_point) return fault(Error::value, c);
    uint8_t decimals = decimals_of_unit();
    if (decimals == no_unit_of_its) return fault(Error::unit, c);
    if (digits > behind_point) decimals = static_cast<uint8_t>(decimals - (digits - behind_point));
    if (decimals > 3) return fault(Error::digits, c);
    if (decimals != 0) {
      uint16_t factor = 10;
      if (decimals == 2) factor = 100;
      if (decimals == 3) factor = 1000;
      word_.n.value *= factor;
    }
    if (sizeof(Value) > 4 && kind_ >= Kind::nothing && word_.n.value >> 31 >> 1 != 0)
      return fault(Error::digits, c);
    state_ = State::store;
    return Event::none;
  }

  /// The byte behind that ')'.
  FLM_OUTLINE Event store(uint8_t c) {
    state_ = c == '\n' ? State::line_start : State::skip;
    flags_ = static_cast<uint8_t>(flags_ | got);
    if (kind_ < Kind::nothing) return store_flow(c);
    const Value value = word_.n.value;
    if (is_device()) {
      device_of_line().value = static_cast<uint32_t>(value);
      device_of_line().has_value = true;
      return Event::none;
    }
    if (is<Kind::device_type>()) return store_device(static_cast<uint32_t>(value), c);
    if (told_.kept.taken(element_)) return fault(Error::duplicate, c);
    told_.kept.put(element_, value);
    if (is<Kind::peak>() && told_.kept.value_first() && c == '(') open_group(1);
    return Event::none;
  }

  /// Energy in one direction, or power.
  struct Flow {
    Value value;  ///< Wh: the total, or the tariffs so far. W, in two's complement: the totals, or the phases
                  ///< so far
    uint16_t
        seen;  ///< what was: bit E of the total and the tariffs; of power as power_bit(); and the two below
  };
  static constexpr uint16_t bad_total = 0x8000;  ///< one was refused: the total
  static constexpr uint16_t bad_part = 0x4000;   ///< a tariff, or a phase's power
  /// Places in flows, as in Kind.
  enum : uint8_t { power, import_energy, export_energy };
  static constexpr uint8_t kinds_of_power = 3;
  static_assert(static_cast<uint8_t>(Kind::net_power) == kinds_of_power - 1 &&
                    static_cast<uint8_t>(Kind::export_energy) == kinds_of_power + 1,
                "the first kinds are the places in flows, those of power together");
  FLM_NODISCARD FLM_INLINE Device& device_of_line() { return told_.devices[one_device ? 0 : element_]; }
  FLM_NODISCARD FLM_INLINE const Device& device_of_line() const {
    return told_.devices[one_device ? 0 : element_];
  }
  /// The flow that the line belongs to, when kind_ is one of the first.
  FLM_NODISCARD FLM_INLINE Flow& flow_of_line() {
    Flow* flow = told_.flows;
    for (uint8_t kind = static_cast<uint8_t>(kind_); kind >= kinds_of_power; --kind) ++flow;
    return *flow;
  }
  FLM_NODISCARD FLM_INLINE bool is_power() const { return kind_ <= Kind::net_power; }
  FLM_NODISCARD FLM_INLINE bool is_device() const {
    return Fields::devices != 0 && kind_ >= Kind::device_reading;
  }
  FLM_NODISCARD Value value_of(uint8_t flow) const {
    return told_.flows[flow].seen != 0 ? told_.flows[flow].value : 0;
  }
  /// Bits of the power that was told: from the grid in total and by phase, to the grid (those four, further
  /// left), and with a sign.
  static constexpr uint16_t power_both = 0x11, power_net = 0x100, power_totals = power_both | power_net;
  static constexpr uint8_t to_export = 4, net_place = 8;

  FLM_OUTLINE Event store_flow(uint8_t c) {
    Flow& flow = flow_of_line();
    uint8_t place = element_;
    bool negative = false;
    if (is_power()) {
      negative = Fields::part_powers && word_.n.pair != 0;
      if (kind_ == Kind::export_power) {
        place = static_cast<uint8_t>(place + to_export);
        negative = !negative;
      }
      if (Fields::part_powers && kind_ == Kind::net_power) place = net_place;
    }
    const uint16_t bit = static_cast<uint16_t>(1u << place);
    const uint16_t seen = flow.seen;
    if ((seen & bit) != 0) return fault(Error::duplicate, c);
    flow.seen = static_cast<uint16_t>(seen | bit);
    Value value = word_.n.value;
    if (Fields::keeps(Register::power_import))
      told_.kept.put(element_, word_.n.pair != 0 ? static_cast<Value>(0 - value) : value);
    if (negative) value = static_cast<Value>(0 - value);
    // A total stands for its parts, of whatever is told later; and what has a sign for both totals.
    bool add = element_ != 0;
    bool told = (seen & 1) != 0;
    if (!Fields::part_powers && is_power()) {
      add = true;
      told = false;
    } else if (is_power()) {
      told = (seen & power_totals) != 0;
      if (place == 0 || place == to_export) {
        add = told;
        told = (seen & power_net) != 0;
      }
    } else {
      told = told && add;
    }
    if (told) return Event::none;
    if (add && seen != 0) value += flow.value;
    flow.value = value;
    return Event::none;
  }

  Event store_device(uint32_t type, uint8_t c) {
    if (type > 255) return fault(Error::value, c);
    if (!Fields::wants_device(static_cast<uint8_t>(type))) return Event::none;
    if (one_device) {
      told_.next_device = static_cast<uint8_t>(static_cast<unsigned>(element_) << 4 | (type & 0x0F));
      return Event::none;
    }
    // A channel that never gives a value leaves its place to the next: meters go on naming devices that were
    // replaced.
    Device* place = nullptr;
    for (uint8_t i = 0; i < Fields::devices; ++i) {
      Device& device = told_.devices[i];
      if (device.channel == element_) return fault(Error::duplicate, c);
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

  /// YYMMDDhhmmssX, two digits at a time: `value` is what they are so far, in years, then days, hours,
  /// minutes and seconds; `pair` the two digits being read, `unit` the number of days in the month.
  FLM_OUTLINE Event time(uint8_t c) {
    const uint8_t digit = static_cast<uint8_t>(c - '0');
    if (c == ')') return time_ends(c);
    if (c == '\n') return fault(Error::value, c);
    if (is<Kind::peak>()) {
      if (digit < 10) {
        told_.kept.begin(told_.kept.begun() * 10 + digit);
      } else if ((c == '.' || c == '*') && word_.n.digits != 0 &&
                 told_.kept.begun() < max_peak) {  // The value comes first.
        word_.n.value = told_.kept.begun();
        word_.n.digits = 1;
        told_.kept.set_value_first(true);
        state_ = State::number;
        return number(c);
      } else {
        told_.kept.begin(max_peak);
      }
    }
    if (digit < 10 && word_.n.digits < 12) {
      const uint8_t pair = static_cast<uint8_t>(word_.n.pair * 10 + digit);
      ++word_.n.digits;
      word_.n.pair = pair;
      if (!Fields::utc) {
        if (word_.n.digits <= 10) append(digit);
        if (Fields::checks_times && (word_.n.digits & 1) == 0) {
          word_.n.pair = 0;
          uint8_t last = 59, n = pair;
          if (word_.n.digits <= 6) {
            last = 41;  // Year 0 is that of meters which were never read; from 43 on the number runs over.
            if (word_.n.digits == 4) last = 11;
            if (word_.n.digits == 6) last = 30;
            --n;
          }
          if (word_.n.digits == 8) last = 23;
          if (n > last) word_.n.digits = not_a_time;
        }
      } else if ((word_.n.digits & 1) == 0) {
        word_.n.pair = 0;
        if (!add_pair(pair)) word_.n.digits = not_a_time;
      }
    } else if ((c == 'S' || c == 'W') && word_.n.digits == 12) {
      word_.n.digits = 13;
      if (Fields::utc && c == 'S') word_.n.value -= 3600;
    } else {
      word_.n.digits = not_a_time;
    }
    return Event::none;
  }

  /// False when it is none of this calendar.
  FLM_OUTLINE bool add_pair(uint8_t pair) {
    uint8_t units = 60;
    switch (word_.n.digits) {
      case 2: break;
      case 4: {
        if (static_cast<uint8_t>(pair - 1) > 11) return false;
        // Years begin with March here, so that the leap day is their last.
        uint8_t year = static_cast<uint8_t>(word_.n.value), month = static_cast<uint8_t>(pair - 3);
        uint8_t days = static_cast<uint8_t>(30 + ((pair ^ pair >> 3) & 1));
        if (pair < 3) {
          month = static_cast<uint8_t>(month + 12);
          if (pair == 2) days = (year & 3) == 0 ? 29 : 28;
          --year;
        }
        year = static_cast<uint8_t>(year + 4);
        word_.n.unit = days;
        word_.n.value = static_cast<uint16_t>(365u * year + (year >> 2) +
                                              (static_cast<uint16_t>(979u * month + 15u) >> 5));
        return true;
      }
      case 6:
        if (static_cast<uint8_t>(pair - 1) >= static_cast<uint8_t>(word_.n.unit)) return false;
        word_.n.value = static_cast<uint16_t>(static_cast<uint16_t>(word_.n.value) + pair);
        return true;
      case 8: units = 24; break;
      default: break;
    }
    word_.n.value = word_.n.value * units + pair;
    return pair < units || word_.n.digits == 2;
  }

  FLM_OUTLINE Event time_ends(uint8_t c) {
    const bool right =
        word_.n.digits == 13 || ((is<Kind::device_old>() || is<Kind::peak>()) && word_.n.digits == 12);
    uint32_t utc = right ? static_cast<uint32_t>(word_.n.value) : 0;
    if (Fields::utc && right)
      utc += detail::calendar_s - static_cast<uint32_t>(static_cast<int32_t>(Fields::winter_time_s));
    if (is<Kind::time>()) {
      if (told_.kept.taken(0)) return fault(Error::duplicate, c);
      if (!right) return fault(Error::time, c);
      told_.kept.put(0, utc);
    } else if (is<Kind::peak>()) {
      if (right && !told_.kept.taken(1) && (told_.kept.value_first() || !told_.kept.taken(0))) {
        if (word_.n.digits == 12 && is_summer(utc)) utc -= 3600;
        told_.kept.put(1, utc);
      }
    } else {
      Device& device = device_of_line();
      if (one_device) {
        const uint8_t type = told_.next_device & 0x0F;
        // Of several, the one of the lowest type; of the same, the newest: a meter that was never read, or
        // was replaced, stays behind.
        if (device.has_value &&
            (type > device.type || (Fields::checks_times && type == device.type && utc <= device.time))) {
          state_ = State::skip;
          return Event::none;
        }
        device.type = type;
        device.channel = element_;
      }
      device.has_value = false;
      device.time = utc;
    }
    Event event = Event::none;
    if (!right) event = fault(Error::time, c);
    state_ = is<Kind::time>() || (is<Kind::peak>() && told_.kept.value_first()) ? State::skip : State::closed;
    return event;
  }

  /// Is it summer time, at a time that was taken for winter time? It begins and ends at 1:00 UTC on the last
  /// Sundays of March and October (directive 2000/84/EC); in the hour that comes twice, it does.
  static bool is_summer(uint32_t utc) {
    // Days since 1 March 2000, a Wednesday; years from March on.
    const uint32_t hours = (utc - UINT32_C(951868800)) / 3600, days = hours / 24,
                   years = (days * 4 + 3) / 1461;
    const uint32_t of_year = days - (years * 1461 >> 2), weekday_31_march = (days - of_year + 30 + 3) % 7,
                   weekday_31_october = (weekday_31_march + 214) % 7;
    const uint32_t at = of_year * 24 + hours % 24;
    return at >= (30 - weekday_31_march) * 24 + 1 && at < (244 - weekday_31_october) * 24 + 2;
  }

  /// The states that are seldom.
  FLM_OUTLINE Event rest(uint8_t c) {
    if (state_ == State::text) {
      if (c == ')') state_ = State::skip;
    } else if (c == '\n') {
      state_ = State::line_start;
    } else if (state_ == State::identity) {
      equipment_ = crc16_arc_seldom(equipment_, c);
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

  static constexpr uint8_t behind_point = 0x80;
  static constexpr uint8_t digits_max = 12;         ///< of a number; the longest published have 11
  static constexpr uint32_t max_peak = 1000000000;  ///< W, of the month's peak
  static constexpr uint8_t not_a_time = 0x80;       ///< in `digits`
  static constexpr bool one_device = Fields::devices == 1;
  static constexpr bool wants_heat =
      Fields::wants_device(device::heat) || Fields::wants_device(device::cooling);
  static constexpr bool wants_energy = Fields::wants_device(device::electricity);

  struct Obis {
    uint8_t a, b, c, d, e;
    uint8_t phase;  ///< 1 to 3 when C is that of a phase, less 20, 40 or 60
  };
  struct Number {
    Value value;
    uint16_t unit;   ///< as unit_of(); of a time the days in its month; behind '!' the CRC
    uint8_t digits;  ///< digits read; behind the point, behind_point and the decimals
    uint8_t pair;    ///< of a time: the two digits being read; of power: 1 behind a '-'
  };
  /// What a telegram has told so far.
  struct Told {
    Flow flows[3];
    uint8_t next_device;  ///< of one device: channel and type, 4 bits each, that was named last
    detail::Some<Device, Fields::devices> devices;
    detail::Kept<Value, place_of<Fields>(Register::count)> kept;
  };
  /// One after the other in a line.
  union Word {
    Obis obis;
    Number n;
  };

  State state_ = State::idle;
  uint8_t flags_ = 0;
  uint8_t slash_ =
      0;  ///< place behind a '/' that may begin a header, and 0x80 behind a ')'; 0: there is none
  uint8_t group_ =
      0;  ///< the marks between the numbers of the OBIS code, two bits each; then the group of the line
  Kind kind_ = Kind::import_power;  ///< zero, as all initial values: nothing of it is stored in flash
  uint8_t element_ = 0;             ///< E less that of the row; or channel, then place, of a device
  Error error_ = Error::noise;
  Word word_ = {};
  detail::Sum<Fields::checksums> sum_ = {}, header_sum_ = {};
  uint16_t equipment_ = 0;
  Told told_ = {};
  typename Fields::Count errors_[static_cast<uint8_t>(Error::count)] = {};
};

}  // namespace p1
}  // namespace protocol
}  // namespace flm

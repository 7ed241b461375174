// The parser of smart meter telegrams: its interface and its state. The steps of its state machine stand in
// the files that are named above their declarations.
#pragma once
#include <stdint.h>

#include "protocol/p1/crc.hpp"
#include "protocol/p1/events.hpp"
#include "protocol/p1/fields.hpp"
#include "protocol/p1/kept.hpp"
#include "protocol/p1/registers.hpp"
#include "toolchain/attributes.hpp"

namespace flm {
namespace protocol {
namespace p1 {

/// A meter's telegrams, byte by byte. `Fields`: what is wanted, as BoardFields; code and memory for the rest
/// do not exist.
template <class Fields>
class Parser {
 public:
  using Value = typename Fields::Value;

  /// The next byte of the line; returns what it has completed.
  FLM_NODISCARD Event push(uint8_t c) {
    // Where the parser is a global object, its members would be reached by address, in twice the flash.
    Parser* self = this;
    __asm__("" : "+r"(self));
    return self->take(c);
  }

  /// Permission for telegrams of DSMR 2.2 and 3, which end with a bare '!' and are refused without it.
  /// Nothing protects them, so of those each line must be a line of a telegram and each wanted value must be
  /// right.
  void accept_without_crc(bool yes) {
    flags_ = static_cast<uint8_t>(yes ? flags_ | takes_no_crc : flags_ & ~takes_no_crc);
  }

  /// @name Values of the telegram: after Event::telegram, until the next push().
  /// @{

  /// Whether there is a net energy: not if one of its registers was refused.
  FLM_NODISCARD bool has_net() const {
    const uint16_t seen = told_.flows[import_energy].seen | told_.flows[export_energy].seen;
    return seen != 0 && (seen & (bad_total | bad_part)) == 0;
  }
  /// Energy from the grid less energy to the grid, Wh; in 32 bits modulo 2^32, so that only differences
  /// count.
  FLM_NODISCARD typename Fields::Net net_wh() const {
    return static_cast<typename Fields::Net>(import_wh() - export_wh());
  }
  /// Energy from the grid, and to it, in Wh, modulo 2^32 where Fields::Value has no more: the total where the
  /// meter sends it, else the sum of its tariffs. Holds when has_net().
  FLM_NODISCARD Value import_wh() const { return value_of(import_energy); }
  FLM_NODISCARD Value export_wh() const { return value_of(export_energy); }

  /// Whether the telegram has the power, and all of it: a total, or else the phases.
  FLM_NODISCARD bool has_power() const {
    const uint16_t seen = told_.flows[power].seen;
    return seen != 0 && (seen & ((seen & power_totals) != 0 ? bad_total : bad_total | bad_part)) == 0;
  }
  /// Power from the grid less power to the grid, W; holds when has_power().
  FLM_NODISCARD int32_t power_w() const { return static_cast<int32_t>(told_.flows[power].value); }
  /// Number of the set of registers that the net energy is made of: the same number for the same set, and
  /// most others for another. 0 for the usual ones, as many tariffs in both directions.
  FLM_NODISCARD uint16_t energy_set() const {
    return told_.flows[import_energy].seen ^ told_.flows[export_energy].seen;
  }

  /// An M-Bus device, by its place 0 to Fields::devices - 1. Channel 0: there is none.
  FLM_NODISCARD const Device& device(uint8_t place) const { return told_.devices[place]; }

  /// Whether a CRC has protected the telegram.
  FLM_NODISCARD bool has_crc() const { return word_.number.digits != 0; }

  /// Number of the meter; that of a different meter differs, save for 1 in 65 536. Made of the header, the
  /// equipment identifier (0-0:96.1.0 and .1) and the logical device name (0-0:42.0.0).
  FLM_NODISCARD uint16_t equipment() const { return equipment_; }

  /// Whether the telegram has a register that Fields keeps.
  FLM_NODISCARD bool has(Register r) const { return Fields::keeps(r) && told_.kept.has(place_of<Fields>(r)); }
  /// Value of a register, in the unit that Register names; holds when has().
  FLM_NODISCARD Value get(Register r) const { return told_.kept.get(place_of<Fields>(r)); }
  /// @}

  /// Cause of the last refusal.
  FLM_NODISCARD Error error() const { return error_; }
  /// Count of refusals of a cause since the start or clear_errors(); stays at its highest value.
  FLM_NODISCARD typename Fields::Count errors(Error e) const { return counts_[static_cast<uint8_t>(e)]; }
  void clear_errors() {
    for (auto& count : counts_) count = 0;
  }
  /// Whether a telegram or its header has begun and not ended.
  FLM_NODISCARD bool in_telegram() const { return state_ >= State::crc; }

 protected:
  template <uint8_t I>
  struct Index {};
  static constexpr uint8_t no_number = 255;  ///< number of an OBIS code that has no digit yet
  static constexpr uint8_t marks_before_d = 1 << 4 | 2 << 2 | 3;      ///< marks_ after `-:.`
  static constexpr uint8_t all_marks = 1 << 6 | 2 << 4 | 3 << 2 | 3;  ///< marks_ after `-:..`

  /// Form of a row in a byte: what A, B and E must be.
  enum Form : uint8_t {
    form_a = 0x80,            ///< A is 1, and B 0 or 1; else both are 0
    form_channel = 0x40,      ///< B is a channel, 1 to 4
    form_from_1 = 0x20,       ///< E, or the phase, begins with 1
    form_phases = 0x10,       ///< E is 0, and the phase identifies the register
    form_span = 0x0F,         ///< last E, or phase, less the first one
    form_fits = 0x80 | 0x40,  ///< no form: all was compared, and fits
  };

  /// Place in the text: what the next byte is taken for.
  enum class State : uint8_t {
    idle,        ///< between telegrams, at the beginning of a line
    noise,       ///< between telegrams, after a byte that should not be there
    crc,         ///< after '!'
    line_start,  ///< beginning of a line; from here on all states are inside of a telegram, or its header
    skip,        ///< rest of a line that is not wanted
    id,          ///< OBIS code
    identity,    ///< text that says which meter this is
    number,      ///< digits of a value
    unit,        ///< letters after '*'
    time,        ///< digits of a time
    closed,      ///< after a ')', where a further group may follow
    store,   ///< after the ')' of a number that is right: it is stored with the next byte, so that no byte
             ///< costs too much
    ignore,  ///< unwanted group of a wanted line
    text     ///< text of one or several lines
  };
  /// Bits of flags_.
  enum : uint8_t {
    begun = 1,            ///< a telegram has begun, and its '!' has not come
    spoilt = 2,           ///< something in it was wrong; counts where no CRC protects it
    got_value = 4,        ///< it has had a value
    takes_no_crc = 8,     ///< accept_without_crc()
    wrong_before = 0x40,  ///< the CRC of the telegram before was wrong
    x25 = detail::x25_flag
  };
  static constexpr bool in_turn = Fields::checksums == Checksums::in_turn;

  // telegram.hpp: from '/' to the CRC after '!'.
  FLM_INLINE Event take(uint8_t c);
  FLM_OUTLINE Event outside(uint8_t c);
  FLM_INLINE Event inside(uint8_t c);
  FLM_OUTLINE Event after_slash(uint8_t c);
  FLM_OUTLINE Event wanted(uint8_t c);
  FLM_OUTLINE bool header_ends(uint8_t c);
  FLM_OUTLINE Event begin();
  FLM_OUTLINE Event judge();
  FLM_OUTLINE void count(Error e);
  inline Event refuse(Error e);
  FLM_OUTLINE Event fault(Error e, uint8_t c);
  FLM_OUTLINE Event rest(uint8_t c);

  // lines.hpp: the beginning of a line, its OBIS code, and the '(' of each of its groups.
  inline void odd_line();
  FLM_OUTLINE Event line_start(uint8_t c);
  FLM_OUTLINE Event id(uint8_t c);
  FLM_NODISCARD FLM_INLINE bool is_told(uint8_t phase) const;
  static FLM_INLINE uint8_t fold(uint8_t a, uint8_t& c);
  template <uint8_t I>
  FLM_INLINE bool any_row(Index<I>, uint8_t c) const;
  FLM_INLINE bool any_row(Index<row_count>, uint8_t) const { return false; }
  template <uint8_t I>
  FLM_INLINE bool fits();
  template <uint8_t I>
  FLM_INLINE uint8_t find(Index<I>);
  FLM_INLINE uint8_t find(Index<row_count>);
  FLM_INLINE void find();
  FLM_OUTLINE void open_group(uint8_t group);

  // numbers.hpp: a number with its unit, and where its value goes.
  FLM_INLINE void append(uint8_t digit);
  FLM_OUTLINE Event number(uint8_t c);
  FLM_OUTLINE Event unit(uint8_t c);
  FLM_NODISCARD FLM_INLINE uint8_t decimals_of_unit() const;
  FLM_OUTLINE Event finish(uint8_t c);
  FLM_OUTLINE Event store(uint8_t c);
  FLM_OUTLINE Event store_flow(uint8_t c);
  inline Event store_device(uint32_t type, uint8_t c);

  // time.hpp: a time, and which device's reading it belongs to.
  FLM_OUTLINE Event time(uint8_t c);
  FLM_OUTLINE bool add_pair(uint8_t pair);
  FLM_OUTLINE Event time_ends(uint8_t c);
  static inline bool is_summer(uint32_t utc);

  template <Kind kind>
  struct Wants {
    static constexpr bool value = wants_kind<Fields>(kind);
  };
  template <Kind kind>
  FLM_NODISCARD FLM_INLINE bool is() const {
    return Wants<kind>::value && kind_ == kind;
  }

  /// Energy in one direction, or power.
  struct Flow {
    Value value;  ///< Wh: the total, or the sum of the tariffs so far. W, in two's complement: of the totals,
                  ///< or of the phases so far
    uint16_t seen;  ///< registers so far: bit 0 the total, bits 1 to 9 the tariffs; of power as below; and
                    ///< bad_total, bad_part
  };
  static constexpr uint16_t bad_total = 0x8000;  ///< in `seen`: the total was refused
  static constexpr uint16_t bad_part = 0x4000;   ///< in `seen`: a tariff or a phase's power was refused
  /// Places in flows.
  enum : uint8_t { power, import_energy, export_energy };
  static constexpr uint8_t kinds_of_power = 3;
  static_assert(static_cast<uint8_t>(Kind::net_power) == kinds_of_power - 1 &&
                    static_cast<uint8_t>(Kind::export_energy) == kinds_of_power + 1,
                "the first kinds are the places in flows, those of power together");
  FLM_NODISCARD FLM_INLINE Device& device_of_line() { return told_.devices[one_device ? 0 : element_]; }
  FLM_NODISCARD FLM_INLINE const Device& device_of_line() const {
    return told_.devices[one_device ? 0 : element_];
  }
  /// Flow of the line, whose kind_ is one of the first.
  FLM_NODISCARD FLM_INLINE Flow& flow_of_line() {
    Flow* flow = told_.flows;
    for (uint8_t kind = static_cast<uint8_t>(kind_); kind >= kinds_of_power; --kind) ++flow;
    return *flow;
  }
  FLM_NODISCARD FLM_INLINE bool is_power() const { return kind_ <= Kind::net_power; }
  FLM_NODISCARD FLM_INLINE bool is_device() const {
    return Fields::devices != 0 && kind_ >= Kind::device_reading &&
           (!reads_reactive || kind_ <= Kind::device_old);
  }
  FLM_NODISCARD Value value_of(uint8_t flow) const {
    return told_.flows[flow].seen != 0 ? told_.flows[flow].value : 0;
  }
  /// Bits in `seen` of power: from the grid, total and phases (0 to 3), to the grid (4 to 7), with a sign
  /// (8).
  static constexpr uint16_t power_both = 0x11, power_net = 0x100, power_totals = power_both | power_net;
  static constexpr uint8_t to_export = 4, net_place = 8;

  static constexpr uint8_t no_unit_of_its =
      0xFF;  ///< in place of decimals: the unit is of a different quantity
  static constexpr uint8_t behind_point = 0x80;     ///< in `digits`: the decimals are counted from here
  static constexpr uint8_t digits_max = 12;         ///< in a number; the longest published have 11
  static constexpr uint32_t max_peak = 1000000000;  ///< limit of the month's peak, W
  static constexpr uint8_t not_a_time = 0x80;       ///< in `digits`: no time of this calendar
  static constexpr bool compares_codes = !all_told_by_form<Fields>();
  static constexpr bool c_over_phases = has_c_over_phases<Fields>();
  static constexpr bool reads_reactive =
      wants_kind<Fields>(Kind::reactive_energy) || wants_kind<Fields>(Kind::reactive_power);
  static constexpr bool one_device = Fields::devices == 1;
  static constexpr bool wants_heat =
      Fields::wants_device(device::heat) || Fields::wants_device(device::cooling);
  static constexpr bool wants_energy = Fields::wants_device(device::electricity);

  /// An OBIS code.
  struct Obis {
    uint8_t a, b, c, d, e;
    uint8_t phase;  ///< 1 to 3 where C was that of a phase, and is now less by 20, 40 or 60
  };
  /// A number, a time, or the CRC.
  struct Number {
    Value value;
    union {
      uint16_t unit;           ///< letters, as unit_of()
      uint16_t days_in_month;  ///< in a time: days in its month
      uint16_t crc;            ///< after '!'
    };
    uint8_t digits;  ///< count of digits; after the point, of decimals, and behind_point
    union {
      uint8_t pair;   ///< in a time: the two digits being read
      uint8_t minus;  ///< in power: 1 after a '-'
    };
  };
  /// Values of the telegram so far.
  struct Told {
    Flow flows[3];
    uint8_t named_device;  ///< where there is one device: channel and type, 4 bits each, that were named last
    detail::Some<Device, Fields::devices> devices;
    detail::Kept<Value, place_of<Fields>(Register::count)> kept;
  };
  /// Part of a line being read.
  union Word {
    Obis obis;
    Number number;
  };

  State state_ = State::idle;
  uint8_t flags_ = 0;
  uint8_t slash_place_ =
      0;  ///< bytes since a '/' that may begin a header, and 0x80 after a ')'; 0: there is none
  union {
    uint8_t marks_ = 0;  ///< marks of the OBIS code so far, two bits each: '-' 1, ':' 2, '.' 3
    uint8_t group_;      ///< group of the line, the first is 0
  };
  Kind kind_ = Kind::import_power;  ///< kind of the line; zero, as all initial values: nothing of it is
                                    ///< stored in flash
  uint8_t element_ = 0;  ///< E of the line less that of the row; or channel, then place, of a device
  Error error_ = Error::noise;
  Word word_ = {};
  detail::Sum<Fields::checksums> sum_ = {}, header_sum_ = {};
  uint16_t equipment_ = 0;
  Told told_ = {};
  typename Fields::Count counts_[static_cast<uint8_t>(Error::count)] = {};
};

}  // namespace p1
}  // namespace protocol
}  // namespace flm

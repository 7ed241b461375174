// A number with its unit, and where its value goes: energy and power, a register that is kept, a device.
#pragma once
#include <stdint.h>

#include "protocol/p1/parser.hpp"

namespace flm {
namespace protocol {
namespace p1 {

namespace detail {

/// Number of a unit, of 16 bits, made of its letters; no other unit of IEC 62056-62 has that of one that is
/// read here.
constexpr uint16_t unit_of(const char* letters) {
  uint16_t number = 0;
  for (; *letters != 0; ++letters)
    number = static_cast<uint16_t>(number * 33u + static_cast<uint8_t>(*letters));
  return number;
}
struct Units {
  static constexpr uint16_t kwh = unit_of("kWh"), wh = unit_of("Wh"), kw = unit_of("kW"), w = unit_of("W"),
                            v = unit_of("V"), a = unit_of("A"), m3 = unit_of("m3"), gj = unit_of("GJ"),
                            kvarh = unit_of("kvarh"), kvarh_capital = unit_of("kVArh"),
                            varh = unit_of("varh"), kvar = unit_of("kvar"), kvar_capital = unit_of("kVAr"),
                            var = unit_of("var");
};

}  // namespace detail

/// A digit more, modulo what Fields::Value holds.
template <class Fields>
void Parser<Fields>::append(uint8_t digit) {
  word_.number.value = word_.number.value * 10 + digit;
}

/// A byte of a number, up to '*' or ')'.
template <class Fields>
Event Parser<Fields>::number(uint8_t c) {
  const uint8_t digit = static_cast<uint8_t>(c - '0');
  const uint8_t digits = word_.number.digits;
  if (digit < 10) {
    if ((digits & 0x0F) == digits_max) return fault(Error::digits, c);
    word_.number.digits = static_cast<uint8_t>(digits + 1);
    append(digit);
    return Event::none;
  }
  if (c == ')') return finish(c);
  if (c == '.' && digits != 0 && digits < behind_point) {
    word_.number.digits = behind_point;
    return Event::none;
  }
  if (Fields::part_powers && c == '-' && digits == 0 && is_power()) {
    word_.number.minus = 1;
    return Event::none;
  }
  if (c != '*' || digits == 0) return fault(Error::value, c);
  word_.number.unit = 0;
  state_ = State::unit;
  return Event::none;
}

/// A byte of a unit.
template <class Fields>
Event Parser<Fields>::unit(uint8_t c) {
  if (c == ')') {
    if (!is<Kind::device_old>() || group_ != 5) return finish(c);
    state_ = State::closed;
    return Event::none;
  }
  if (c < ' ') return fault(Error::value, c);
  word_.number.unit = static_cast<uint16_t>(word_.number.unit * 33u + c);
  return Event::none;
}

/// Decimals between the unit of the value and that of the register: 3 for kWh, kW, kvarh, kvar, V, A, m3 and
/// GJ, 0 for Wh, W, varh, var and plain numbers; or no_unit_of_its.
template <class Fields>
uint8_t Parser<Fields>::decimals_of_unit() const {
  using detail::Units;
  const uint16_t unit = word_.number.unit;
  bool is_energy = is<Kind::import_energy>() || is<Kind::export_energy>();
  if (is_device()) {
    const uint8_t type = device_of_line().type;
    if (wants_heat && (type == device::heat || type >= device::cooling))
      return unit == Units::gj ? 3 : no_unit_of_its;
    if (!wants_energy || type != device::electricity) return unit == Units::m3 ? 3 : no_unit_of_its;
    is_energy = true;
  }
  if (is_energy) return unit == Units::kwh ? 3 : unit == Units::wh ? 0 : no_unit_of_its;
  if (is<Kind::plain>() || is<Kind::device_type>())
    return unit == 0 && word_.number.digits < behind_point ? 0 : no_unit_of_its;
  if (is<Kind::reactive_energy>())
    return unit == Units::kvarh || unit == Units::kvarh_capital ? 3
           : unit == Units::varh                                ? 0
                                                                : no_unit_of_its;
  if (is<Kind::reactive_power>())
    return unit == Units::kvar || unit == Units::kvar_capital ? 3 : unit == Units::var ? 0 : no_unit_of_its;
  if (is<Kind::voltage>()) return unit == Units::v ? 3 : no_unit_of_its;
  if (is<Kind::current>()) return unit == Units::a ? 3 : no_unit_of_its;
  return unit == Units::kw ? 3 : unit == Units::w ? 0 : no_unit_of_its;
}

/// End of a number, at its ')': the value is brought to the unit of its register.
template <class Fields>
Event Parser<Fields>::finish(uint8_t c) {
  const uint8_t digits = word_.number.digits;
  if (digits == 0 || digits == behind_point) return fault(Error::value, c);
  uint8_t decimals = decimals_of_unit();
  if (decimals == no_unit_of_its) return fault(Error::unit, c);
  if (digits > behind_point) decimals = static_cast<uint8_t>(decimals - (digits - behind_point));
  if (decimals > 3) return fault(Error::digits, c);
  if (decimals != 0) {
    uint16_t factor = 10;
    if (decimals == 2) factor = 100;
    if (decimals == 3) factor = 1000;
    word_.number.value *= factor;
  }
  if (sizeof(Value) > 4 && kind_ >= Kind::nothing && !is<Kind::reactive_energy>() &&
      word_.number.value >> 31 >> 1 != 0)
    return fault(Error::digits, c);
  state_ = State::store;
  return Event::none;
}

/// The byte after that ')': the value is stored.
template <class Fields>
Event Parser<Fields>::store(uint8_t c) {
  state_ = c == '\n' ? State::line_start : State::skip;
  flags_ = static_cast<uint8_t>(flags_ | got_value);
  if (kind_ < Kind::nothing) return store_flow(c);
  const Value value = word_.number.value;
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

/// Energy and power: a register more of a flow.
template <class Fields>
Event Parser<Fields>::store_flow(uint8_t c) {
  Flow& flow = flow_of_line();
  uint8_t place = element_;
  bool negative = false;
  if (is_power()) {
    negative = Fields::part_powers && word_.number.minus != 0;
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
  Value value = word_.number.value;
  if (Fields::keeps(Register::power_import))
    told_.kept.put(element_, word_.number.minus != 0 ? static_cast<Value>(0 - value) : value);
  if (negative) value = static_cast<Value>(0 - value);
  // A total stands for its parts, whatever comes later; and what has a sign for both totals.
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

/// Type of an M-Bus device: a place for the device of this channel.
template <class Fields>
Event Parser<Fields>::store_device(uint32_t type, uint8_t c) {
  if (type > 255) return fault(Error::value, c);
  if (!Fields::wants_device(static_cast<uint8_t>(type))) return Event::none;
  if (one_device) {
    told_.named_device = static_cast<uint8_t>(static_cast<unsigned>(element_) << 4 | (type & 0x0F));
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

}  // namespace p1
}  // namespace protocol
}  // namespace flm

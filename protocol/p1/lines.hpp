// A line of a telegram: its OBIS code, the row that knows it, and the groups `(...)` after it.
#pragma once
#include <stdint.h>

#include "protocol/p1/parser.hpp"

namespace flm {
namespace protocol {
namespace p1 {

/// First byte of a line.
template <class Fields>
Event Parser<Fields>::line_start(uint8_t c) {
  const uint8_t digit = static_cast<uint8_t>(c - '0');
  if (digit < 10) {
    word_.obis.e = digit;
    marks_ = 0;
    kind_ = Kind::nothing;
    state_ = State::id;
  } else if (c == '!') {
    word_.number.crc = 0;
    word_.number.digits = 0;
    state_ = State::crc;
  } else if (c == '(') {
    state_ = State::skip;
    if (Wants<Kind::device_old>::value && kind_ == Kind::device_old && group_ == 5) open_group(6);
  } else if (c != '\r' && c != '\n') {
    odd_line();
  }
  return Event::none;
}

/// A byte of an OBIS code, `A-B:C.D.E(`.
template <class Fields>
Event Parser<Fields>::id(uint8_t c) {
  Obis& obis = word_.obis;
  const uint8_t digit = static_cast<uint8_t>(c - '0');
  if (digit < 10) {
    const uint8_t before = obis.e == no_number ? 0 : obis.e;
    const uint16_t n = static_cast<uint16_t>(before * 10u + digit);
    obis.e = static_cast<uint8_t>(n);
    if (n < no_number) return Event::none;
  } else if (obis.e != no_number) {
    if (c == '(' && marks_ == all_marks) {
      find();
      open_group(0);
      return Event::none;
    }
    uint8_t mark = 0;
    if (c == '-') mark = 1;
    if (c == ':') mark = 2;
    if (c == '.') mark = 3;
    if (mark != 0 && marks_ < 64) {
      marks_ = static_cast<uint8_t>(marks_ << 2 | mark);
      obis.a = obis.b;
      obis.b = obis.c;
      obis.c = obis.d;
      obis.d = obis.e;
      obis.e = no_number;
      if (marks_ == marks_before_d) obis.phase = fold(obis.b, obis.d);
      // Most lines can be skipped from C on.
      if (marks_ == marks_before_d && (!any_row(Index<0>(), obis.d) || is_told(obis.phase)))
        state_ = State::skip;
      return Event::none;
    }
  }
  // Not a line of a P1 telegram; `1-0:1.8.0*255` is a line of a different kind of meter.
  odd_line();
  if (c == '\n') state_ = State::line_start;
  return Event::none;
}

/// A line that is not one of a P1 telegram, or not to its end.
template <class Fields>
void Parser<Fields>::odd_line() {
  state_ = State::skip;
  flags_ = static_cast<uint8_t>(flags_ | spoilt);
}

/// Whether a phase need not be read, as the totals have given the power and Fields keeps no phases.
template <class Fields>
bool Parser<Fields>::is_told(uint8_t phase) const {
  return Fields::part_powers && !Fields::keeps(Register::power_import_1) && phase != 0 &&
         (static_cast<uint8_t>(told_.flows[power].seen) & power_both) != 0;
}

/// Phase of C, 0 for none; C becomes that of the total.
template <class Fields>
uint8_t Parser<Fields>::fold(uint8_t a, uint8_t& c) {
  uint8_t phase = 0;
  if (Fields::part_powers && a == 1 && (!c_over_phases || c <= 80))
    for (; c > 20 && phase < 3; ++phase) c = static_cast<uint8_t>(c - 20);
  return phase;
}

/// Whether there is a row with this C.
template <class Fields>
template <uint8_t I>
bool Parser<Fields>::any_row(Index<I>, uint8_t c) const {
  constexpr Row row = rows[I];
  constexpr bool asked = wants_row<Fields>(I) && first_of_c<Fields>(I);
  return (asked && c == row.c) || any_row(Index<static_cast<uint8_t>(I + 1)>(), c);
}

/// Whether A, B and E of the line are those of a row; sets element_.
template <class Fields>
template <uint8_t I>
bool Parser<Fields>::fits() {
  constexpr Row row = rows[I];
  constexpr bool of_device = is_of_device(row);
  constexpr uint8_t more = static_cast<uint8_t>(first_element(row) - row.e.first);
  const uint8_t number = row.phases ? word_.obis.phase : word_.obis.e,
                none = row.phases ? word_.obis.e : word_.obis.phase;
  if (word_.obis.a != row.a || none != 0 ||
      static_cast<uint8_t>(word_.obis.b - row.b.first) > row.b.last - row.b.first ||
      static_cast<uint8_t>(number - row.e.first) > row.e.last - row.e.first)
    return false;
  element_ = of_device ? word_.obis.b : static_cast<uint8_t>(number + more);
  return true;
}

/// Row of C and D, compiled into comparisons with constants: sets kind_, and returns the form that A, B and E
/// must have. Where that does not identify the row, they are compared at once, and the form is form_fits.
template <class Fields>
template <uint8_t I>
uint8_t Parser<Fields>::find(Index<I>) {
  constexpr Row row = rows[I];
  constexpr bool wanted = wants_row<Fields>(I), by_form = told_by_form<Fields>(I),
                 of_device = is_of_device(row);
  constexpr uint8_t place =
      static_cast<uint8_t>(place_of<Fields>(row.first) - (by_form ? 0 : first_element(row)));
  if (wanted && word_.obis.c == row.c && word_.obis.d == row.d && (by_form || fits<I>())) {
    kind_ = row.kind;
    told_.kept.aim(place);
    if (!by_form) return form_fits;
    return static_cast<uint8_t>((row.a != 0 ? form_a : 0) | (of_device ? form_channel : 0) |
                                (row.e.first != 0 ? form_from_1 : 0) |
                                (!row.phases           ? row.e.last - row.e.first
                                 : Fields::part_powers ? form_phases | (row.e.last - row.e.first)
                                                       : 0));
  }
  return find(Index<static_cast<uint8_t>(I + 1)>());
}

/// No row is left.
template <class Fields>
uint8_t Parser<Fields>::find(Index<row_count>) {
  kind_ = Kind::nothing;
  return 0;
}

/// Row of the whole OBIS code: sets kind_ and element_.
template <class Fields>
void Parser<Fields>::find() {
  const uint8_t form = find(Index<0>());
  if (compares_codes && form == form_fits) return;
  const uint8_t channel = word_.obis.b;
  const uint8_t a = static_cast<uint8_t>(form >> 7), last = form & form_span;
  uint8_t element = word_.obis.e,
          none = Fields::part_powers ? word_.obis.phase : uint8_t{0};  // What must be 0.
  if (Fields::part_powers && (form & form_phases) != 0) {
    none = element;
    element = word_.obis.phase;
  }
  if ((form & form_from_1) != 0) --element;
  // B of electricity is 0, or 1 in Switzerland.
  if (word_.obis.a != a || element > last || none != 0 ||
      ((form & form_channel) != 0 ? static_cast<uint8_t>(channel - 1) > 3 : channel > a))
    kind_ = Kind::nothing;
  else if ((form & form_channel) != 0)
    element = channel;
  element_ = element;
}

/// State after a '(', by the kind of the register and the group of the line.
template <class Fields>
void Parser<Fields>::open_group(uint8_t group) {
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
        if (told_.named_device >> 4 == element_) next = State::time;
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
  word_.number.value = 0;
  word_.number.digits = 0;
  word_.number.pair = 0;
  if (group != 6) word_.number.unit = 0;
  if (is<Kind::peak>()) {
    told_.kept.begin(0);
    if (group == 0) told_.kept.set_value_first(false);
    if (group != 0 && told_.kept.value_first()) state_ = State::time;
  }
}

}  // namespace p1
}  // namespace protocol
}  // namespace flm

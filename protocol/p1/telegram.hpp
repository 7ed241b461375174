// A telegram's frame: header, bytes inside, '!' and CRC, and how it is accepted or refused.
#pragma once
#include <stdint.h>

#include "protocol/p1/parser.hpp"

namespace flm {
namespace protocol {
namespace p1 {

/// Any byte.
template <class Fields>
Event Parser<Fields>::take(uint8_t c) {
  if (state_ <= State::crc) return outside(c);
  sum_.add(c, flags_);
  if (c == 0) flags_ = static_cast<uint8_t>(flags_ | spoilt);
  return inside(c);
}

/// A byte between telegrams, or of the CRC.
template <class Fields>
Event Parser<Fields>::outside(uint8_t c) {
  Event event = Event::none;
  if (state_ == State::crc) {
    uint8_t digit = static_cast<uint8_t>(c - '0');
    if (digit > 9) {
      digit = static_cast<uint8_t>((c | 0x20) - ('a' - 10));
      if (digit < 10) digit = 16;
    }
    if (digit < 16) {
      if (word_.number.digits < 5) ++word_.number.digits;
      word_.number.crc = static_cast<uint16_t>(word_.number.crc * 16u + digit);
      return Event::none;
    }
    state_ = State::idle;
    flags_ = static_cast<uint8_t>(flags_ & ~begun);
    if (c == '\r' || c == '\n') return judge();
    event = refuse(c == '/' ? Error::cut : Error::crc_form);
  }
  if (c == '/') {
    state_ = State::skip;
    flags_ = static_cast<uint8_t>(flags_ & ~spoilt);
    slash_place_ = 0;
    (void)header_ends(c);
  } else if (c == '\r' || c == '\n') {
    state_ = State::idle;
  } else if (state_ == State::idle) {
    state_ = State::noise;
    count(Error::noise);
  }
  return event;
}

/// A byte of a telegram or its header, the '/' of a header between telegrams excepted; sum_ has it.
template <class Fields>
Event Parser<Fields>::inside(uint8_t c) {
  if (c == '/' || slash_place_ != 0) return after_slash(c);
  if (state_ != State::skip) return wanted(c);
  if (c == '\n') state_ = State::line_start;
  return Event::none;
}

/// A byte of a text that may be a header.
template <class Fields>
Event Parser<Fields>::after_slash(uint8_t c) {
  if (header_ends(c)) return begin();
  return (flags_ & begun) != 0 ? wanted(c) : Event::none;
}

/// A byte that means something.
template <class Fields>
Event Parser<Fields>::wanted(uint8_t c) {
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

/// End of a header: true with the byte that ends one. Takes every byte from a '/' on, since a meter that was
/// cut off starts anew in the middle of a line; a header differs from such a line by its end, which is no
/// ')'.
template <class Fields>
bool Parser<Fields>::header_ends(uint8_t c) {
  // The identification after /XXXZ has no '/' in it (IEC 62056-21, 6.3.2); the one of Holley meters begins
  // with one.
  if (c == '/' && (slash_place_ & 0x7F) != 5) {
    slash_place_ = 0;
    header_sum_.begin(flags_);
    if (state_ == State::line_start) state_ = State::skip;
  }
  header_sum_.add_seldom(c, flags_);
  if (c == '\n') {
    const bool is_header = (slash_place_ & 0x80) == 0;
    slash_place_ = 0;
    if (!is_header && (flags_ & begun) == 0) state_ = State::idle;
    return is_header;
  }
  if (c == '\r') return false;
  slash_place_ = static_cast<uint8_t>(slash_place_ & 0x7F);
  if (slash_place_ < 7) ++slash_place_;
  if (c == ')') slash_place_ = static_cast<uint8_t>(slash_place_ | 0x80);
  return false;
}

/// Beginning of a telegram: the header line is over.
template <class Fields>
Event Parser<Fields>::begin() {
  const bool was_begun = (flags_ & begun) != 0;
  sum_ = header_sum_;
  equipment_ = header_sum_.arc;
  state_ = State::line_start;
  flags_ = static_cast<uint8_t>((flags_ & (takes_no_crc | spoilt | wrong_before | x25)) |
                                begun);  // What begins inside of a spoilt telegram is spoilt as well.
  kind_ = Kind::nothing;
  // Values need not be cleared: one that has not been seen is never asked for.
  for (Flow& flow : told_.flows) flow.seen = 0;
  told_.named_device = 0;
  for (uint8_t i = 0; i < Fields::devices; ++i) {
    told_.devices[i].channel = 0;
    told_.devices[i].has_value = false;
  }
  told_.kept.clear();
  return was_begun ? refuse(Error::cut) : Event::none;
}

/// End of a telegram, after the CRC.
template <class Fields>
Event Parser<Fields>::judge() {
  if (word_.number.digits == 0) {
    if ((flags_ & takes_no_crc) == 0) return refuse(Error::no_crc);
    return (flags_ & (spoilt | got_value)) == got_value ? Event::telegram : refuse(Error::not_whole);
  }
  if (word_.number.digits > 4) return refuse(Error::crc_form);
  if (sum_.is(word_.number.crc, flags_)) {
    if (in_turn) flags_ = static_cast<uint8_t>(flags_ & ~wrong_before);
    return Event::telegram;
  }
  if (in_turn)
    flags_ = static_cast<uint8_t>(flags_ + wrong_before);  // The second in a row carries into `x25`.
  return refuse(Error::crc);
}

/// One more refusal of a cause, up to the highest count.
template <class Fields>
void Parser<Fields>::count(Error e) {
  auto& count = counts_[static_cast<uint8_t>(e)];
  if (static_cast<typename Fields::Count>(count + 1) != 0) ++count;
}

/// Refusal of a telegram.
template <class Fields>
Event Parser<Fields>::refuse(Error e) {
  error_ = e;
  count(e);
  return Event::refused;
}

/// Refusal of a value; the rest of its line is skipped.
template <class Fields>
Event Parser<Fields>::fault(Error e, uint8_t c) {
  state_ = c == '\n' ? State::line_start : State::skip;
  error_ = e;
  count(e);
  // A device that was never read must not spoil the rest.
  if (e != Error::time && !is_device()) flags_ = static_cast<uint8_t>(flags_ | spoilt);
  if (e == Error::duplicate) return Event::reading_refused;  // The first one stands.
  if (kind_ < Kind::nothing) flow_of_line().seen |= element_ == 0 ? bad_total : bad_part;
  return Event::reading_refused;
}

/// A byte in one of the rare states.
template <class Fields>
Event Parser<Fields>::rest(uint8_t c) {
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

}  // namespace p1
}  // namespace protocol
}  // namespace flm

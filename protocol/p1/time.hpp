// A time: checked, counted as the calendar does, and given to what it belongs to.
#pragma once
#include <stdint.h>

#include "protocol/p1/parser.hpp"

namespace flm {
namespace protocol {
namespace p1 {

namespace detail {

/// Unix time of day 0 of the calendar that the parser counts in: its day 1462 is 1 March 2000.
constexpr uint32_t calendar_s = UINT32_C(9555) * UINT32_C(86400);

}  // namespace detail

/// A byte of YYMMDDhhmmssX, two digits at a time: `value` is the time so far in years, then days, hours,
/// minutes and seconds.
template <class Fields>
Event Parser<Fields>::time(uint8_t c) {
  const uint8_t digit = static_cast<uint8_t>(c - '0');
  if (c == ')') return time_ends(c);
  if (c == '\n') return fault(Error::value, c);
  if (is<Kind::peak>()) {
    if (digit < 10) {
      told_.kept.begin(told_.kept.begun() * 10 + digit);
    } else if ((c == '.' || c == '*') && word_.number.digits != 0 &&
               told_.kept.begun() < max_peak) {  // The value comes first.
      word_.number.value = told_.kept.begun();
      word_.number.digits = 1;
      told_.kept.set_value_first(true);
      state_ = State::number;
      return number(c);
    } else {
      told_.kept.begin(max_peak);
    }
  }
  if (digit < 10 && word_.number.digits < 12) {
    const uint8_t pair = static_cast<uint8_t>(word_.number.pair * 10 + digit);
    ++word_.number.digits;
    word_.number.pair = pair;
    if (!Fields::utc) {
      if (word_.number.digits <= 10) append(digit);
      if (Fields::checks_times && (word_.number.digits & 1) == 0) {
        word_.number.pair = 0;
        uint8_t last = 59, n = pair;
        if (word_.number.digits <= 6) {
          last = 41;  // Year 0 is that of meters which were never read; from 43 on the number runs over.
          if (word_.number.digits == 4) last = 11;
          if (word_.number.digits == 6) last = 30;
          --n;
        }
        if (word_.number.digits == 8) last = 23;
        if (n > last) word_.number.digits = not_a_time;
      }
    } else if ((word_.number.digits & 1) == 0) {
      word_.number.pair = 0;
      if (!add_pair(pair)) word_.number.digits = not_a_time;
    }
  } else if ((c == 'S' || c == 'W') && word_.number.digits == 12) {
    word_.number.digits = 13;
    if (Fields::utc && c == 'S') word_.number.value -= 3600;
  } else {
    word_.number.digits = not_a_time;
  }
  return Event::none;
}

/// Two digits more; false if they are not possible in this calendar.
template <class Fields>
bool Parser<Fields>::add_pair(uint8_t pair) {
  uint8_t units = 60;
  switch (word_.number.digits) {
    case 2: break;
    case 4: {
      if (static_cast<uint8_t>(pair - 1) > 11) return false;
      // Years begin with March here, so that the leap day is their last.
      uint8_t year = static_cast<uint8_t>(word_.number.value), month = static_cast<uint8_t>(pair - 3);
      uint8_t days = static_cast<uint8_t>(30 + ((pair ^ pair >> 3) & 1));
      if (pair < 3) {
        month = static_cast<uint8_t>(month + 12);
        if (pair == 2) days = (year & 3) == 0 ? 29 : 28;
        --year;
      }
      year = static_cast<uint8_t>(year + 4);
      word_.number.days_in_month = days;
      word_.number.value =
          static_cast<uint16_t>(365u * year + (year >> 2) + (static_cast<uint16_t>(979u * month + 15u) >> 5));
      return true;
    }
    case 6:
      if (static_cast<uint8_t>(pair - 1) >= static_cast<uint8_t>(word_.number.days_in_month)) return false;
      word_.number.value = static_cast<uint16_t>(static_cast<uint16_t>(word_.number.value) + pair);
      return true;
    case 8: units = 24; break;
    default: break;
  }
  word_.number.value = word_.number.value * units + pair;
  return pair < units || word_.number.digits == 2;
}

/// End of a time, at its ')': the time goes to what it belongs to.
template <class Fields>
Event Parser<Fields>::time_ends(uint8_t c) {
  const bool right = word_.number.digits == 13 ||
                     ((is<Kind::device_old>() || is<Kind::peak>()) && word_.number.digits == 12);
  uint32_t utc = right ? static_cast<uint32_t>(word_.number.value) : 0;
  if (Fields::utc && right)
    utc += detail::calendar_s - static_cast<uint32_t>(static_cast<int32_t>(Fields::winter_time_s));
  if (is<Kind::time>()) {
    if (told_.kept.taken(0)) return fault(Error::duplicate, c);
    if (!right) return fault(Error::time, c);
    told_.kept.put(0, utc);
  } else if (is<Kind::peak>()) {
    if (right && !told_.kept.taken(1) && (told_.kept.value_first() || !told_.kept.taken(0))) {
      if (word_.number.digits == 12 && is_summer(utc)) utc -= 3600;
      told_.kept.put(1, utc);
    }
  } else {
    Device& device = device_of_line();
    if (one_device) {
      const uint8_t type = told_.named_device & 0x0F;
      // Among several devices the lowest type wins; within a type, the newest time: a meter that was never
      // read, or was replaced, loses.
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

/// Whether a time that was taken for winter time is one of summer time. It begins and ends at 1:00 UTC on the
/// last Sundays of March and October (directive 2000/84/EC); in the hour that comes twice, it does.
template <class Fields>
bool Parser<Fields>::is_summer(uint32_t utc) {
  // Days since 1 March 2000, a Wednesday; years from March on.
  const uint32_t hours = (utc - UINT32_C(951868800)) / 3600, days = hours / 24, years = (days * 4 + 3) / 1461;
  const uint32_t of_year = days - (years * 1461 >> 2), weekday_31_march = (days - of_year + 30 + 3) % 7,
                 weekday_31_october = (weekday_31_march + 214) % 7;
  const uint32_t at = of_year * 24 + hours % 24;
  return at >= (30 - weekday_31_march) * 24 + 1 && at < (244 - weekday_31_october) * 24 + 2;
}

}  // namespace p1
}  // namespace protocol
}  // namespace flm

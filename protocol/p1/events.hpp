// Reports of a parser of smart meter telegrams: events, causes of refusals, M-Bus devices.
#pragma once
#include <stdint.h>

namespace flm {
namespace protocol {
namespace p1 {

/// Event that a byte completes.
enum class Event : uint8_t {
  none,
  telegram,         ///< accepted: the values may be read until the next byte
  refused,          ///< a telegram was refused; error() says why
  reading_refused,  ///< one value of a telegram was refused; error() says why
};

/// Cause of a refusal.
enum class Error : uint8_t {
  noise,      ///< bytes outside of a telegram, counted once a line
  cut,        ///< a telegram began before the one before it had ended
  crc,        ///< the CRC is wrong
  crc_form,   ///< after '!' is something else than one to four hexadecimal digits
  no_crc,     ///< after '!' is nothing, and accept_without_crc() was not called
  not_whole,  ///< without CRC: a line was no line of a telegram, a value was refused, or there was none
  value,      ///< not a number, negative, or its group has no end
  digits,     ///< more digits than the register can have, or more decimals
  unit,       ///< without unit, or with one of a different quantity
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

}  // namespace p1
}  // namespace protocol
}  // namespace flm

// The control link as host software writes it: letters and decimal numbers ("sp 0 1 2 3 4 255"), to and from
// messages.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tools/mainboard/link/message.hpp"

namespace flm {

/// The message of a command line. Throws std::invalid_argument that says what is wrong and what is allowed. A
/// command that is not in protocol/commands.hpp is a message of its two letters.
Message message_of(std::string_view line);
/// A message or reply in decimal: "gc 0 1234".
std::string text_of(const Message&);

/// The characters on the wire for a command line, or for "u 04ff", which goes to the `u` channel. Throws
/// std::invalid_argument like message_of().
std::string encode_message(std::string_view line);
/// A reply's characters in decimal ("gc00000004d2" -> "gc 0 1234").
std::string decode_reply(std::string_view reply);

/// Something that a smart meter's line was refused for.
struct MeterRefusal {
  std::uint32_t count;  ///< since the board's reset, up to 255
  const char* name;     ///< as in JSON: "crc", ...
  const char* what;     ///< what was refused, and why: "telegrams refused, the CRC does not match"
};
/// Of the fields of a `gz` reply all of them, also with a count of 0; none of a shorter reply.
std::vector<MeterRefusal> meter_refusals(const std::vector<std::uint32_t>& gz);
/// "5 telegrams refused, the CRC does not match; ..." of those that are not 0; empty when nothing was
/// refused.
std::string meter_refusal_text(const std::vector<std::uint32_t>& gz);

}  // namespace flm

// The control link as host software writes it: letters and decimal numbers ("sp 0 1 2 3 4 255"), to and from
// messages.
#pragma once
#include <string>
#include <string_view>

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

}  // namespace flm

// The control link as host software writes it: letters and decimal numbers ("sp 0 1 2 3 4 255"), to and from
// wire text.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace flm {

/// The message for a command line, 'l' to '.', with its CRC. Throws std::invalid_argument saying what is
/// wrong and allowed. A command that is not in protocol/commands.hpp is sent as its two letters.
std::string encode_message(std::string_view line);

/// What the `u` channel said in what was read from the board ("lu04ff" -> 04 ff); nothing when it said
/// nothing, or no bytes.
std::vector<std::uint8_t> channel_bytes(std::string_view read);

/// A message for the `u` channel is `u` and hex digits. The control reply in what was read from the board
/// ("lgc0000000004a.u" -> "gc000000000"), without its CRC; nothing when there is none or its CRC is wrong.
std::optional<std::string> control_reply(std::string_view read);

/// A reply as host software writes it: letters, then the fields in decimal ("gc00000004d2" -> "gc 0 1234").
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

// Messages of the control link as values: commands to a board and its replies, to and from the characters on
// the wire.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace flm {

/// A command to a board, or its reply. Which numbers it has is said by protocol/commands.hpp: `gm` asks for a
/// value, `sm` brings one, and both are answered with it.
struct Message {
  char verb = 0;             ///< 'g': get, 's': set; 'c' and 'z' of "ct" and "zz"
  char letter = 0;           ///< letter of the property or report
  std::optional<int> index;  ///< sensor, clamp or port, from 0
  std::vector<std::uint32_t>
      values;        ///< fields in the order of the wire; of a report that repeats, all of them
  std::string rest;  ///< in a reply: characters that protocol/commands.hpp does not explain

  bool operator==(const Message&) const = default;
  [[nodiscard]] bool is(char a_verb, char a_letter) const { return verb == a_verb && letter == a_letter; }
};

inline Message get_message(char letter, std::optional<int> index = {}) {
  return {'g', letter, index, {}, {}};
}
inline Message set_message(char letter, std::optional<int> index, std::vector<std::uint32_t> values) {
  return {'s', letter, index, std::move(values), {}};
}
/// Saves settings and counters.
inline Message commit_message() { return {'c', 't', {}, {}, {}}; }

/// Whether the board understood a message and took what it says. Letters alone are the answer to an unknown
/// message, or to a value out of range; a report of an older firmware may have fewer fields than are known
/// here, but not none.
[[nodiscard]] bool is_answer(const Message& reply);
/// Whether a reply is that of a message: the same letters, and its index unless it is letters alone.
[[nodiscard]] bool answers(const Message& reply, const Message& message);
/// The reply to a message that the board found malformed, or to a commit that it cannot do.
[[nodiscard]] bool is_rejection(const Message& reply);

/// Whether a message of these letters is about one sensor, clamp or port.
[[nodiscard]] bool is_indexed(char verb, char letter);
/// Hex digits of each number that a message to the board has: its index, then its values.
std::vector<int> digits_of(char verb, char letter);

/// The message on the wire, 'l' to '.', with its CRC. Throws std::invalid_argument for numbers that it does
/// not take.
std::string encode(const Message&);
/// A reply on the wire, as a board writes it, for a message that protocol/commands.hpp knows.
std::string encode_reply(const Message&);
/// A message or reply without 'l', CRC and '.': "gc00000004d2". Of fewer than two characters: nothing is
/// known.
Message decode(std::string_view body);

/// The control reply in what was read from the board ("lgc0000000004a.u" -> "gc000000000"), without its CRC;
/// nothing without a reply, or if its CRC is wrong.
std::optional<std::string> control_reply(std::string_view read);

/// A message for the `u` channel: a radio packet, or bytes for RS-485.
std::string encode_channel(const std::vector<std::uint8_t>& bytes);
/// Bytes of the `u` channel in what was read from the board ("lu04ff" -> 04 ff); may be empty.
std::vector<std::uint8_t> channel_bytes(std::string_view read);

}  // namespace flm

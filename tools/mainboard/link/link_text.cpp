#include "tools/mainboard/link/link_text.hpp"

#include <fmt/format.h>

#include <charconv>
#include <stdexcept>
#include <vector>

#include "tools/common/input_error.hpp"  // visible

namespace flm {
namespace {

std::vector<std::string_view> words(std::string_view line) {
  std::vector<std::string_view> result;
  while (true) {
    const auto start = line.find_first_not_of(' ');
    if (start == line.npos) return result;
    line.remove_prefix(start);
    const auto end = line.find(' ');
    result.push_back(line.substr(0, end));
    if (end == line.npos) return result;
    line.remove_prefix(end);
  }
}

}  // namespace

Message message_of(std::string_view line) {
  const auto parts = words(line);
  const auto is_letter = [](char c) { return c >= 'a' && c <= 'z'; };
  if (parts.empty() || parts[0].size() != 2 || !is_letter(parts[0][0]) || !is_letter(parts[0][1]))
    throw std::invalid_argument(fmt::format(
        "'{}' is not a command; allowed: two letters, then decimal numbers, as in \"gc 0\"", visible(line)));
  const std::vector<int> digits = digits_of(parts[0][0], parts[0][1]);
  if (parts.size() - 1 != digits.size())
    throw std::invalid_argument(fmt::format("'{}' has {} numbers; allowed: {} takes {}", visible(line),
                                            parts.size() - 1, parts[0], digits.size()));
  std::vector<std::uint32_t> numbers;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    const std::string_view word = parts[i + 1];
    const std::uint64_t limit = (std::uint64_t{1} << (4 * digits[i])) - 1;
    std::uint64_t value = 0;
    const auto result = std::from_chars(word.data(), word.data() + word.size(), value);
    if (result.ec != std::errc{} || result.ptr != word.data() + word.size() || value > limit)
      throw std::invalid_argument(
          fmt::format("'{}': '{}' is out of range; allowed: 0 to {}", visible(line), visible(word), limit));
    numbers.push_back(static_cast<std::uint32_t>(value));
  }
  Message message{parts[0][0], parts[0][1], {}, std::move(numbers), {}};
  if (is_indexed(message.verb, message.letter)) {
    message.index = static_cast<int>(message.values.front());
    message.values.erase(message.values.begin());
  }
  return message;
}

std::string text_of(const Message& message) {
  std::string text{message.verb, message.letter};
  if (message.index) text += fmt::format(" {}", *message.index);
  for (const std::uint32_t value : message.values) text += fmt::format(" {}", value);
  if (!message.rest.empty()) text += fmt::format(" {}", message.rest);
  return text;
}

std::string encode_message(std::string_view line) {
  const auto parts = words(line);
  if (parts.empty() || parts[0] != "u") return encode(message_of(line));
  const std::vector<std::uint8_t> bytes =
      parts.size() == 2 ? channel_bytes(std::string("u").append(parts[1])) : std::vector<std::uint8_t>();
  if (bytes.empty() || bytes.size() * 2 != parts[1].size())
    throw std::invalid_argument(fmt::format(
        "'{}' is not a message for the u channel; allowed: u and two hex digits a byte, as in \"u 04ff\"",
        visible(line)));
  return encode_channel(bytes);
}

std::string decode_reply(std::string_view reply) {
  return reply.size() < 2 ? std::string(reply) : text_of(decode(reply));
}

}  // namespace flm

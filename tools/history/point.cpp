#include "tools/history/point.hpp"

#include <algorithm>
#include <charconv>
#include <limits>

namespace flm::history {
namespace {

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// A JSON number in its parts.
struct Parts {
  bool negative = false;
  std::string_view whole, fraction;
  int exponent = 0;  ///< -9999 to 9999: what is beyond is zero or out of range all the same
};

std::string_view digits(std::string_view text, std::size_t& at) {
  const std::size_t begin = at;
  while (at < text.size() && is_digit(text[at])) ++at;
  return text.substr(begin, at - begin);
}

std::optional<Parts> parts_of(std::string_view text) {
  Parts parts;
  std::size_t at = 0;
  const auto next_is = [&](char c) { return at < text.size() && text[at] == c; };
  if (next_is('-')) parts.negative = true, ++at;
  parts.whole = digits(text, at);
  if (parts.whole.empty() || (parts.whole.size() > 1 && parts.whole.front() == '0')) return std::nullopt;
  if (next_is('.')) {
    parts.fraction = digits(text, ++at);
    if (parts.fraction.empty()) return std::nullopt;
  }
  if (next_is('e') || next_is('E')) {
    ++at;
    const bool down = next_is('-');
    if (down || next_is('+')) ++at;
    const std::string_view power = digits(text, at);
    if (power.empty()) return std::nullopt;
    for (const char c : power) parts.exponent = std::min(parts.exponent * 10 + (c - '0'), 9999);
    if (down) parts.exponent = -parts.exponent;
  }
  if (at != text.size()) return std::nullopt;
  return parts;
}

}  // namespace

void append_decimal(std::string& text, Milli value) {
  char buffer[24];
  char* end = buffer;
  // The magnitude of the lowest value has no place in Milli.
  auto magnitude = static_cast<std::uint64_t>(value);
  if (value < 0) {
    magnitude = 0 - magnitude;
    *end++ = '-';
  }
  end = std::to_chars(end, buffer + sizeof buffer, magnitude / 1000).ptr;
  if (const auto thousandths = static_cast<unsigned>(magnitude % 1000); thousandths != 0) {
    *end++ = '.';
    *end++ = static_cast<char>('0' + thousandths / 100);
    *end++ = static_cast<char>('0' + thousandths / 10 % 10);
    *end++ = static_cast<char>('0' + thousandths % 10);
    while (end[-1] == '0') --end;
  }
  text.append(buffer, end);
}

std::string decimal(Milli value) {
  std::string text;
  append_decimal(text, value);
  return text;
}

std::optional<Milli> parse_decimal(std::string_view text) {
  const std::optional<Parts> parts = parts_of(text);
  if (!parts) return std::nullopt;
  const std::size_t count = parts->whole.size() + parts->fraction.size();
  const auto digit = [&](std::size_t i) {
    const char c = i < parts->whole.size() ? parts->whole[i] : parts->fraction[i - parts->whole.size()];
    return static_cast<unsigned>(c - '0');
  };
  // Digits before the thousandths' end: negative when the first digit is smaller than a tenth of a
  // thousandth.
  const auto kept = static_cast<std::int64_t>(parts->whole.size()) + parts->exponent + 3;
  std::uint64_t magnitude = 0;
  for (std::int64_t i = 0; i < kept; ++i) {
    const unsigned next = static_cast<std::size_t>(i) < count ? digit(static_cast<std::size_t>(i)) : 0;
    if (magnitude == 0 && static_cast<std::size_t>(i) >= count) break;  // Zero, whatever its exponent.
    if (__builtin_mul_overflow(magnitude, std::uint64_t{10}, &magnitude) ||
        __builtin_add_overflow(magnitude, std::uint64_t{next}, &magnitude))
      return std::nullopt;
  }
  // Halves go up: away from zero for a positive number, towards it for a negative one.
  if (kept >= 0 && static_cast<std::size_t>(kept) < count) {
    const auto first = static_cast<std::size_t>(kept);
    bool more = false;
    for (std::size_t i = first + 1; i < count && !more; ++i) more = digit(i) != 0;
    if (digit(first) > 5 || (digit(first) == 5 && (more || !parts->negative))) ++magnitude;
  }
  const std::uint64_t highest =
      static_cast<std::uint64_t>(std::numeric_limits<Milli>::max()) + (parts->negative ? 1 : 0);
  if (magnitude > highest) return std::nullopt;
  return static_cast<Milli>(parts->negative ? 0 - magnitude : magnitude);
}

}  // namespace flm::history

#include "tools/mainboard/link/message.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <charconv>
#include <stdexcept>

#include "protocol/commands.hpp"
#include "protocol/crc8.hpp"

namespace flm {
namespace {

constexpr int index_digits = 2;

/// A row of protocol/commands.hpp, of a property or of a report.
struct Row {
  bool known = false, report = false, indexed = false, repeats = false;
  std::vector<int> digits;  ///< hex digits of each field of the value
};

template <class TableRow>
Row row(const TableRow& of) {
  Row row;
  row.known = true;
  row.indexed = of.index != protocol::Index::none;
  for (const std::uint8_t digits : of.field_digits)
    if (digits != 0) row.digits.push_back(digits);
  return row;
}

Row row_of(char verb, char letter) {
  using Properties = protocol::PropertyTable;
  using Reports = protocol::ReportTable;
  if (verb != 'g' && verb != 's') return {};
  if (const auto place = Properties::find(letter); place < Properties::count)
    return row(Properties::properties[place]);
  const auto place = Reports::find(letter);
  if (verb != 'g' || place == Reports::count) return {};
  Row report = row(Reports::reports[place]);
  report.report = true;
  report.repeats = Reports::reports[place].repeats;
  return report;
}

std::uint8_t crc_of(std::string_view text) {
  std::uint8_t crc = 0;
  for (const char c : text) crc = protocol::crc8_maxim(crc, static_cast<std::uint8_t>(c));
  return crc;
}

}  // namespace

bool is_indexed(char verb, char letter) { return row_of(verb, letter).indexed; }

std::vector<int> digits_of(char verb, char letter) {
  const Row row = row_of(verb, letter);
  std::vector<int> digits;
  if (row.indexed) digits.push_back(index_digits);
  if (verb == 's') digits.insert(digits.end(), row.digits.begin(), row.digits.end());
  return digits;
}

bool is_answer(const Message& reply) {
  if (reply.is('c', 't')) return true;
  const Row row = row_of(reply.verb, reply.letter);
  if (!row.known) return !reply.rest.empty();
  if (row.report) return row.repeats || reply.index || !reply.values.empty();
  return reply.values.size() == row.digits.size() && reply.index.has_value() == row.indexed &&
         reply.rest.empty();
}

bool is_rejection(const Message& reply) { return reply.is('z', 'z') || reply.is('z', 'y'); }

bool answers(const Message& reply, const Message& message) {
  if (!reply.is(message.verb, message.letter)) return false;
  const bool letters_alone = !reply.index && reply.values.empty() && reply.rest.empty();
  return letters_alone || reply.index == message.index;
}

std::string encode(const Message& message) {
  std::vector<std::uint32_t> numbers = message.values;
  if (message.index) numbers.insert(numbers.begin(), static_cast<std::uint32_t>(*message.index));
  const std::vector<int> digits = digits_of(message.verb, message.letter);
  std::string body{message.verb, message.letter};
  bool fits = numbers.size() == digits.size() && message.rest.empty();
  for (std::size_t i = 0; fits && i < digits.size(); ++i) {
    fits = std::uint64_t{numbers[i]} < std::uint64_t{1} << 4 * digits[i];
    body += fmt::format("{:0{}x}", numbers[i], digits[i]);
  }
  if (!fits)
    throw std::invalid_argument(
        fmt::format("'{}{}' with {} numbers is not a message; allowed: {} numbers of {} hex digits",
                    message.verb, message.letter, numbers.size(), digits.size(), fmt::join(digits, ", ")));
  return fmt::format("l{}{:02x}.", body, crc_of(body));
}

std::string encode_reply(const Message& reply) {
  const std::vector<int> digits = row_of(reply.verb, reply.letter).digits;
  std::string body{reply.verb, reply.letter};
  if (reply.index) body += fmt::format("{:0{}x}", *reply.index, index_digits);
  for (std::size_t i = 0; i < reply.values.size() && !digits.empty(); ++i)
    body += fmt::format("{:0{}x}", reply.values[i], digits[i % digits.size()]);
  return fmt::format("l{}{:02x}.", body, crc_of(body));
}

Message decode(std::string_view body) {
  if (body.size() < 2) return {};
  Message message{body[0], body[1], {}, {}, {}};
  body.remove_prefix(2);
  const Row row = row_of(message.verb, message.letter);
  const auto take = [&body](int digits) {
    std::uint32_t value = 0;
    const std::string_view field = body.substr(0, static_cast<std::size_t>(digits));
    std::from_chars(field.data(), field.data() + field.size(), value, 16);
    body.remove_prefix(field.size());
    return value;
  };
  if (row.indexed && !body.empty()) message.index = static_cast<int>(take(index_digits));
  do {
    for (const int digits : row.digits)
      if (!body.empty()) message.values.push_back(take(digits));
  } while (row.repeats && !body.empty());
  message.rest = body;
  return message;
}

std::optional<std::string> control_reply(std::string_view read) {
  if (read.empty() || read.front() != 'l') return std::nullopt;
  const auto end = read.find('.');
  if (end == read.npos || end < 5) return std::nullopt;
  const std::string_view body = read.substr(1, end - 3), crc = read.substr(end - 2, 2);
  if (crc != fmt::format("{:02x}", crc_of(body))) return std::nullopt;
  return std::string(body);
}

std::string encode_channel(const std::vector<std::uint8_t>& bytes) {
  return fmt::format("u{:02x}", fmt::join(bytes, ""));
}

std::vector<std::uint8_t> channel_bytes(std::string_view read) {
  std::vector<std::uint8_t> bytes;
  const auto start = read.rfind('u');
  if (start == read.npos) return bytes;
  const std::string_view digits = read.substr(start + 1);
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
    std::uint8_t value = 0;
    const auto result = std::from_chars(digits.data() + i, digits.data() + i + 2, value, 16);
    if (result.ec != std::errc{} || result.ptr != digits.data() + i + 2) return {};
    bytes.push_back(value);
  }
  return bytes;
}

}  // namespace flm

#include "tools/mainboard/link/link_text.hpp"

#include <fmt/format.h>

#include <charconv>
#include <iterator>
#include <stdexcept>
#include <utility>
#include <vector>

#include "protocol/commands.hpp"
#include "protocol/crc8.hpp"
#include "tools/common/input_error.hpp"  // visible

namespace flm {
namespace {

using protocol::PropertyTable;

const protocol::Property* property_of(std::string_view letters) {
  if (letters.size() < 2 || (letters[0] != 'g' && letters[0] != 's')) return nullptr;
  const std::size_t place = PropertyTable::find(letters[1]);
  return place < PropertyTable::count ? &PropertyTable::properties[place] : nullptr;
}

const protocol::Report* report_of(std::string_view letters) {
  if (letters.size() < 2 || letters[0] != 'g') return nullptr;
  for (const protocol::Report& report : protocol::ReportTable::reports)
    if (report.letter == letters[1]) return &report;
  return nullptr;
}

/// Digits of each number that follows the letters: the index, then the value's fields.
template <class Row>
std::vector<int> field_digits(const Row& row, bool with_value) {
  std::vector<int> digits;
  if (row.index != protocol::Index::none) digits.push_back(2);
  if (with_value)
    for (const std::uint8_t d : row.field_digits)
      if (d != 0) digits.push_back(d);
  return digits;
}

std::uint8_t crc_of(std::string_view text) {
  std::uint8_t crc = 0;
  for (const char c : text) crc = protocol::crc8_maxim(crc, static_cast<std::uint8_t>(c));
  return crc;
}

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

std::string encode_message(std::string_view line) {
  const auto parts = words(line);
  if (!parts.empty() && parts[0] == "u") {
    std::string written = parts.size() == 2 ? std::string("u").append(parts[1]) : std::string();
    if (written.size() % 2 == 0 || channel_bytes(written).size() != written.size() / 2)
      throw std::invalid_argument(fmt::format(
          "'{}' is no message for the u channel; allowed: u and two hex digits a byte, as in \"u 04ff\"",
          visible(line)));
    return written;
  }
  const auto is_letter = [](char c) { return c >= 'a' && c <= 'z'; };
  if (parts.empty() || parts[0].size() != 2 || !is_letter(parts[0][0]) || !is_letter(parts[0][1]))
    throw std::invalid_argument(fmt::format(
        "'{}' is no command; allowed: two letters, then decimal numbers, as in \"gc 0\"", visible(line)));
  std::string body(parts[0]);
  const protocol::Property* property = property_of(parts[0]);
  const protocol::Report* report = report_of(parts[0]);
  const auto digits = property ? field_digits(*property, parts[0][0] == 's')
                      : report ? field_digits(*report, false)
                               : std::vector<int>{};
  if (parts.size() - 1 != digits.size())
    throw std::invalid_argument(fmt::format("'{}' has {} numbers; allowed: {} takes {}", visible(line),
                                            parts.size() - 1, parts[0], digits.size()));
  for (std::size_t i = 0; i < digits.size(); ++i) {
    const std::string_view word = parts[i + 1];
    const std::uint64_t limit = (std::uint64_t{1} << (4 * digits[i])) - 1;
    std::uint64_t value = 0;
    const auto result = std::from_chars(word.data(), word.data() + word.size(), value);
    if (result.ec != std::errc{} || result.ptr != word.data() + word.size() || value > limit)
      throw std::invalid_argument(
          fmt::format("'{}': '{}' is out of range; allowed: 0 to {}", visible(line), visible(word), limit));
    body += fmt::format("{:0{}x}", value, digits[i]);
  }
  return fmt::format("l{}{:02x}.", body, crc_of(body));
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

std::optional<std::string> control_reply(std::string_view read) {
  if (read.empty() || read.front() != 'l') return std::nullopt;
  const auto end = read.find('.');
  if (end == read.npos || end < 5) return std::nullopt;
  const std::string_view body = read.substr(1, end - 3), crc = read.substr(end - 2, 2);
  if (crc != fmt::format("{:02x}", crc_of(body))) return std::nullopt;
  return std::string(body);
}

std::string decode_reply(std::string_view reply) {
  std::string text(reply.substr(0, 2));
  std::string_view rest = reply.substr(text.size());
  const auto take = [&](int digits) {
    std::uint64_t value = 0;
    const std::string_view field = rest.substr(0, static_cast<std::size_t>(digits));
    std::from_chars(field.data(), field.data() + field.size(), value, 16);
    rest.remove_prefix(field.size());
    text += fmt::format(" {}", value);
  };
  if (const protocol::Report* report = report_of(text)) {
    do {
      for (const int digits : field_digits(*report, true))
        if (!rest.empty()) take(digits);
    } while (report->repeats && !rest.empty());
  } else if (const protocol::Property* property = property_of(text)) {
    for (const int digits : field_digits(*property, true))
      if (!rest.empty()) take(digits);
  }
  if (!rest.empty()) text += fmt::format(" {}", rest);
  return text;
}

std::vector<MeterRefusal> meter_refusals(const std::vector<std::uint32_t>& gz) {
  // In the order of protocol::p1::Error, and at the end what the board could not read in time.
  constexpr std::pair<const char*, const char*> kinds[] = {
      {"noise", "lines outside of a telegram"},
      {"cut", "telegrams refused, they have no end"},
      {"crc", "telegrams refused, the CRC does not match"},
      {"crc_form", "telegrams refused, what stands behind '!' is no CRC"},
      {"no_crc", "telegrams refused, they have no CRC and without_crc is not set"},
      {"not_whole", "telegrams without CRC refused, a line or value is wrong"},
      {"value", "values refused, they are no numbers"},
      {"digits", "values refused, they have too many digits"},
      {"unit", "values refused, their unit is another"},
      {"time", "times refused, they are none of the calendar"},
      {"duplicate", "values left out, their register was there before"},
      {"overrun", "bytes lost, the board could not read them in time"}};
  constexpr std::size_t first = 7;
  std::vector<MeterRefusal> all;
  if (gz.size() < first + std::size(kinds)) return all;
  for (std::size_t i = 0; i < std::size(kinds); ++i)
    all.push_back({gz[first + i], kinds[i].first, kinds[i].second});
  return all;
}

std::string meter_refusal_text(const std::vector<std::uint32_t>& gz) {
  std::string text;
  for (const MeterRefusal& one : meter_refusals(gz))
    if (one.count != 0)
      text += fmt::format("{}{}{} {}", text.empty() ? "" : "; ", one.count,
                          one.count == 255 && std::string_view(one.name) != "overrun" ? " or more" : "",
                          one.what);
  return text;
}

}  // namespace flm

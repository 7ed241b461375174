// Shared by the tests of the P1 parser: telegrams built from lines, files, and everything that a parser
// reports of its input.
#pragma once
#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "protocol/crc16.hpp"
#include "protocol/p1/block.hpp"

namespace flm::test {

namespace p1 = protocol::p1;

inline std::string read_text(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// A table with tabs: one map a line, by the names in its first line.
inline std::vector<std::map<std::string, std::string>> read_tsv(const std::filesystem::path& file) {
  std::vector<std::map<std::string, std::string>> table;
  std::vector<std::string> names;
  std::istringstream lines(read_text(file));
  for (std::string line; std::getline(lines, line);) {
    std::vector<std::string> cells(1);
    for (const char c : line)
      if (c == '\t')
        cells.emplace_back();
      else
        cells.back() += c;
    if (names.empty()) {
      names = cells;
      continue;
    }
    cells.resize(names.size());
    auto& row = table.emplace_back();
    for (std::size_t i = 0; i < names.size(); ++i) row[names[i]] = cells[i];
  }
  return table;
}

/// The CRC of DSMR P1 5.0.2, 6.2, by the bit loop that the rest of the project uses.
inline std::uint16_t crc_of(const std::string& text) {
  std::uint16_t crc = 0;
  for (const char c : text) crc = protocol::crc16_arc(crc, static_cast<std::uint8_t>(c));
  return crc;
}

/// A telegram of some lines, with the right CRC.
inline std::string telegram(const std::vector<std::string>& lines, const std::string& header = "ABC5\\test") {
  std::string text = "/" + header + "\r\n\r\n";
  for (const std::string& line : lines) text += line + "\r\n";
  text += "!";
  return text + fmt::format("{:04X}\r\n", crc_of(text));
}
/// The telegram without CRC.
inline std::string bare_telegram(const std::vector<std::string>& lines) {
  const std::string text = telegram(lines);
  return text.substr(0, text.size() - 6) + "\r\n";
}

/// All values of an accepted telegram, as text.
template <class Fields>
std::string values_of(const p1::Parser<Fields>& parser) {
  std::string text = fmt::format("meter {:04x}", parser.equipment());
  if (parser.has_net())
    text +=
        fmt::format(" import {} export {} net {}", parser.import_wh(), parser.export_wh(), parser.net_wh());
  if (parser.has_power()) text += fmt::format(" power {}", parser.power_w());
  for (std::uint8_t r = 0; r < static_cast<std::uint8_t>(p1::Register::count); ++r)
    if (parser.has(static_cast<p1::Register>(r)))
      text += fmt::format(" r{}={}", r, parser.get(static_cast<p1::Register>(r)));
  for (std::uint8_t i = 0; i < Fields::devices; ++i) {
    const p1::Device& device = parser.device(i);
    if (device.channel != 0) text += fmt::format(" ch{} type {}", device.channel, device.type);
    if (device.channel != 0 && device.has_value) text += fmt::format(" = {} @ {}", device.value, device.time);
  }
  return text;
}

/// One event and where it came.
struct Seen {
  std::size_t at;
  p1::Event event;
  p1::Error error;
  std::string values;  ///< values of a telegram
  bool operator==(const Seen&) const = default;
};

template <class Fields>
std::string counts_of(const p1::Parser<Fields>& parser) {
  std::string text;
  for (std::uint8_t e = 0; e < static_cast<std::uint8_t>(p1::Error::count); ++e)
    text += fmt::format("{} ", parser.errors(static_cast<p1::Error>(e)));
  return text;
}

template <class Fields>
Seen seen(const p1::Parser<Fields>& parser, std::size_t at, p1::Event event) {
  return {at, event, event == p1::Event::telegram ? p1::Error::noise : parser.error(),
          event == p1::Event::telegram ? values_of(parser) : std::string()};
}

/// Byte by byte.
template <class Fields>
std::vector<Seen> run(p1::Parser<Fields>& parser, const std::string& text) {
  std::vector<Seen> all;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const p1::Event event = parser.push(static_cast<std::uint8_t>(text[at]));
    if (event != p1::Event::none) all.push_back(seen(parser, at, event));
  }
  return all;
}

inline std::size_t accepted(const std::vector<Seen>& all) {
  return static_cast<std::size_t>(
      std::count_if(all.begin(), all.end(), [](const Seen& s) { return s.event == p1::Event::telegram; }));
}

}  // namespace flm::test

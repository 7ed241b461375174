// Recordings of others, read in place: FLM_FIELD_DATA is their folder, tests/field/README.md lists them.
// Without them a test checks nothing, and ./dev test says so at its end.
#pragma once
#include <catch2/catch.hpp>
#include <cstdint>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace flm::test {

/// Lines of a recording; none if it is not there.
inline std::vector<std::string> field_lines(const std::string& file) {
  std::ifstream in(std::string(FLM_FIELD_DATA) + "/" + file);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  if (lines.empty()) SUCCEED("skipped: no " << FLM_FIELD_DATA << "/" << file);
  return lines;
}

inline std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::istringstream in(text);
  for (std::string part; std::getline(in, part, separator);) parts.push_back(part);
  return parts;
}

inline std::vector<std::uint8_t> bytes_of_hex(const std::string& hex) {
  std::vector<std::uint8_t> bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
    bytes.push_back(static_cast<std::uint8_t>(std::stoul(hex.substr(i, 2), nullptr, 16)));
  return bytes;
}

/// One row of the decoded table of eight hours of a JeeLink in group 5.
struct JeelabsRow {
  double seconds;
  std::string kind, decoded;
  std::vector<std::uint8_t> frame;  ///< group, header, length, payload, CRC
};
inline std::vector<JeelabsRow> jeelabs_rows() {
  std::vector<JeelabsRow> rows;
  for (const std::string& line : field_lines("rf12/jeelabs-20121130-decoded-00-08h.tsv")) {
    const auto columns = split(line, '\t');
    if (columns.size() < 9 || columns[0] == "time_utc") continue;
    const auto time = split(columns[0], ':');
    rows.push_back({std::stod(time[0]) * 3600 + std::stod(time[1]) * 60 + std::stod(time[2]), columns[6],
                    columns[7], bytes_of_hex(columns[8])});
  }
  return rows;
}

}  // namespace flm::test

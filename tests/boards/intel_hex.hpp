// Reads Intel HEX, the format of .hex and .eep, for tests.
#pragma once
#include <cstdint>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace flm::test {

/// The bytes of a file of 8-bit Intel HEX that starts at address 0 and has no gap. Throws std::runtime_error
/// on anything else.
inline std::vector<std::uint8_t> read_intel_hex(const std::string& file) {
  std::ifstream in(file);
  if (!in) throw std::runtime_error(file + ": cannot be read");
  std::vector<std::uint8_t> bytes;
  for (std::string line; std::getline(in, line);) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    std::vector<std::uint8_t> record;
    for (std::size_t i = 1; i + 1 < line.size(); i += 2)
      record.push_back(static_cast<std::uint8_t>(std::stoi(line.substr(i, 2), nullptr, 16)));
    std::uint8_t sum = 0;
    for (const std::uint8_t byte : record) sum = static_cast<std::uint8_t>(sum + byte);
    if (line.empty() || line[0] != ':' || record.size() < 5 || record.size() != record[0] + 5u || sum != 0)
      throw std::runtime_error(file + ": a wrong line: " + line);
    if (record[3] == 1) return bytes;
    if (record[3] == 3 || record[3] == 5) continue;  // where the program starts
    if (record[3] != 0 || bytes.size() != static_cast<std::size_t>(record[1] << 8 | record[2]))
      throw std::runtime_error(file + ": not from 0 without a gap: " + line);
    bytes.insert(bytes.end(), record.begin() + 4, record.end() - 1);
  }
  throw std::runtime_error(file + ": no end record");
}

}  // namespace flm::test

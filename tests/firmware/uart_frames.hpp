// A serial line bit by bit, and what a UART makes of it: data sheet 8271, 20.7.
#pragma once
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace flm::test {

/// Bits of a frame of 7E1: start, seven of data with the lowest first, even parity, stop.
constexpr std::size_t frame_bits = 10;

/// A text as 7E1, one frame `gap` idle bits after the other; idle before and after it.
inline std::vector<bool> line_of(const std::string& text, std::size_t gap = 0) {
  std::vector<bool> line(2 * frame_bits, true);
  for (const char c : text) {
    const auto data = static_cast<unsigned>(c) & 0x7F;
    line.push_back(false);
    for (unsigned bit = 0; bit < 7; ++bit) line.push_back((data >> bit & 1) != 0);
    line.push_back(std::popcount(data) % 2 != 0);
    line.insert(line.end(), 1 + gap, true);
  }
  line.insert(line.end(), 3 * frame_bits, true);
  return line;
}
/// Place on the line of a bit of a text's frame.
inline std::size_t place_of(std::size_t at, std::size_t bit, std::size_t gap = 0) {
  return (2 + at) * frame_bits + at * gap + bit;
}

/// A byte that a UART has received, and whether parity and stop bit were right.
struct Received {
  std::uint8_t byte;
  bool good;
};
/// A frame begins where the line falls. After a wrong stop bit, the line must rise before it can fall
/// again.
inline std::vector<Received> received(const std::vector<bool>& line) {
  std::vector<Received> all;
  for (std::size_t at = 1; at + frame_bits <= line.size();) {
    if (!line[at - 1] || line[at]) {
      ++at;
      continue;
    }
    unsigned data = 0;
    for (unsigned bit = 0; bit < 7; ++bit) data |= static_cast<unsigned>(line[at + 1 + bit]) << bit;
    const bool parity = (std::popcount(data) % 2 != 0) == line[at + 8];
    all.push_back({static_cast<std::uint8_t>(data), parity && line[at + 9]});
    at += frame_bits;
  }
  return all;
}

}  // namespace flm::test

// Messages of the control link as a host writes them. Shares no code with the firmware.
#pragma once
#include <cstdint>
#include <string>

namespace flm::test {

/// CRC-8/MAXIM-DOW by division: the polynomial 0x31 unreflected, bytes and result turned around.
inline std::uint8_t crc8(const std::string& text) {
  unsigned remainder = 0;
  for (const char c : text) {
    for (int bit = 0; bit < 8; ++bit) {
      const unsigned in = static_cast<unsigned char>(c) >> bit & 1u;
      const unsigned out = remainder >> 7 & 1u;
      remainder = (remainder << 1 & 0xFFu) ^ ((in ^ out) != 0 ? 0x31u : 0u);
    }
  }
  unsigned turned = 0;
  for (int bit = 0; bit < 8; ++bit) turned |= (remainder >> bit & 1u) << (7 - bit);
  return static_cast<std::uint8_t>(turned);
}

inline std::string hex(std::uint64_t value, int digits) {
  std::string text;
  while (digits-- > 0) text += "0123456789abcdef"[value >> (4 * digits) & 0xF];
  return text;
}

/// `l` command arguments crc `.`
inline std::string message(const std::string& command) { return 'l' + command + hex(crc8(command), 2) + '.'; }

/// Bytes that a host reads when `results` answer its message and nothing waits on the other channel.
inline std::string reply(const std::string& results) { return message(results) + 'u'; }

}  // namespace flm::test

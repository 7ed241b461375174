// A sensor board with a host on its control link: bytes clocked one by one, the main loop run after each.
#pragma once
#include <cstdint>
#include <string>

#include "boards/flm02a/board.hpp"
#include "boards/flm02b/board.hpp"
#include "firmware/sensor_board.hpp"
#include "hal/pc/hal.hpp"
#include "hal/pc/vectors.hpp"
#include "tests/protocol/messages.hpp"

namespace flm::test {

template <class Facts, class Hal = hal::PcHal<Facts>>
class BoardOnLink {
 public:
  using Board = SensorBoard<Hal>;

  /// `eeprom`: the EEPROM of a board before, with what that one has stored.
  explicit BoardOnLink(std::uint8_t levels = 0xFF, hal::HostEeprom* eeprom = nullptr) {
    board.hal().levels = levels;
    if (eeprom != nullptr) board.hal().eeprom = eeprom;
    board.hal().eeprom->instant = true;
    board.start();
  }

  /// One SPI byte, and the main loop after it.
  char clock(char out) {
    const char in = clock_without_step(out);
    board.step();
    return in;
  }
  char clock_without_step(char out) {
    const std::uint8_t in = loaded_;
    loaded_ = hal::raise_spi_transfer_complete(board, static_cast<std::uint8_t>(out));
    return static_cast<char>(in);
  }
  std::string write(const std::string& bytes) {
    std::string in;
    for (const char out : bytes) in += clock(out);
    return in;
  }
  std::string read(std::size_t count) { return write(std::string(count, '\0')); }
  /// Zeros until one comes back, and one more.
  std::string read_reply() {
    std::string in;
    do in += clock('\0');
    while (in.back() != 0);
    return in + clock('\0');
  }
  /// Writes, turns the line around with two zeros, reads. What comes before the two zeros that end a reply;
  /// "?" and all bytes in hex when the framing is not as recorded.
  std::string transfer(const std::string& bytes) {
    std::string during = write(bytes);
    during += read(2);
    for (int pass = 0; pass < 300; ++pass)
      board.step();  // The host waits; a commit writes a byte in each pass.
    const std::string in = read_reply();
    if (during == std::string(bytes.size() + 2, '\0') && in.size() > 2 &&
        in.substr(in.size() - 2) == std::string(2, '\0'))
      return in.substr(0, in.size() - 2);
    std::string dump = "?";
    for (const char c : during + in) dump += ' ' + hex(static_cast<unsigned char>(c), 2);
    return dump;
  }
  /// A command without frame and CRC in, its answer without them out; "?" and the bytes when either is wrong.
  std::string ask(const std::string& command) {
    const std::string in = transfer(message(command));
    if (in.size() < 7) return '?' + in;
    const std::string answer = in.substr(1, in.size() - 5);
    return in == reply(answer) ? answer : '?' + in;
  }

  /// One tick of the sample clock with `code` converted, and the main loop after it.
  void tick(std::uint16_t code = 0) {
    hal::raise_conversion_complete(board, code);
    board.step();
  }
  void ticks(std::uint32_t count, std::uint16_t code = 0) {
    while (count-- > 0) tick(code);
  }
  static constexpr std::uint32_t ticks_a_second = Facts::Sampling::cpu_hz / Facts::Sampling::tick_cycles;

  Board board;

 private:
  std::uint8_t loaded_ = 0;
};

/// One record of a `gd` answer.
inline std::string record(unsigned sensor, std::uint32_t counter, unsigned milli, std::uint32_t extra) {
  return hex(sensor, 2) + hex(counter, 8) + hex(milli, 4) + hex(extra, 8);
}

}  // namespace flm::test

#include "firmware/serial/serial_port.hpp"

#include <catch2/catch.hpp>
#include <string>

#include "tests/firmware/board_on_link.hpp"

using namespace flm::test;
using flm::boards::Flm02a;

namespace {

struct SerialBoard : BoardOnLink<Flm02a> {
  auto& uart() { return board.hal(); }
  /// Bytes that the port puts on the line until it lets go of it.
  std::string sent() {
    std::string bytes;
    board.step();
    while (uart().uart_drives && uart().uart_asks) {
      flm::hal::raise_serial_empty(board);
      if (uart().uart_full) {
        bytes += static_cast<char>(uart().uart_byte);
        uart().uart_full = false;
      }
      if (uart().uart_finishes) {
        flm::hal::raise_serial_sent(board);
        break;
      }
    }
    return bytes;
  }
  void hear(const std::string& bytes) {
    for (const char c : bytes) flm::hal::raise_serial_received(board, static_cast<std::uint8_t>(c));
  }
};

}  // namespace

TEST_CASE(
    "bytes for the line are sent in their order, the driver is let go after the last bit, and the line is "
    "listened to") {
  SerialBoard board;
  CHECK(board.uart().uart_drives);  // at rest: terminal a is a 3.3 V rail
  CHECK_FALSE(board.uart().uart_receives);
  board.write("u0110ff00.");
  CHECK(board.sent() == std::string("\x01\x10\xff\x00", 4));
  CHECK_FALSE(board.uart().uart_drives);
  CHECK(board.uart().uart_receives);
}

TEST_CASE("a byte that comes between the last one and its end is sent too") {
  SerialBoard board;
  board.write("u41.");
  board.board.step();
  flm::hal::raise_serial_empty(board.board);
  CHECK(board.uart().uart_byte == 'A');
  flm::hal::raise_serial_empty(board.board);
  REQUIRE(board.uart().uart_finishes);
  board.write("u42.");
  flm::hal::raise_serial_sent(board.board);
  CHECK(board.uart().uart_drives);
  CHECK(board.sent() == "B");
}

TEST_CASE("what is heard goes up once, and stays until the host has clocked all of it") {
  SerialBoard board;
  board.hear("abc");
  CHECK(board.transfer("") == "lu616263");
  CHECK(board.transfer("") == "lu");
  board.hear("def");
  board.read(2 + 4);  // gives up reading,
  board.write("l");   // and speaks again
  CHECK(board.transfer("") == "lu646566");
  CHECK(board.transfer("") == "lu");
}

TEST_CASE("the host's bytes for which there is no room are refused, and those before them are sent") {
  SerialBoard board;
  std::string digits, fit;
  for (int i = 0; i < 20; ++i) {
    digits += hex(static_cast<unsigned>('a' + i), 2);
    if (i < 15) fit += static_cast<char>('a' + i);
  }
  board.write('u' + digits + '.');
  CHECK(board.sent() == fit);
  CHECK(board.ask("gx") == "gx0000000000000500");
}

TEST_CASE(
    "254 bytes fit; those without room are counted, and a zero stands for all of them after the ones that "
    "were there") {
  SerialBoard board;
  std::string wanted;
  for (int i = 0; i < 300; ++i) {
    const char c = static_cast<char>('0' + i % 10);
    if (i < 254) wanted += hex(static_cast<unsigned char>(c), 2);
    board.hear(std::string(1, c));
  }
  wanted += "00";
  std::string read;
  while (read.size() < wanted.size()) {
    const std::string more = board.transfer("");
    REQUIRE(more.size() > 2);
    read += more.substr(2);
  }
  CHECK(read == wanted);
  CHECK(board.ask("gx") == "gx00000000002e0000");
}

TEST_CASE("bytes with errors are counted, and go up as zeros; half a byte from the host is refused") {
  SerialBoard board;
  flm::hal::raise_serial_received(board.board, 'x', false);
  CHECK(board.transfer("") == "lu00");
  board.write("u4.");
  CHECK(board.ask("gx") ==
        "gx000000000100"
        "01"
        "00");
}

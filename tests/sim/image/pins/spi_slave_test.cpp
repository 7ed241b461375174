#include <catch2/catch.hpp>

#include "tests/sim/image/probe_board.hpp"

using namespace flm::sim;
using namespace flm::sim::test;

namespace {
// As in probes/spi.cpp.
enum : std::uint8_t { answer = 1, write_always = 2, no_output = 4, poll = 8, slow = 16, mode_3 = 32 };
constexpr CrystalTime byte_time = 128, gap = 800;

int exchange(ProbeBoard& board, std::uint8_t mosi, CrystalTime pause = gap) {
  board.run(pause);
  const int miso = board.spi.begin();
  board.run(byte_time);
  board.spi.end(mosi);
  return miso;
}
}  // namespace

TEST_CASE("what is written between two bytes is sent with the second") {
  ProbeBoard board("spi", answer);
  CHECK(exchange(board, 0x10) == 0x55);
  CHECK(exchange(board, 0x20) == 0x11);
  CHECK(exchange(board, 0x30) == 0x21);
  board.run(gap);
  CHECK(board.reports() == std::vector<int>{0x10, 0x20, 0x30});
}

TEST_CASE("without a write the shift register returns what it has just received") {
  ProbeBoard board("spi");
  CHECK(exchange(board, 0x10) == 0x55);
  CHECK(exchange(board, 0x20) == 0x10);
  CHECK(exchange(board, 0x30) == 0x20);
}

TEST_CASE("a write during a byte is lost and sets WCOL") {
  ProbeBoard board("spi", write_always);
  board.run(gap);
  for (const int value : board.reports()) REQUIRE(value == 0);
  const int miso = exchange(board, 0x10);
  CHECK(miso == 0xAA);
  const std::size_t before = board.log.size();
  REQUIRE(board.log.at(before - 1).value == 0x40);  // WCOL, seen by the loop during the byte
  CHECK(exchange(board, 0x20) == 0xAA);
}

TEST_CASE("a byte that is answered too late is answered with the one received") {
  ProbeBoard board("spi", answer | slow);
  CHECK(exchange(board, 0x10) == 0x55);
  CHECK(exchange(board, 0x20) == 0x10);  // the handler takes longer than the gap
}

TEST_CASE("SPIF is cleared by reading SPSR and then SPDR") {
  ProbeBoard board("spi", poll);
  exchange(board, 0x10);
  exchange(board, 0x20);
  board.run(gap);
  CHECK(board.reports() == std::vector<int>{0x10, 0, 0x20, 0});
}

TEST_CASE("a board that does not drive MISO sends zeros") {
  ProbeBoard board("spi", answer | no_output);
  CHECK(exchange(board, 0x10) == 0);
  CHECK(exchange(board, 0x20) == 0);
}

TEST_CASE("a different SPI mode than the main board's garbles the bytes and is reported") {
  ProbeBoard board("spi", answer | mode_3);
  CHECK(exchange(board, 0x10) != 0x55);
  exchange(board, 0x31);
  REQUIRE(board.chip.warnings().size() == 1);
  CHECK(board.chip.warnings()[0].find("mode") != std::string::npos);
}

TEST_CASE("a byte that is clocked too fast for a divided CPU clock carries anything, and is reported") {
  ProbeBoard fast("spi", answer), slow("spi", answer, true);  // 16 and 2 MHz; SCK is at 1 MHz
  int right = 0;
  for (int i = 0; i < 16; ++i) {
    exchange(fast, 0x10, 8 * gap);
    right += exchange(slow, 0x10, 8 * gap) == 0x11 ? 1 : 0;
  }
  CHECK(right < 4);
  CHECK(fast.reports() == std::vector<int>(fast.log.size(), 0x10));
  CHECK(slow.reports() != std::vector<int>(slow.log.size(), 0x10));
  CHECK(fast.chip.warnings().empty());
  REQUIRE(slow.chip.warnings().size() == 1);
  CHECK(slow.chip.warnings()[0].find("at a CPU clock of 2 MHz") != std::string::npos);
}

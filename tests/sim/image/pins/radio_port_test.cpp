// The radio's driver on the emulated controller: the trial image of probes/radio.cpp, 8 MHz, against the
// model of the chip.
#include "sim/image/pins/radio_port.hpp"

#include <catch2/catch.hpp>
#include <string>

#include "protocol/jeenode.hpp"
#include "sim/image/chip/interrupts.hpp"
#include "sim/image/pins/spi_slave.hpp"
#include "sim/image/recorder.hpp"
#include "tests/sim/image/probe_board.hpp"

using namespace flm::sim;
using Bytes = std::vector<std::uint8_t>;

namespace {

constexpr Nanoseconds ms = 1'000'000;

Bytes frame(std::uint8_t header, const Bytes& payload) {
  Bytes bytes(71);
  bytes.resize(flm::protocol::jeenode::build(bytes.data(), 212, header, payload.data(), payload.size()));
  return bytes;
}
std::string hex(const Bytes& bytes) {
  std::string text;
  for (const unsigned byte : bytes) (text += "0123456789abcdef"[byte >> 4]) += "0123456789abcdef"[byte & 15];
  return text;
}

class TrialBoard {
 public:
  explicit TrialBoard(bool fast = false) {
    chip.load(ElfFile(std::string(FLM_PROBE_DIR) + "/radio.elf"));
    chip.data(test::ProbeBoard::gpior1) = fast;
    run(20 * ms);
    recorder = std::make_unique<Recorder>(chip, 64 * 20);
    chip.observe(recorder.get());
  }
  void run_until(Nanoseconds t) {
    now = t;
    chip.run_until(chip.clock().crystal(t));
  }
  void run(Nanoseconds time) { run_until(now + time); }
  void send(const Bytes& bytes, Nanoseconds bit = kBit19_2) {
    air.add_frame(now, bytes, bit);
    port.follow();
  }
  char clock(char out, Nanoseconds gap = 50'000) {
    run(gap);
    const std::uint8_t in = spi.begin();
    run(8'000);
    spi.end(static_cast<std::uint8_t>(out));
    return static_cast<char>(in);
  }
  void write(const std::string& bytes) {
    for (const char byte : bytes) clock(byte);
  }
  std::string poll() {
    clock('\0');
    clock('\0');
    std::string in;
    do in += clock('\0');
    while (in.back() != 0 && in.size() < 300);
    clock('\0');
    return in;
  }

  Air air;
  RadioChip radio{air};
  Chip chip{8'000'000, false};
  Interrupts interrupts{chip};
  SpiSlave spi{chip, 0};
  RadioPort port{chip, radio};
  std::unique_ptr<Recorder> recorder;
  Nanoseconds now = 0;
};

}  // namespace

TEST_CASE(
    "the image receives, acknowledges, passes up and sends, at both rates, and its interrupt stays in its "
    "cycles") {
  const bool fast = GENERATE(false, true);
  TrialBoard board(fast);
  for (std::uint8_t i = 0; i < 60; ++i) {
    const Bytes packet = frame(i % 2 == 0 ? 0x21 : 0x01, Bytes(i + 6u, i));
    board.send(packet, fast ? kBit49_2 : kBit19_2);
    board.run(40 * ms);
    REQUIRE(board.poll() == "lu" + hex(packet) + '\0');
  }
  CHECK(board.radio.sent().size() == 30);
  for (const auto& sent : board.radio.sent()) {
    CHECK_FALSE(sent.underrun);
    REQUIRE(sent.bytes.size() >= 10);
    CHECK(Bytes(sent.bytes.end() - 6, sent.bytes.end()) ==
          Bytes{0x2D, 0xD4, 0xC1, 0x00, 0x60, 0x68});  // recorded from a stock FLM02B
  }
  CHECK(board.port.lost() == 0);
  CHECK(board.radio.overflows() == 0);
  const auto& times = board.recorder->figures().interrupts.at("INT0");
  INFO("INT0: " << times.count << " runs of " << times.min << " / " << times.median << " / " << times.max
                << " cycles; interrupts off for " << board.recorder->figures().longest_interrupts_off);
  CHECK(times.median <= 220);

  board.write("ud4410461626364");
  board.poll();
  board.run(30 * ms);
  const Bytes& sent = board.radio.sent().back().bytes;
  CHECK(Bytes(sent.end() - 10, sent.end()) ==
        Bytes{0x2D, 0xD4, 0x41, 0x04, 0x61, 0x62, 0x63, 0x64, 0xE6, 0xE5});
  CHECK_FALSE(board.radio.sent().back().underrun);
}

TEST_CASE(
    "an interrupt for a received byte takes at most 220 cycles in the middle and 320 at worst, at 8 MHz") {
  const bool busy = GENERATE(
      false, true);  // A main loop that is away leaves the search for the next packet to the interrupt.
  TrialBoard board;
  board.chip.data(test::ProbeBoard::gpior2) = busy;
  for (std::uint8_t i = 0; i < 40; ++i) {  // without acknowledgements: everything is reception
    board.send(frame(static_cast<std::uint8_t>(i % 32), Bytes(i + 20u, i)));
    board.run(60 * ms);
    REQUIRE(board.poll() == "lu" + hex(frame(static_cast<std::uint8_t>(i % 32), Bytes(i + 20u, i))) + '\0');
  }
  const auto& times = board.recorder->figures().interrupts.at("INT0");
  INFO("INT0: " << times.count << " runs of " << times.min << " / " << times.median << " / " << times.max
                << " cycles");
  CHECK(times.median <= 220);
  CHECK(times.max <= 320);
  CHECK(board.radio.configured() == 1);
}

TEST_CASE("the last byte of a packet that is acknowledged takes at most 320 cycles, too") {
  TrialBoard board;
  std::uint32_t longest = 0;
  for (std::uint8_t i = 0; i < 20; ++i) {
    board.send(frame(0x21, Bytes(i, i)));
    const Nanoseconds end = board.now + (4 + 5 + i) * 8 * kBit19_2;
    board.run_until(end + 300'000);  // the last interrupt of the reception, and none of the acknowledgement's
    longest = std::max(longest, board.recorder->figures().interrupts.at("INT0").max);
    board.recorder = std::make_unique<Recorder>(board.chip, 64 * 20);
    board.chip.observe(board.recorder.get());
    board.run(40 * ms);
    board.poll();
    board.recorder = std::make_unique<Recorder>(board.chip, 64 * 20);
    board.chip.observe(board.recorder.get());
  }
  CHECK(board.radio.sent().size() == 20);
  INFO("with the start of the acknowledgement: " << longest << " cycles");
  CHECK(longest <= 320);
}

TEST_CASE("the driver takes at most 2.25 KiB of flash and 300 B of RAM") {
  const ElfSizes with = read_sizes(std::string(FLM_PROBE_DIR) + "/radio.elf"),
                 without = read_sizes(std::string(FLM_PROBE_DIR) + "/without_radio.elf");
  INFO("driver: " << with.flash - without.flash << " B of flash, " << with.ram - without.ram << " B of RAM");
  CHECK(with.flash - without.flash <= 2304);
  CHECK(with.ram - without.ram <= 301);  // and the trial's hal, an object of 1 B
}

TEST_CASE("a chip that resets under the image is set up again") {
  TrialBoard board;
  board.radio.lose_configuration();
  board.port.follow();
  board.run(20 * ms);
  CHECK(board.radio.configured() == 2);
  board.send(frame(3, {1, 2}));
  board.run(20 * ms);
  CHECK(board.poll() == "lu" + hex(frame(3, {1, 2})) + '\0');
}

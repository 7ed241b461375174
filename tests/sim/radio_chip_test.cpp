// The chip, as a driver sees it: shared reference "radio" and "simavr", and the RFM12B data sheet.
#include "sim/radio_chip.hpp"

#include <catch2/catch.hpp>

using namespace flm::sim;
using Bytes = std::vector<std::uint8_t>;

namespace {

constexpr Nanoseconds ms = 1'000'000, byte_time = 8 * kBit19_2;
const Bytes frame = {0xD4, 0x01, 0x02, 0xA0, 0xA1, 0x7C, 0xB3};

/// A chip as the stock board configures it (shared reference "wire"), which listens to group 212.
struct Listening {
  Air air;
  RadioChip chip{air};
  Listening() {
    for (const int word : {0x0000, 0x80E7, 0x8201, 0xA67C, 0xC611, 0x9482, 0xC2AC, 0xCA81, 0xCED4, 0xC483, 0x9850, 0xC800, 0xE000, 0x82D9,
                           0xCA81, 0xCA83})
      chip.word(static_cast<std::uint16_t>(word));
  }
  /// The bytes that come until a time, each read as soon as the chip asks.
  Bytes receive(Nanoseconds until) {
    Bytes bytes;
    while (chip.next_event() <= until) {
      chip.advance(chip.next_event());
      while (chip.request() && bytes.size() < 1000) bytes.push_back(static_cast<std::uint8_t>(chip.word(0xB000)));
    }
    chip.advance(until);
    return bytes;
  }
};

Bytes first(const Bytes& bytes, std::size_t count) { return {bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(count)}; }

}  // namespace

TEST_CASE("after power-up nIRQ is low until the status has been read, and its power-on bit says why") {
  const Air air;
  RadioChip chip(air);
  CHECK(chip.request());
  CHECK((chip.word(0) & 0x4000) != 0);
  CHECK_FALSE(chip.request());
  CHECK((chip.word(0) & 0x4000) == 0);
}

TEST_CASE("a frame of the own group comes byte by byte behind the synchron pattern, each when its last bit has come") {
  Listening board;
  board.air.add_frame(20 * ms, frame);
  board.chip.advance(20 * ms + 6 * byte_time - kBit19_2);
  CHECK_FALSE(board.chip.request());
  board.chip.advance(20 * ms + 6 * byte_time);  // three bytes of preamble, two of the pattern, one of the frame
  CHECK(board.chip.request());
  CHECK((board.chip.word(0) & 0x8000) != 0);
  CHECK(board.chip.word(0xB000) == 0x01);
  CHECK_FALSE(board.chip.request());
  CHECK(first(board.receive(20 * ms + 11 * byte_time), 5) == Bytes(frame.begin() + 2, frame.end()));
}

TEST_CASE("frames of another group do not wake the receiver") {
  Listening board;
  Bytes other = frame;
  other[0] = 0xD5;
  board.air.add_frame(20 * ms, other);
  CHECK(board.receive(200 * ms).empty());
}

TEST_CASE("a sender at another data rate is noise with a carrier") {
  Listening board;
  board.air.add_frame(20 * ms, frame, kBit49_2);
  CHECK(board.receive(20 * ms + 2 * ms).empty());
  CHECK((board.chip.word(0) & 0x0100) == 0);
  board.air.add_frame(30 * ms, frame, kBit49_2);
  board.chip.advance(31 * ms);
  CHECK((board.chip.word(0) & 0x0100) != 0);
}

TEST_CASE("what nobody reads overflows the FIFO behind its second byte; the status says so once") {
  Listening board;
  board.air.add_frame(20 * ms, frame);
  board.chip.advance(20 * ms + 7 * byte_time);
  CHECK((board.chip.word(0) & 0x2000) == 0);
  board.chip.advance(20 * ms + 7 * byte_time + kBit19_2);
  CHECK(board.chip.overflows() == 1);
  CHECK((board.chip.word(0) & 0x2000) != 0);
  CHECK((board.chip.word(0) & 0x2000) == 0);
  CHECK(board.chip.word(0xB000) == 0x01);
  CHECK(board.chip.word(0xB000) == 0x02);
}

TEST_CASE("behind a frame the FIFO fills on with noise, until it is stopped and started again") {
  Listening board;
  board.air.add_frame(20 * ms, frame);
  CHECK(board.receive(20 * ms + 30 * byte_time).size() == 30 - 5);
  board.chip.word(0xCA81);
  board.chip.word(0xCA83);
  CHECK(board.receive(100 * ms).empty());
  board.air.add_frame(110 * ms, frame);
  CHECK(board.receive(110 * ms + 11 * byte_time).size() == 6);
}

TEST_CASE("the FIFO is empty when the receiver has been switched off") {
  Listening board;
  board.air.add_frame(20 * ms, frame);
  board.chip.advance(20 * ms + 6 * byte_time);
  CHECK(board.chip.request());
  board.chip.word(0x8201);
  CHECK_FALSE(board.chip.request());
}

TEST_CASE("two senders at once destroy each other's bits; the second alone is not heard from its middle on") {
  Listening board;
  board.air.add_frame(20 * ms, frame);
  board.air.add_frame(20 * ms + 7 * byte_time, frame);
  const Bytes heard = board.receive(20 * ms + 11 * byte_time);
  REQUIRE(heard.size() >= 2);
  CHECK(heard[0] == frame[1]);
  CHECK(heard != Bytes(frame.begin() + 1, frame.end()));
}

TEST_CASE("the carrier is seen while somebody sends, and only then") {
  Listening board;
  board.air.add_frame(20 * ms, frame);
  board.chip.advance(19 * ms);
  CHECK((board.chip.word(0) & 0x0100) == 0);
  board.chip.advance(21 * ms);
  CHECK((board.chip.word(0) & 0x0100) != 0);
  board.chip.advance(20 * ms + 12 * byte_time);
  CHECK((board.chip.word(0) & 0x0100) == 0);
}

TEST_CASE("the transmitter begins with the two 0xAA of its register, then sends what it is given, and asks for each byte") {
  Listening board;
  board.chip.advance(20 * ms);
  board.chip.word(0x8239);
  CHECK_FALSE(board.chip.request());
  for (const int byte : {0x2D, 0xD4, 0x81, 0x00}) {
    board.chip.advance(board.chip.next_event());
    REQUIRE(board.chip.request());
    board.chip.word(static_cast<std::uint16_t>(0xB800 | byte));
    CHECK_FALSE(board.chip.request());
  }
  for (int i = 0; i < 2; ++i) {
    board.chip.advance(board.chip.next_event());
    board.chip.word(0xB8AA);
  }
  board.chip.word(0x82D9);
  REQUIRE(board.chip.sent().size() == 1);
  CHECK(board.chip.sent()[0].bytes == Bytes{0xAA, 0xAA, 0x2D, 0xD4, 0x81, 0x00});
  CHECK_FALSE(board.chip.sent()[0].underrun);
  CHECK(board.chip.sent()[0].start == 20 * ms + RadioChip::turn_on);
}

TEST_CASE("it draws 3 mA with its crystal, 12 receiving, 23 sending, and 0.3 uA asleep") {
  // RFM12B data sheet, "DC characteristics", 868 MHz: Ix, Idd_RX, Idd_TX at full power, Ipd.
  const Air air;
  CHECK(RadioChip(air).milliamperes() == 3.0);
  Listening board;
  CHECK(board.chip.milliamperes() == 12.0);
  board.chip.word(0x8239);
  CHECK(board.chip.milliamperes() == 23.0);
  board.chip.word(0x8201);
  CHECK(board.chip.milliamperes() == 0.0003);
}

TEST_CASE("a transmit register that is not filled in time underruns, and the status says so") {
  Listening board;
  board.chip.word(0x8239);
  board.chip.advance(20 * ms);
  CHECK((board.chip.word(0) & 0x2000) != 0);
  CHECK(board.chip.sent()[0].underrun);
}

TEST_CASE("told to fill always, the FIFO fills with noise within a byte's time") {
  Listening board;
  board.chip.advance(20 * ms);
  board.chip.word(0xCA81);
  board.chip.word(0xCA87);
  CHECK(board.receive(20 * ms + byte_time).size() == 1);
}

TEST_CASE("a chip that has lost its configuration hears nothing") {
  for (const bool says_so : {true, false}) {
    Listening board;
    board.air.add_frame(20 * ms, frame);
    board.chip.lose_configuration(says_so);
    CHECK(board.chip.request() == says_so);
    board.chip.word(0);
    CHECK(board.receive(100 * ms).empty());
  }
}

TEST_CASE("a hung chip asks for nothing and answers nothing; a stuck one asks for ever; a set-up heals both") {
  Listening board;
  board.chip.break_down(RadioChip::Fault::hung);
  board.air.add_frame(20 * ms, frame);
  CHECK(board.receive(100 * ms).empty());
  CHECK(board.chip.word(0) == 0);
  board.chip.word(0x80E7);
  board.chip.break_down(RadioChip::Fault::stuck);
  CHECK(board.chip.request());
  board.chip.word(0x80E7);
  CHECK_FALSE(board.chip.request());
  board.air.add_frame(110 * ms, frame);
  CHECK(board.receive(110 * ms + 11 * byte_time).size() == 6);
}

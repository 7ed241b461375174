// The chip, as a driver sees it. Expected values are those of the RFM12B data sheet.
#include "sim/engine/radio_chip.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <utility>

using namespace flm::sim;
using Bytes = std::vector<std::uint8_t>;

namespace {

constexpr Nanoseconds ms = 1'000'000, byte_time = 8 * kBit19_2;
const Bytes frame = {0xD4, 0x01, 0x02, 0xA0, 0xA1, 0x7C, 0xB3};

/// A chip as the stock board configures it (firmware/radio/rfm12b.hpp), which listens to group 212. Without
/// false synchron patterns.
struct Listening {
  Air air;
  RadioChip chip;
  explicit Listening(double false_syncs = 0.0, std::uint64_t seed = 1, int data_rate = 0xC611)
      : chip(air, seed, false_syncs) {
    for (const int word : {0x0000, 0x80E7, 0x8201, 0xA67C, data_rate, 0x9482, 0xC2AC, 0xCA81, 0xCED4, 0xC483,
                           0x9850, 0xC800, 0xE000, 0x82D9, 0xCA81, 0xCA83})
      chip.word(static_cast<std::uint16_t>(word));
  }
  /// The bytes that come until a time, each read as soon as the chip asks.
  Bytes receive(Nanoseconds until) {
    Bytes bytes;
    while (chip.next_event() <= until) {
      chip.advance(chip.next_event());
      while (chip.request() && bytes.size() < 1000)
        bytes.push_back(static_cast<std::uint8_t>(chip.word(0xB000)));
    }
    chip.advance(until);
    return bytes;
  }
};

Bytes first(const Bytes& bytes, std::size_t count) {
  return {bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(count)};
}

}  // namespace

TEST_CASE("after power-up nIRQ is low until the status has been read, and its power-on bit says why") {
  const Air air;
  RadioChip chip(air);
  CHECK(chip.request());
  CHECK((chip.word(0) & 0x4000) != 0);
  CHECK_FALSE(chip.request());
  CHECK((chip.word(0) & 0x4000) == 0);
}

TEST_CASE(
    "a frame of the own group comes byte by byte after the synchron pattern, each when its last bit has "
    "come") {
  Listening board;
  board.air.add_frame(20 * ms, frame);
  board.chip.advance(20 * ms + 6 * byte_time - kBit19_2);
  CHECK_FALSE(board.chip.request());
  board.chip.advance(20 * ms +
                     6 * byte_time);  // three bytes of preamble, two of the pattern, one of the frame
  CHECK(board.chip.request());
  CHECK((board.chip.word(0) & 0x8000) != 0);
  CHECK(board.chip.word(0xB000) == 0x01);
  CHECK_FALSE(board.chip.request());
  CHECK(first(board.receive(20 * ms + 11 * byte_time), 5) == Bytes(frame.begin() + 2, frame.end()));
}

TEST_CASE("frames of a different group do not wake the receiver") {
  Listening board;
  Bytes other = frame;
  other[0] = 0xD5;
  board.air.add_frame(20 * ms, other);
  CHECK(board.receive(200 * ms).empty());
}

TEST_CASE("a sender at a different data rate is noise with a carrier") {
  Listening board;
  board.air.add_frame(20 * ms, frame, kBit49_2);
  CHECK(board.receive(20 * ms + 2 * ms).empty());
  CHECK((board.chip.word(0) & 0x0100) == 0);
  board.air.add_frame(30 * ms, frame, kBit49_2);
  board.chip.advance(31 * ms);
  CHECK((board.chip.word(0) & 0x0100) != 0);
}

TEST_CASE("unread bytes overflow the FIFO after the second one; the status says so once") {
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

TEST_CASE("after a frame the FIFO fills on with noise, until it is stopped and started again") {
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

TEST_CASE("the carrier is seen while a frame is sent, and only then") {
  Listening board;
  board.air.add_frame(20 * ms, frame);
  board.chip.advance(19 * ms);
  CHECK((board.chip.word(0) & 0x0100) == 0);
  board.chip.advance(21 * ms);
  CHECK((board.chip.word(0) & 0x0100) != 0);
  board.chip.advance(20 * ms + 12 * byte_time);
  CHECK((board.chip.word(0) & 0x0100) == 0);
}

TEST_CASE(
    "the transmitter begins with the two 0xAA of its register, then sends what it is given, and asks for "
    "each byte") {
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

TEST_CASE("when set to fill always, the FIFO fills with noise within a byte's time") {
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

namespace {

/// The times of a chip's first bytes after each synchron pattern until a time, its FIFO started again after
/// each.
std::vector<Nanoseconds> syncs(Listening& board, Nanoseconds until) {
  std::vector<Nanoseconds> times;
  while (board.chip.next_event() <= until) {
    board.chip.advance(board.chip.next_event());
    if (!board.chip.request()) continue;
    times.push_back(board.chip.next_event() - kBit19_2);
    board.chip.word(0xCA81);
    board.chip.word(0xCA83);
  }
  return times;
}

}  // namespace

TEST_CASE("noise looks like the synchron pattern once in 2^16 bits, at either data rate") {
  constexpr Nanoseconds hour = 3'600'000 * ms;
  for (const auto& [word, bit] : {std::pair{0xC611, kBit19_2}, {0xC606, kBit49_2}}) {
    Listening board(RadioChip::by_data_rate, 1, word);
    const double expected =
        static_cast<double>(hour) / (65536.0 * static_cast<double>(bit));  // 1 052 and 2 706
    CHECK(static_cast<double>(syncs(board, hour).size()) ==
          Approx(expected).margin(4.0 * std::sqrt(expected)));
  }
}

TEST_CASE("noise is a matter of time and seed, however often and for whatever the chip is asked") {
  Listening one(RadioChip::by_data_rate, 7), same(RadioChip::by_data_rate, 7),
      other(RadioChip::by_data_rate, 8);
  for (Nanoseconds t = 0; t < 60'000 * ms && !same.chip.request(); t += 137'731) {
    same.chip.advance(t);
    static_cast<void>(same.chip.next_event());
  }
  one.chip.advance(60'000 * ms);
  same.chip.advance(60'000 * ms);
  other.chip.advance(60'000 * ms);
  REQUIRE(one.chip.request());
  const auto byte = one.chip.word(0xB000);
  CHECK(same.chip.word(0xB000) == byte);
  CHECK(one.chip.word(0xB000) == same.chip.word(0xB000));
  Listening again(RadioChip::by_data_rate, 7), another(RadioChip::by_data_rate, 8);
  const auto times = syncs(again, 60'000 * ms);
  CHECK(times.size() > 5);
  CHECK(syncs(another, 60'000 * ms) != times);
}

TEST_CASE(
    "a packet after a false synchron pattern is not heard, unless the FIFO has been started again by then") {
  for (const bool started_again : {false, true}) {
    Listening board(RadioChip::by_data_rate);
    while (!board.chip.request()) board.chip.advance(board.chip.next_event());
    const Nanoseconds now = board.chip.next_event() - kBit19_2;
    board.air.add_frame(now + 1 * ms, frame);
    board.chip.advance(now + 1 * ms);
    board.chip.word(0);  // the overflow of an unread FIFO
    if (started_again) {
      board.chip.word(0xCA81);
      board.chip.word(0xCA83);
    }
    const Bytes heard = board.receive(now + 1 * ms + 11 * byte_time);
    const Bytes behind_the_group(frame.begin() + 1, frame.end());
    CHECK((first(heard, std::min(heard.size(), behind_the_group.size())) == behind_the_group) ==
          started_again);
  }
}

TEST_CASE(
    "there are no false synchron patterns while a frame is sent, while the FIFO is stopped, and while the "
    "chip sends or sleeps") {
  constexpr Nanoseconds minute = 60'000 * ms;
  for (const int word : {0xCA81, 0x8239, 0x8201, 0}) {
    Listening board(RadioChip::by_data_rate);
    if (word != 0) board.chip.word(static_cast<std::uint16_t>(word));
    // Its bits are all alike, so that they are no pattern either.
    else
      board.air.add({0, kBit19_2, Bytes(std::size_t{60} * 2395, 0x00)});
    board.chip.advance(20 * ms);
    board.chip.word(0);
    board.chip.advance(minute - 20 * ms);
    INFO(std::hex << word);
    if (word == 0x8239)
      CHECK(board.chip.overflows() == 0);
    else
      CHECK_FALSE(board.chip.request());
  }
}

TEST_CASE(
    "a hung chip asks for nothing and answers nothing; a stuck one asks for ever; a set-up heals both") {
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

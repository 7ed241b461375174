// Packets of JeeNodes. The fuzz holds four promises:
//   1. what build() writes, check_frame() finds right and decode() gives back;
//   2. a frame with up to three wrong bits, or with any 16 neighbouring bits wrong, is never found right;
//   3. a frame cut short or with bytes added is never found right;
//   4. nothing outside of the bytes handed in is read (for the sanitizers).
#include "protocol/jeenode.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <memory>
#include <random>
#include <vector>

#include "tests/field_data.hpp"

using namespace flm::protocol;
using flm::test::bytes_of_hex;
using Bytes = std::vector<std::uint8_t>;

namespace {

Bytes frame(std::uint8_t group, std::uint8_t header, const Bytes& payload) {
  Bytes bytes(jeenode::frame_max);
  bytes.resize(jeenode::build(bytes.data(), group, header, payload.data(), payload.size()));
  return bytes;
}

/// A copy on the heap with nothing after it: reading past its end is found out.
jeenode::Error check(const Bytes& bytes) {
  const std::unique_ptr<std::uint8_t[]> exact(new std::uint8_t[bytes.size()]);
  std::copy(bytes.begin(), bytes.end(), exact.get());
  return jeenode::check_frame(exact.get(), bytes.size());
}

}  // namespace

TEST_CASE("frames are as the stock board has sent and received them") {
  // Recorded from a stock FLM02B.
  CHECK(frame(0xD4, 0x01, bytes_of_hex("a0a1a2a3a4a5a6a7a8a9")) ==
        bytes_of_hex("d4010aa0a1a2a3a4a5a6a7a8a97cb3"));
  CHECK(frame(0xD4, 0x41, bytes_of_hex("61626364")) == bytes_of_hex("d4410461626364e6e5"));
}

TEST_CASE("acknowledgements have the header and the CRC of the stock board's") {
  // Recorded from a stock FLM02B.
  const auto acknowledged = [](std::uint8_t header) {
    return frame(0xD4, jeenode::acknowledgement(header), {});
  };
  CHECK(acknowledged(0x21) == bytes_of_hex("d4c1006068"));
  CHECK(acknowledged(0x61) == bytes_of_hex("d4810051a8"));
  CHECK(acknowledged(0xA1) == bytes_of_hex("d4e10079a8"));
  CHECK(acknowledged(0xE1) == bytes_of_hex("d4a1004868"));
}

TEST_CASE("an acknowledgement of any header follows JeeLib's rules") {
  for (unsigned h = 0; h < 0x100; ++h) {
    const auto header = static_cast<std::uint8_t>(h);
    CHECK(jeenode::wants_acknowledgement(header) == ((h & 0x20) != 0));
    if (!jeenode::wants_acknowledgement(header)) continue;
    const unsigned answer = jeenode::acknowledgement(header);
    CHECK((answer & 0x80) != 0);                         // control
    CHECK((answer & 0x1F) == (h & 0x1F));                // the same node
    CHECK(((answer & 0x40) != 0) == ((h & 0x40) == 0));  // addressed when the packet was a broadcast
    CHECK(((answer & 0x20) != 0) == ((h & 0x80) != 0));  // set for housekeeping
  }
}

TEST_CASE("what is wrong with a frame is named") {
  using jeenode::Error;
  const Bytes good = frame(212, 3, {1, 2, 3, 4});
  CHECK(check(good) == Error::none);
  CHECK(check({}) == Error::too_short);
  CHECK(check({212, 3, 0, 0}) == Error::too_short);
  CHECK(check({212, 3, 67, 0, 0}) == Error::too_long);
  Bytes longer = good;
  longer.push_back(0);
  CHECK(check(longer) == Error::wrong_length);
  Bytes wrong = good;
  wrong[4] ^= 1;
  CHECK(check(wrong) == Error::wrong_crc);
  CHECK(frame(212, 3, Bytes(66, 9)).size() == 71);
  CHECK(frame(212, 3, Bytes(67, 9)).empty());
}

TEST_CASE("a host's packet is right only when it has as many bytes as its length says") {
  const std::uint8_t packet[] = {212, 3, 2, 7, 8, 9};
  CHECK(jeenode::check_packet(packet, 5) == jeenode::Error::none);
  CHECK(jeenode::check_packet(packet, 4) == jeenode::Error::wrong_length);
  CHECK(jeenode::check_packet(packet, 6) == jeenode::Error::wrong_length);
  CHECK(jeenode::check_packet(packet, 2) == jeenode::Error::too_short);
  CHECK(jeenode::check_packet(packet, 0) == jeenode::Error::too_short);
}

TEST_CASE("a frame of any length with any one or two bits flipped is refused") {
  for (const std::size_t length : {0u, 1u, 9u, 66u}) {
    const Bytes good = frame(212, 0x21, Bytes(length, 0x5A));
    const std::size_t bits = 8 * good.size();
    for (std::size_t first = 0; first < bits; ++first) {
      Bytes wrong = good;
      wrong[first / 8] = static_cast<std::uint8_t>(wrong[first / 8] ^ 1u << first % 8);
      REQUIRE(check(wrong) != jeenode::Error::none);
      for (std::size_t second = first + 1; second < bits; ++second) {
        Bytes worse = wrong;
        worse[second / 8] = static_cast<std::uint8_t>(worse[second / 8] ^ 1u << second % 8);
        if (check(worse) == jeenode::Error::none)
          FAIL("bits " << first << " and " << second << " of " << bits);
      }
    }
  }
}

TEST_CASE("whatever is done to a frame, the four promises hold") {
  std::mt19937 random(20);
  const auto below = [&random](std::size_t end) {
    return std::uniform_int_distribution<std::size_t>(0, end - 1)(random);
  };
  const auto byte = [&below] { return static_cast<std::uint8_t>(below(256)); };
  for (int round = 0; round < 20000; ++round) {
    Bytes payload(below(67));
    for (auto& one : payload) one = byte();
    const std::uint8_t group = byte(), header = byte();
    const Bytes good = frame(group, header, payload);
    REQUIRE(check(good) == jeenode::Error::none);  // 1
    const jeenode::Packet packet = jeenode::decode(good.data());
    REQUIRE(packet.group == group);
    REQUIRE(packet.header == header);
    REQUIRE(packet.node() == (header & 31));
    REQUIRE(Bytes(packet.payload, packet.payload + packet.length) == payload);

    Bytes wrong = good;  // 2
    const std::size_t start = below(8 * good.size());
    for (std::size_t bit = start; bit < std::min(start + 16, 8 * good.size()); ++bit)
      if (bit == start || below(2) == 0)
        wrong[bit / 8] = static_cast<std::uint8_t>(wrong[bit / 8] ^ 1u << bit % 8);
    REQUIRE(check(wrong) != jeenode::Error::none);

    Bytes cut(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(below(good.size())));  // 3
    REQUIRE(check(cut) != jeenode::Error::none);
    Bytes added = good;
    for (std::size_t more = 1 + below(20); more != 0; --more) added.push_back(byte());
    REQUIRE(check(added) != jeenode::Error::none);
  }
}

TEST_CASE("the frames of eight hours in the field are right, and their parts are those of the recording") {
  for (const flm::test::JeelabsRow& row : flm::test::jeelabs_rows()) {
    REQUIRE(check(row.frame) == jeenode::Error::none);
    const jeenode::Packet packet = jeenode::decode(row.frame.data());
    REQUIRE(packet.group == 5);
    REQUIRE(frame(packet.group, packet.header, Bytes(packet.payload, packet.payload + packet.length)) ==
            row.frame);
  }
}

TEST_CASE(
    "published lines of a receiver have the node, the acknowledge bit and the empty acknowledgement that "
    "they say") {
  // github.com/TheDistractor/flow, rfdata/rfdata_test.go: "OK 37 ..." is node 5 and wants an acknowledgement;
  // "OK 197" is one, of node 5's.
  CHECK((37 & jeenode::header::node) == 5);
  CHECK(jeenode::wants_acknowledgement(37));
  CHECK(jeenode::acknowledgement(37) == 197);
}

TEST_CASE("requests of the boot protocol are known by their header and length") {
  using jeenode::Boot;
  CHECK(jeenode::boot_request(0xA1, 22) == Boot::pairing);
  CHECK(jeenode::boot_request(0xE3, 8) == Boot::upgrade);
  CHECK(jeenode::boot_request(0xE3, 4) == Boot::download);
  CHECK(jeenode::boot_request(0xE3, 5) == Boot::none);
  CHECK(jeenode::boot_request(0x21, 22) == Boot::none);
  CHECK(jeenode::boot_request(0x81, 22) == Boot::none);
}

TEST_CASE("boot requests are read, and replies written, least significant byte first") {
  // The fields of github.com/flukso/kube, src/boot/packet.h.
  const Bytes pairing = bytes_of_hex("114bd41f3412000102030405060708090a0b0c0d0e0f");
  const jeenode::PairingRequest request = jeenode::pairing_request(pairing.data());
  CHECK(request.hardware_type == 19217);
  CHECK(request.group == 212);
  CHECK(request.node == 31);
  CHECK(request.check == 0x1234);
  CHECK(request.hardware_id[0] == 0);
  CHECK(request.hardware_id[15] == 15);
  const Bytes upgrade = bytes_of_hex("124b0100200078ef");
  CHECK(jeenode::upgrade(upgrade.data()).hardware_type == 19218);
  CHECK(jeenode::upgrade(upgrade.data()).software_size == 0x20);
  CHECK(jeenode::upgrade(upgrade.data()).software_crc == 0xEF78);
  const Bytes download = bytes_of_hex("01000503");
  CHECK(jeenode::download_request(download.data()).block == 0x0305);

  Bytes out(66);
  jeenode::PairingReply reply = {19217, 212, 3, {}};
  reply.key[15] = 0xEE;
  out.resize(jeenode::put(out.data(), reply));
  CHECK(out == bytes_of_hex("114bd403000000000000000000000000000000ee"));
  out.assign(66, 0);
  out.resize(jeenode::put(out.data(), jeenode::upgrade(upgrade.data())));
  CHECK(out == upgrade);
  out.assign(66, 0);
  const Bytes block(64, 0x77);
  CHECK(jeenode::put(out.data(), jeenode::download_request(download.data()), block.data(), 64) == 66);
  CHECK(Bytes(out.begin(), out.begin() + 3) == bytes_of_hex("040377"));  // 0x0001 xor 0x0305
  CHECK(jeenode::put(out.data(), jeenode::download_request(download.data()), block.data(), 65) == 0);
}

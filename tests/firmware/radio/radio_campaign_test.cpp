// The driver under attack: random frames, noise, collisions, host writes, polls that break off, chip faults.
// Seeded; what holds is what firmware/radio/radio.hpp promises, by its numbers.
#include <catch2/catch.hpp>
#include <map>
#include <random>
#include <set>

#include "tests/field_data.hpp"
#include "tests/firmware/radio/radio_bench.hpp"

using namespace flm::test;
using flm::sim::RadioChip;

namespace {

class Attack {
 public:
  explicit Attack(unsigned seed) : random_(seed) {}
  unsigned below(unsigned end) { return std::uniform_int_distribution<unsigned>(0, end - 1)(random_); }
  std::uint8_t byte() { return static_cast<std::uint8_t>(below(256)); }
  Bytes bytes(unsigned count) {
    Bytes some(count);
    for (auto& one : some) one = byte();
    return some;
  }

 private:
  std::mt19937 random_;
};

/// One to 66 random bytes after a number, so that no two frames are alike.
Bytes numbered_frame(Attack& attack, std::uint32_t number) {
  Bytes payload = attack.bytes(attack.below(63));
  for (int i = 0; i < 3; ++i) payload.insert(payload.begin(), static_cast<std::uint8_t>(number >> (8 * i)));
  return frame(attack.byte(), payload);
}

}  // namespace

TEST_CASE("whatever is on the air, on the bus and in the chip, the promises hold") {
  const bool faults = GENERATE(false, true);
  const unsigned seed = GENERATE(range(1u, 13u));
  Attack attack(seed);
  RadioBench board(212, flm::radio::Rate::kbit_19_2, RadioChip::by_data_rate, seed);
  board.step_period = attack.below(2) == 0 ? 160'000 : 3 * ms;
  board.run(3 * second);
  std::vector<std::string> on_air;  // good frames, in order
  std::map<std::string, std::size_t> number_of;
  std::set<std::string> written;  // good packets of the host, as frames
  std::size_t next = 0;           // number of the frame that may come up
  unsigned refused = 0, attempts = 0, passed_up = 0, wanting = 0;
  std::uint32_t number = 0;

  const auto take = [&](const std::string& in) {
    if (in.empty()) return;
    INFO(in);
    REQUIRE(number_of.count(in) == 1);  // 1: it was on the air, whole
    REQUIRE(number_of[in] >= next);     // 2: in order, once
    next = number_of[in] + 1;
    ++passed_up;
    if ((bytes_of_hex(in)[1] & 0x20) != 0) ++wanting;
  };
  Nanoseconds free = board.now;
  while (board.now < 60 * second) {
    switch (attack.below(faults ? 9 : 8)) {
      case 0:
      case 1: {
        const Bytes good = numbered_frame(attack, number++);
        number_of[hex(good)] = on_air.size();
        on_air.push_back(hex(good));
        free = std::max(free, board.now + 1);
        board.air.add_frame(free, good);
        free += board.air_time(good) + (attack.below(4) == 0 ? 0 : attack.below(20) * ms);
        break;
      }
      case 2: {  // wrong somewhere
        Bytes wrong = numbered_frame(attack, number++);
        wrong[1 + attack.below(static_cast<unsigned>(wrong.size()) - 1)] ^=
            static_cast<std::uint8_t>(1u << attack.below(8));
        board.send(wrong, attack.below(30) * ms);
        break;
      }
      case 3: {  // cut, or noise; maybe on top of a frame
        Bytes cut = numbered_frame(attack, number++);
        cut.resize(attack.below(static_cast<unsigned>(cut.size()) -
                                1));  // noise makes up for one byte in 1 of 256, and the frame is right
        board.send(attack.below(2) == 0 ? cut : attack.bytes(attack.below(40)), attack.below(30) * ms);
        break;
      }
      case 4: {  // a host's packet
        Bytes packet = numbered_frame(attack, number++);
        packet.resize(packet.size() - 2);
        written.insert(hex(packet));
        board.write('u' + hex(packet) + '.');
        ++attempts;
        break;
      }
      case 5: {  // and one that is malformed
        Bytes packet = numbered_frame(attack, number++);
        packet.resize(packet.size() - 2);
        packet[2] = static_cast<std::uint8_t>(packet[2] + 1 + attack.below(200));
        std::string digits = hex(packet);
        if (attack.below(3) == 0) digits.resize(attack.below(static_cast<unsigned>(digits.size())) | 1);
        board.write('u' + digits + (attack.below(2) == 0 ? '.' : 'x'));
        ++attempts;
        ++refused;
        break;
      }
      case 6:  // a poll that breaks off
        board.clock('\0');
        board.clock('\0');
        for (unsigned left = attack.below(12); left != 0; --left) static_cast<void>(board.clock('\0'));
        board.write("lgd30.");
        if (board.link.message_ready()) board.link.release();
        break;
      case 7:
        board.run(attack.below(60) * ms);
        for (unsigned polls = attack.below(4); polls != 0; --polls) take(board.poll());
        break;
      default:
        if (attack.below(20) != 0) break;
        if (attack.below(3) == 0)
          board.chip.lose_configuration(attack.below(2) == 0);
        else
          board.chip.break_down(attack.below(2) == 0 ? RadioChip::Fault::hung : RadioChip::Fault::stuck);
        board.line.advance(board.now);
    }
    board.run(attack.below(30) * ms);
  }
  board.run(6 * second);
  for (int polls = 0; polls < 100; ++polls) take(board.poll());
  CHECK(board.poll() == "");

  // 3: as many acknowledgements as frames that want one have come up, at most; without faults exactly as
  // many, and 4: what the board has sent is an acknowledgement or one of the host's packets, whole, once.
  unsigned acknowledgements = 0, packets = 0;
  for (Bytes sent : board.sent()) {
    if (faults && (sent.empty() || flm::protocol::jeenode::check_frame(sent.data() + 1, sent.size() - 1) !=
                                       flm::protocol::jeenode::Error::none))
      continue;  // A fault in its midst: it was sent again.
    REQUIRE(sent.size() > 5);
    REQUIRE(sent[0] == 0x2D);
    REQUIRE(flm::protocol::jeenode::check_frame(sent.data() + 1, sent.size() - 1) ==
            flm::protocol::jeenode::Error::none);
    const std::string packet = hex(Bytes(sent.begin() + 1, sent.end() - 2));
    if (written.count(packet) != 0) {
      ++packets;
      if (!faults) written.erase(packet);
    } else {
      REQUIRE((sent[2] & 0x80) != 0);
      REQUIRE(sent[3] == 0);
      ++acknowledgements;
    }
  }
  INFO("seed " << seed << ": " << on_air.size() << " frames, " << passed_up << " up, " << packets
               << " packets of " << attempts << " down");
  CHECK(attempts - packets >= refused);
  if (!faults) {
    CHECK((attempts - packets) % 256 == board.counters().refused);
    CHECK(board.counters().restarts == 0);
    CHECK(acknowledgements == wanting);
  }
  CHECK(acknowledgements <= passed_up);
  CHECK(passed_up > 20);
  CHECK(packets > 5);
}

// The radio's driver with a model of its chip: anything on the air, anything from the host, polls that break
// off, a chip that fails. Of the promises of firmware/radio/radio.hpp:
//   1. What goes up is one whole packet of this group with the right CRC.
//   2. Good frames go up in the order they came, each once.
//   3. No more acknowledgements are sent than packets that want one went up.
//   4. What is sent, while the chip does its work, is an acknowledgement or what the host wrote, whole.
//   5. Afterwards, with the chip healed, a good frame goes up.
// Each deed takes a byte for what, and what it needs.
#include <algorithm>
#include <map>

#include "tests/firmware/radio/radio_bench.hpp"
#include "tests/fuzz/promise.hpp"

using namespace flm::test;
using flm::fuzz::promise;
using flm::protocol::jeenode::check_frame;
using flm::protocol::jeenode::Error;
using flm::sim::RadioChip;

namespace {

Bytes bytes_of(const std::string& text) { return {text.begin(), text.end()}; }
bool is_right(const Bytes& bytes) { return check_frame(bytes.data(), bytes.size()) == Error::none; }

class Attack {
 public:
  explicit Attack(flm::fuzz::Bytes in) : in_(in) {
    board_.step_period = in_.below(2) == 0 ? 160'000 : 3 * ms;
    board_.run(20 * ms);
    free_ = board_.now;
  }

  void run() {
    for (int deeds = 0; deeds < 24 && !in_.empty(); ++deeds) {
      deed(in_.below(9));
      board_.run(in_.below(16) * ms);
    }
    // Waiting packets come up; then quiet, and a good frame.
    take_all();
    if (faults_) {
      board_.run(5 * second);
      take_all();
    }
    board_.run_until(std::max(board_.now, free_) +
                     300 * ms);  // the host's packet has waited for silence, and gone
    take_all();
    const Bytes last = frame(0x01, {0x6C, 0x61, 0x73, 0x74, number_, 0xEE, 0xEE, 0xEE});
    board_.send(last);
    board_.run(board_.air_time(last) + 200 * ms);
    bool up = false;
    for (int polls = 0; polls < 4; ++polls) up = board_.poll() == hex(last) || up;
    promise(up, "5: a good frame goes up afterwards");
    check_sent();
  }

 private:
  void deed(unsigned which) {
    switch (which) {
      case 0:
      case 1: {  // a good frame when no other one is sent, with a number of its own
        Bytes payload = bytes_of(in_.text(in_.below(40)));
        payload.insert(payload.begin(), number_++);
        const std::uint8_t header = in_.byte();
        const Bytes good = frame(header, payload);
        number_of_.emplace(hex(good), number_of_.size());
        free_ = std::max(free_, board_.now + 1);
        board_.air.add_frame(free_, good);
        free_ += board_.air_time(good) + in_.below(10) * ms;
        break;
      }
      case 2: {  // anything, maybe on top of a frame
        const Bytes any = bytes_of(in_.text(in_.below(80)));
        const Nanoseconds later = in_.below(30) * ms;
        if (any.empty()) break;
        board_.send(any, later);
        free_ = std::max(free_, board_.now + later + board_.air_time(any));
        break;
      }
      case 3: {  // anything without the preamble
        const Bytes any = bytes_of(in_.text(1 + in_.below(80)));
        if (any.empty()) break;
        board_.air.add({board_.now + 1, in_.below(4) == 0 ? flm::sim::kBit49_2 : flm::sim::kBit19_2, any});
        free_ = std::max(free_, board_.now + board_.air_time(any));
        break;
      }
      case 4: {  // the host's packet
        Bytes packet = bytes_of(in_.text(in_.below(68)));
        if (packet.size() < 2) break;
        packet.insert(packet.begin() + 2, static_cast<std::uint8_t>(packet.size() - 2));
        if (packet[2] <= flm::protocol::jeenode::payload_max) written_.push_back(hex(packet));
        board_.write('u' + hex(packet) + '.');
        break;
      }
      case 5: {  // anything from the host
        std::string any = in_.text(in_.below(40));
        // A message would wait for a main loop that answers it; this bench has none.
        any.erase(std::remove_if(any.begin(), any.end(), [](char c) { return c == 'l'; }), any.end());
        unseen_ += static_cast<unsigned>(std::count(any.begin(), any.end(), '\0'));
        wild_ = wild_ || any.find('u') != std::string::npos;
        board_.write(any);
        break;
      }
      case 6:  // a poll that breaks off
        board_.clock('\0');
        board_.clock('\0');
        for (unsigned left = in_.below(160); left != 0; --left) {
          if (left % 8 == 0) ++unseen_;
          static_cast<void>(board_.clock('\0'));
        }
        board_.write("x");
        break;
      case 7: take(board_.poll()); break;
      default: fault(in_.below(4));
    }
  }

  void fault(unsigned which) {
    faults_ = true;
    if (which < 2)
      board_.chip.lose_configuration(which == 0);
    else
      board_.chip.break_down(which == 2 ? RadioChip::Fault::hung : RadioChip::Fault::stuck);
    board_.line.advance(board_.now);
  }

  /// Until nothing waits: the queue has room for 40 packets without payload, and a poll that has broken off
  /// costs one.
  void take_all() {
    std::string up;
    for (int polls = 0; polls < 100; ++polls) {
      take(up = board_.poll());
      if (up.empty()) return;
    }
    promise(false, "2: each goes up once: what waits comes to an end", up);
  }

  void take(const std::string& up) {
    if (up.empty()) return;
    if (up[0] == '?') {  // The one before had broken off.
      ++unseen_;
      return;
    }
    promise(up.size() % 2 == 0, "1: what goes up is whole bytes", up);
    Bytes bytes;
    for (std::size_t i = 0; i < up.size(); i += 2)
      bytes.push_back(static_cast<std::uint8_t>(std::stoul(up.substr(i, 2), nullptr, 16)));
    promise(is_right(bytes), "1: what goes up is whole and has the right CRC", up);
    promise(bytes[0] == 212, "1: what goes up is of this group", up);
    if ((bytes[1] & 0x20) != 0) ++wanting_;
    const auto found = number_of_.find(up);
    if (found == number_of_.end()) return;  // A right frame within what was sent as anything.
    promise(found->second >= next_, "2: frames go up in their order, each once", up);
    next_ = found->second + 1;
  }

  void check_sent() {
    unsigned acknowledgements = 0;
    for (const Bytes& sent : board_.sent()) {
      const Bytes inside(sent.empty() ? sent.begin() : sent.begin() + 1, sent.end());
      if (!is_right(inside)) {
        promise(faults_, "4: what is sent is whole", hex(sent));
        continue;
      }
      const std::string packet = hex(Bytes(inside.begin(), inside.end() - 2));
      if (std::find(written_.begin(), written_.end(), packet) != written_.end()) continue;
      if ((inside[1] & 0x80) != 0 && inside[2] == 0)
        ++acknowledgements;
      else
        promise(wild_, "4: what is sent is an acknowledgement or the host's", packet);
    }
    // A poll that broke off late has taken its packet.
    if (!wild_)
      promise(acknowledgements <= wanting_ + unseen_,
              "3: no more acknowledgements than packets that want one");
  }

  flm::fuzz::Bytes in_;
  RadioBench board_{212, flm::radio::Rate::kbit_19_2, RadioChip::by_data_rate};
  Nanoseconds free_ = 0;
  std::uint8_t number_ = 0;
  std::map<std::string, std::size_t> number_of_;
  std::vector<std::string> written_;
  std::size_t next_ = 0;
  unsigned wanting_ = 0, unseen_ = 0;
  bool faults_ = false, wild_ = false;
};

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Attack(flm::fuzz::Bytes(data, size)).run();
  return 0;
}

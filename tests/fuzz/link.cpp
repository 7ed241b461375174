// Any bytes on a board's control link, with the main loop's turn anywhere between them:
//   1. The port takes as a message exactly what stands between an 'l' and a '.' with no 'l', 'u' or zero
//      between them, unless the one before still waits: then it is dropped, and counted.
//   2. Settings, counters and events are those of a second board that got only the well-formed messages, one
//      by one.
//   3. A message is counted as malformed only if it is: each with a wrong CRC, or too long; none when all are
//      well-formed.
//   4. Afterwards a well-formed message is answered no later than the second time, as the second board
//      answers it.
// Byte 0: which board, how often the main loop gets its turn, what is set before; bytes 1 to 3: who asks in
// the end.
#include <cstring>

#include "tests/firmware/board_on_link.hpp"
#include "tests/fuzz/promise.hpp"

using namespace flm::test;
using flm::fuzz::Bytes;
using flm::fuzz::Dice;
using flm::fuzz::promise;

namespace {

bool is_digit(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

/// Two letters, digits, and the CRC of them.
bool crc_right(const std::string& text) {
  if (text.size() < 4) return false;
  for (std::size_t i = 2; i < text.size(); ++i)
    if (!is_digit(text[i])) return false;
  return std::stoul(text.substr(text.size() - 2), nullptr, 16) == crc8(text.substr(0, text.size() - 2));
}

/// Text between 'l' and '.' of a message that a board executes.
bool well_formed(const std::string& text) {
  return text.size() <= flm::protocol::link_message_max && crc_right(text);
}

/// Meaning of the bytes on the bus, as the host sees it.
class Framing {
 public:
  /// True when a message ends with this byte: text() is between its 'l' and its '.'.
  bool ends(char c) {
    if (c == 'l') {
      open_ = true;
      text_.clear();
    } else if (open_ && c == '.') {
      open_ = false;
      return true;
    } else if (c == 'u' || c == '\0') {
      open_ = false;
    } else {
      text_ += c;
    }
    return false;
  }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  bool open_ = false;
  std::string text_;
};

template <class Facts>
void attack(Bytes in, Dice dice) {
  const std::uint8_t how = in.byte();
  static const char* const asked[] = {"gm00", "gc05", "gv", "gp", "gf02", "gj03", "gt01", "gd",
                                      "ga00", "gx",   "gs", "gb", "gi",   "gz",   "gr",   "gq"};
  const std::string last = asked[in.below(sizeof asked / sizeof asked[0])];
  BoardOnLink<Facts> board, second;
  if ((how & 2) != 0)
    for (const char* command : {"sm001429", "sc000000002a", "sf02014d", "sp000102030405", "se0001"}) {
      promise(board.ask(command) == second.ask(command), "two boards answer alike");
    }
  // 1: the main loop after each byte; more: after one of so many, by chance.
  const unsigned seldom = 1 + (how >> 4);
  Framing framing;
  unsigned malformed = 0, dropped = 0, executed = 0;
  bool meter = false, refused_at_begin = false;
  while (!in.empty()) {
    const char c = static_cast<char>(in.byte());
    if (c == 'l') refused_at_begin = board.board.link().message_ready();
    const bool waited = board.board.link().message_ready();
    static_cast<void>(board.clock_without_step(c));
    if (framing.ends(c)) {
      if (refused_at_begin) {
        promise(board.board.link().message_ready() == waited,
                "1: a message that comes too early leaves the one that waits");
      } else {
        const auto& link = board.board.link();
        promise(!waited && link.message_ready(), "1: a message is taken at its '.'");
        const bool fits = framing.text().size() <= flm::protocol::link_message_max;
        promise(
            link.message_length() == (fits ? framing.text().size() : flm::protocol::link_message_max + 1u),
            "1: a message has its length");
        promise(!fits || std::memcmp(&link.message(0), framing.text().data(), framing.text().size()) == 0,
                "1: a message is what was sent");
        ++executed;
        if (well_formed(framing.text())) {
          second.write('l' + framing.text() + '.');
          second.read(3);
        } else if (framing.text().size() >= 4) {
          ++malformed;
        }
      }
    } else {
      promise(waited == board.board.link().message_ready(), "1: a message ends with its '.', nowhere else");
    }
    if (c == 'l' && refused_at_begin) ++dropped;
    promise(board.board.link().dropped() == static_cast<std::uint8_t>(dropped),
            "1: what is dropped is counted");
    if (dice.below(seldom) == 0) {
      board.board.step();
      meter = meter || (board.board.sensors().settings().port_6 & flm::metering::port_6::p1) != 0;
    }
  }
  for (int i = 0; i < 1100; ++i) board.board.step(), second.board.step();

  promise(std::memcmp(&board.board.sensors().settings(), &second.board.sensors().settings(),
                      sizeof(flm::metering::Settings)) == 0,
          "2: settings change by well-formed messages only");
  // A smart meter's telegrams count; the second board does not get them.
  for (std::uint8_t sensor = 0; sensor < flm::metering::sensor_count && !meter; ++sensor) {
    const auto &one = board.board.sensors().total(sensor), &other = second.board.sensors().total(sensor);
    promise(one.counter == other.counter && one.remainder == other.remainder,
            "2: counters change by well-formed messages only");
  }
  promise(board.board.events() == second.board.events(), "2: events change by well-formed messages only");

  const unsigned refused = static_cast<unsigned>(board.board.malformed()),
                 others = static_cast<unsigned>(second.board.malformed());
  promise(refused == ((malformed + others) & 0xFFFF),
          "3: malformed messages are counted, well-formed ones not",
          std::to_string(refused) + " counted, " + std::to_string(malformed) + " sent");
  promise(refused <= executed, "3: no more are counted than were sent");

  const auto answer = [&](auto& host) {
    host.write(message(last));
    host.read(2);
    std::string bytes = host.read_reply();
    return bytes.substr(0, bytes.find('.') + 1);
  };
  const std::string expected = answer(second);
  promise(expected.size() > 5 && expected[0] == 'l', "a board that was not attacked answers");
  // `gr` has the writes of the EEPROM: as many as there was time for between two changes.
  const bool of_traffic =
      last == "gx" || last == "gz" || last == "gr" || ((last == "gd" || last == "gc05") && meter);
  const auto right = [&](const std::string& found) {
    if (!of_traffic) return found == expected;
    return found.size() > 5 && found[0] == 'l' && found.substr(1, 2) == last.substr(0, 2) &&
           crc_right(found.substr(1, found.size() - 2));
  };
  const std::string at_once = answer(board);
  if (right(at_once)) return;
  const std::string again = answer(board);
  promise(right(again), "4: a well-formed message is answered no later than the second time",
          last + ": " + at_once + " / " + again + " / " + expected);
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Bytes in(data, size);
  const Dice dice(data, size);
  if (size > 0 && (data[0] & 1) != 0)
    attack<flm::boards::Flm02a>(in, dice);
  else
    attack<flm::boards::Flm02b>(in, dice);
  return 0;
}

/// Gives some messages their right CRC.
std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size,
                                    unsigned seed) {
  size = LLVMFuzzerMutate(data, size, max_size);
  Dice dice(seed);
  std::size_t begin = 0;
  for (std::size_t at = 0; at < size; ++at) {
    if (data[at] == 'l') begin = at + 1;
    if (data[at] != '.' || begin == 0 || at < begin + 4 || dice.below(4) == 0) continue;
    const std::string crc =
        hex(crc8(std::string(reinterpret_cast<const char*>(data) + begin, at - 2 - begin)), 2);
    data[at - 2] = static_cast<std::uint8_t>(crc[0]);
    data[at - 1] = static_cast<std::uint8_t>(crc[1]);
  }
  return size;
}

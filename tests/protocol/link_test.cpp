#include "protocol/link.hpp"

#include <catch2/catch.hpp>
#include <string>

#include "tests/protocol/messages.hpp"

using flm::protocol::link_message_max;
using flm::protocol::LinkReply;
using LinkPort = flm::protocol::LinkPort<>;
using flm::test::message;
using flm::test::reply;

namespace {

/// The host's end: SPI hands back what the byte before has loaded.
struct Host {
  LinkPort& port;
  std::uint8_t loaded = 0;

  char clock(char out) {
    const char in = static_cast<char>(loaded);
    loaded = port.answer(static_cast<std::uint8_t>(out));
    port.exchange(static_cast<std::uint8_t>(out));
    return in;
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
};

std::string waiting(const LinkPort& port) {
  std::string text;
  for (std::uint8_t place = 0; place < port.message_length(); ++place) text += port.message(place);
  return text;
}

void answer(LinkPort& port, const char* letters) {
  port.take_back_reply();
  LinkReply& out = port.reply();
  out.begin(letters[0], letters[1]);
  port.offer_reply();
  port.release();
}

const std::string two_zeros(2, '\0');

}  // namespace

TEST_CASE("with no reply waiting a host reads nothing first, then lu, and so on in turn") {
  // Recorded from stock boards: first 00 00, then 6c 75 00 00.
  LinkPort port;
  Host host{port};
  for (int round = 0; round < 3; ++round) {
    CHECK(host.read_reply() == two_zeros);
    CHECK(host.read_reply() == "lu" + two_zeros);
  }
}

TEST_CASE("while a message comes in only zeros go out") {
  LinkPort port;
  Host host{port};
  CHECK(host.write(message("gh")) == std::string(6, '\0'));
  CHECK(port.message_ready());
  CHECK(waiting(port) == "gh93");
}

TEST_CASE("a reply is framed by l, a full stop, u and a zero, and one more byte is swallowed") {
  LinkPort port;
  Host host{port};
  host.write(message("gd"));
  answer(port, "gd");
  CHECK(host.read(2) == two_zeros);
  CHECK(host.read_reply() == reply("gd") + two_zeros);
  CHECK(port.take_delivered());
  CHECK_FALSE(port.take_delivered());
  CHECK(host.read_reply() == two_zeros);
  CHECK(host.read_reply() == "lu" + two_zeros);
}

TEST_CASE("a reply is delivered when its full stop has been clocked, not before") {
  LinkPort port;
  Host host{port};
  host.write(message("gd"));
  answer(port, "gd");
  host.read(2);
  CHECK(host.read(6) == "lgd30.");
  CHECK(port.take_delivered());

  host.write(message("gd"));
  answer(port, "gd");
  host.read(2);
  CHECK(host.read(5) == "lgd30");
  CHECK_FALSE(port.take_delivered());
}

TEST_CASE("a reply that is ready only after the line was turned around still goes out with that read") {
  LinkPort port;
  Host host{port};
  host.write(message("gd"));
  CHECK(host.read(2) == two_zeros);
  answer(port, "gd");
  CHECK(host.read_reply() == reply("gd") + two_zeros);
}

TEST_CASE("a reply that is late waits for the next read") {
  LinkPort port;
  Host host{port};
  host.write(message("gd"));
  CHECK(host.read(2) == two_zeros);
  CHECK(host.read_reply() == "lu" + two_zeros);
  answer(port, "gd");
  CHECK(host.read_reply() == two_zeros);
  CHECK(host.read_reply() == reply("gd") + two_zeros);
}

TEST_CASE("a message in the middle of a reply ends the reply, at every place") {
  for (std::size_t place = 0; place < 12; ++place) {
    CAPTURE(place);
    LinkPort port;
    Host host{port};
    host.write(message("gh"));
    answer(port, "gh");
    host.read(place);
    host.write(message("gs"));
    REQUIRE(port.message_ready());
    CHECK(waiting(port) == "gs2e");
    answer(port, "gs");
    host.read(2);
    CHECK(host.read_reply() == reply("gs") + two_zeros);
  }
}

TEST_CASE(
    "a reply that is taken back while it goes out ends without a full stop, or was complete but for its "
    "CRC") {
  for (std::size_t place = 1; place < 14; ++place) {
    CAPTURE(place);
    LinkPort port;
    Host host{port};
    host.write(message("gc00"));
    port.take_back_reply();
    LinkReply& out = port.reply();
    out.begin('g', 'c');
    out.put32(0x12345678);
    port.offer_reply();
    port.release();
    host.read(2);
    std::string text = host.read(place);
    port.take_back_reply();
    port.reply().begin('x', 'x');
    text += host.read_reply();
    if (text.find('.') != std::string::npos)
      CHECK(text == reply("gc12345678") + two_zeros);
    else
      CHECK(text.substr(text.size() - 3) == "u" + two_zeros);
    CHECK_FALSE(port.take_delivered());
  }
}

TEST_CASE("of two messages in one write the first is kept and the second dropped") {
  LinkPort port;
  Host host{port};
  host.write(message("gh") + message("gs"));
  CHECK(waiting(port) == "gh93");
  answer(port, "gh");
  host.read(2);
  CHECK(host.read_reply() == reply("gh") + two_zeros);
  CHECK_FALSE(port.message_ready());
}

TEST_CASE("a message that lost its full stop does not spoil the next one") {
  LinkPort port;
  Host host{port};
  host.write("lgh93");
  host.write(message("gs"));
  CHECK(waiting(port) == "gs2e");
}

TEST_CASE("a message without its full stop is forgotten when the line turns around") {
  LinkPort port;
  Host host{port};
  host.write("lgh93");
  host.read(2);
  host.write(".");
  CHECK_FALSE(port.message_ready());
}

TEST_CASE("bytes of the other channel are no control message") {
  LinkPort port;
  Host host{port};
  host.write("ud4410461626364.");
  CHECK_FALSE(port.message_ready());
  host.write("lghu93.");
  CHECK_FALSE(port.message_ready());
}

TEST_CASE("the longest command fits; one character more is marked as too long, and so are a thousand") {
  const std::string longest = "sp000102030405e6";
  REQUIRE(longest.size() == link_message_max);
  for (const std::size_t more : {0u, 1u, 2u, 255u, 256u, 1000u}) {
    LinkPort port;
    Host host{port};
    host.write('l' + longest + std::string(more, '0') + '.');
    REQUIRE(port.message_ready());
    CHECK(port.message_length() == link_message_max + (more == 0 ? 0 : 1));
  }
}

TEST_CASE("a reply of six data records has its CRC over the characters") {
  LinkPort port;
  port.take_back_reply();
  LinkReply& out = port.reply();
  std::string text = "gd";
  out.begin('g', 'd');
  for (std::uint8_t sensor = 0; sensor < 6; ++sensor) {
    out.put8(sensor);
    out.put32(0x89ABCDEFu - sensor);
    out.put16(999);
    out.put32(0xFFFFFFFFu);
    text += flm::test::hex(sensor, 2) + flm::test::hex(0x89ABCDEFu - sensor, 8) + "03e7ffffffff";
  }
  port.offer_reply();
  Host host{port};
  host.read(2);
  CHECK(host.read_reply() == reply(text) + two_zeros);
}

using namespace std::string_literals;

namespace {

/// A channel that keeps what the host sends, and has some bytes for it.
struct Echo {
  static constexpr bool exists = true;
  static constexpr bool has_meter_line = true;
  std::string heard, waiting, meter;
  void from_meter(std::uint8_t byte) { meter += static_cast<char>(byte); }
  std::string events;  ///< a letter for each word of the channel: writes, ended, broken, reads, has read
  void host_writes() { events += 'w'; }
  void from_host(std::uint8_t byte) { heard += static_cast<char>(byte); }
  void host_wrote(bool whole) { events += whole ? 'e' : 'b'; }
  void host_reads() { events += 'r'; }
  void host_has_read() { events += 'h'; }
  bool to_host(std::uint8_t& byte) {
    if (waiting.empty()) return false;
    byte = static_cast<std::uint8_t>(waiting[0]);
    waiting.erase(0, 1);
    return true;
  }
};

struct EchoHost {
  flm::protocol::LinkPort<Echo> port;
  std::uint8_t loaded = 0;
  std::string write(const std::string& bytes) {
    std::string in;
    for (const char out : bytes) {
      in += static_cast<char>(loaded);
      loaded = port.answer(static_cast<std::uint8_t>(out));
      port.exchange(static_cast<std::uint8_t>(out));
    }
    return in;
  }
};

}  // namespace

TEST_CASE("bytes after u go to the channel, pair by pair, until a character that is not a digit") {
  EchoHost host;
  host.write("ud4410461626364" + two_zeros);
  CHECK(host.port.heard ==
        "\xd4\x41\x04"
        "abcd");
  host.write("u3" + two_zeros + "1u2X3334u35");
  CHECK(host.port.heard ==
        "\xd4\x41\x04"
        "abcd5");
}

TEST_CASE("bytes after p are a smart meter's, unless the p is a command's letter") {
  EchoHost host;
  host.write("p414243." + two_zeros);
  CHECK(host.port.meter == "ABC");
  CHECK(host.port.heard.empty());
  host.write("p44u45p46." + message("gp") + "p47");
  CHECK(host.port.meter == "ABCDFG");
  CHECK(host.port.heard == "E");
  CHECK(host.port.message_ready());
  CHECK(host.port.message(1) == 'p');
  // Only the channel's own bytes reach it.
  CHECK(host.port.events == "rwb");  // broken off by the p
}

TEST_CASE(
    "a zero follows a smart meter's bytes that end with half a byte, or with a character that is not a "
    "digit") {
  for (const std::string end : {"6.", "6l", "6u", "x", "4x", "p"}) {
    CAPTURE(end);
    EchoHost host;
    host.write("p4142" + end);
    CHECK(host.port.meter == "AB\0"s);
  }
  EchoHost host;
  host.write("p41424" + two_zeros);
  CHECK(host.port.meter == "AB\0"s);
  host.write("p4142" + two_zeros);
  CHECK(host.port.meter == "AB\0AB"s);
}

TEST_CASE("the channel's bytes follow the u, with a reply before it and without") {
  // A radio packet, as recorded from a stock FLM02B.
  EchoHost host;
  host.port.waiting = "\xd4\x01\x0a\xa0";
  host.write(two_zeros);
  CHECK(host.write(std::string(12, '\0')) == "lud4010aa0" + two_zeros);
  host.port.waiting = "\x7c\xb3";
  host.write(message("gd"));
  host.port.take_back_reply();
  host.port.reply().begin('g', 'd');
  host.port.offer_reply();
  host.port.release();
  host.write(two_zeros);
  CHECK(host.write(std::string(13, '\0')) == reply("gd") + "7cb3" + two_zeros);
}

TEST_CASE(
    "the channel learns where the host's bytes begin and end, and whether half a byte or something else was "
    "left") {
  const auto events = [](const std::string& bytes) {
    EchoHost host;
    host.write(bytes);
    return host.port.events;
  };
  CHECK(events("u3132.") == "we");
  CHECK(events("u3132l") == "we");
  CHECK(events("u3132u33.") == "wewe");
  CHECK(events("u3132\0"s) == "wer");
  CHECK(events("u." + two_zeros) == "wer");
  CHECK(events("u313.") == "wb");
  CHECK(events("u313\0"s) == "wbr");
  CHECK(events("u31x2.") == "wb");
  CHECK(events("lgh93." + two_zeros) == "r");
  CHECK(events(two_zeros) == "r");
}

TEST_CASE(
    "the channel learns that its bytes have been read when the last digit has been clocked, not before") {
  EchoHost host;
  host.port.waiting = "\x12\x34";
  host.write(two_zeros);
  std::string in;
  while (in.size() < 6) {  // l u 1 2 3 4
    CHECK(host.port.events == "r");
    in += host.write(std::string(1, '\0'));
  }
  CHECK(in == "lu1234");
  CHECK(host.port.events == "rh");
  host.write(two_zeros);
  CHECK(host.port.events == "rh");
}

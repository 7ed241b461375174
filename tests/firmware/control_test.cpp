#include "firmware/control.hpp"

#include <catch2/catch.hpp>
#include <random>
#include <string>

#include "tests/firmware/board_on_link.hpp"
#include "tests/protocol/recorded_exchanges.hpp"

using namespace flm::test;
using flm::boards::Flm02a;
using flm::boards::Flm02b;

namespace {
template <class Facts, std::size_t Count>
void replay(BoardOnLink<Facts>& host, const Exchange (&exchanges)[Count]) {
  for (const Exchange& exchange : exchanges) {
    CAPTURE(exchange.written);
    CHECK(host.transfer(exchange.written) == exchange.read);
  }
}
}  // namespace

TEST_CASE("FLM02B answers every recorded exchange byte for byte") {
  BoardOnLink<Flm02b> host;
  replay(host, on_flm02b);
  replay(host, on_both_boards);
}

TEST_CASE("FLM02A answers every recorded exchange byte for byte, and knows no lines") {
  BoardOnLink<Flm02a> host;
  replay(host, on_flm02a);
  CHECK(host.ask("gk") == "gk");
  CHECK(host.ask("sk000000") == "sk");
  CHECK(host.board.hal().analog_front_end_on);
  replay(host, on_both_boards);
}

namespace {
/// A board that counts what it does with interrupts off.
struct CountingHal : flm::hal::PcHal<Flm02b> {
  struct Critical {
    Critical() { ++sections; }
    ~Critical() {}
    Critical(const Critical&) = delete;
    Critical& operator=(const Critical&) = delete;
  };
  inline static int sections = 0;
};
}  // namespace

TEST_CASE(
    "gx takes its counter of two bytes in one: the radio's interrupt, which counts it, never makes 511 of "
    "255 and 256") {
  BoardOnLink<Flm02b, CountingHal> host;
  const auto sections = [&host](const char* command) {
    const int before = CountingHal::sections;
    static_cast<void>(host.ask(command));
    return CountingHal::sections - before;
  };
  CHECK(sections("gx") == sections("gv") + 1);  // gv has nothing that an interrupt counts
}

TEST_CASE("upper case in digits and CRC is accepted, answers are in lower case") {
  BoardOnLink<Flm02b> host;
  CHECK(host.transfer("lsm00ABCD" + hex(crc8("sm00ABCD"), 2) + '.') == reply("sm00abcd"));
  std::string crc = hex(crc8("sm0099aB"), 2);
  for (char& c : crc) c = static_cast<char>(c >= 'a' ? c - 'a' + 'A' : c);
  CHECK(host.transfer("lsm0099aB" + crc + '.') == reply("sm0099ab"));
  CHECK(host.transfer("lgpCC.") == reply("gpffffffffffff"));  // "lgpcc." of the recordings
}

TEST_CASE("a message too short to hold a command is answered zy") {
  BoardOnLink<Flm02b> host;
  for (const char* written : {"l.", "lg.", "lgh.", "lgh9."}) {
    CAPTURE(written);
    CHECK(host.transfer(written) == reply("zy"));
  }
}

TEST_CASE("too few or too many digits are answered zz and change nothing") {
  // The stock board takes the CRC for missing digits, and succeeds.
  BoardOnLink<Flm02b> host;
  CHECK(host.ask("sm001429") == "sm001429");
  CHECK(host.ask("sp000102ffffff") == "sp000102ffffff");
  for (const char* command : {"sm",         "sm00", "sm0014",       "sm00142",       "sm0014290",
                              "sm00142900", "gm",   "gm0",          "gm000",         "gm0000",
                              "gh0",        "gh00", "sh0002",       "sc00000000",    "sc0000000000ff",
                              "se00",       "se0",  "sp0001020304", "sp00010203040", "sp0001020304055",
                              "gp00",       "gd0",  "gd00",         "sk0100",        "gk01"}) {
    CAPTURE(command);
    CHECK(host.ask(command) == "zz");
  }
  CHECK(host.ask("gm00") == "gm001429");
  CHECK(host.ask("gp") == "gp000102ffffff");
}

TEST_CASE("a character that is not a digit makes a message malformed") {
  BoardOnLink<Flm02b> host;
  for (const char* command : {"sm00142g", "sm0014 9", "ge0G", "xxq0"}) CHECK(host.ask(command) == "zz");
  CHECK(host.transfer("lgh9g.") == reply("zz"));
}

TEST_CASE("a message longer than any command is answered zz, also when its first characters are one") {
  BoardOnLink<Flm02b> host;
  CHECK(host.transfer("lsp000102030405e6e6.") == reply("zz"));
  CHECK(host.transfer("l" + std::string(1000, '0') + ".") == reply("zz"));
  CHECK(host.ask("gp") == "gpffffffffffff");
}

TEST_CASE("every property comes back as it was set, for every sensor") {
  BoardOnLink<Flm02b> host;
  for (unsigned sensor = 0; sensor < 6; ++sensor) {
    const std::string index = hex(sensor, 2);
    for (const std::string& value :
         {"c" + index + hex(0xFFFFFFFFu - sensor, 8), "c" + index + hex(0x12345678u + sensor, 8),
          "m" + index + hex(0xFFFFu - sensor, 4), "f" + index + hex(999 - sensor, 4), "e" + index + "01"}) {
      CHECK(host.ask('s' + value) == 's' + value);
      CHECK(host.ask('g' + value.substr(0, 3)) == 'g' + value);
    }
  }
  CHECK(host.ask("sh123456") == "sh123456");
  CHECK(host.ask("gh") == "gh123456");
  CHECK(host.ask("ss89ab") == "ss89ab");
  CHECK(host.ask("gs") == "gs89ab");
  CHECK(host.ask("sp050403020100") == "sp050403020100");
  CHECK(host.ask("gp") == "gp050403020100");
}

TEST_CASE("a sensor that does not exist is answered with the letters alone") {
  BoardOnLink<Flm02b> host;
  for (const char* command : {"ge06", "geff", "se0601", "gc06", "sc0600000001", "smff0001", "gf07"})
    CHECK(host.ask(command) == std::string(command).substr(0, 2));
}

TEST_CASE("a value out of range is answered with the letters alone and changes nothing") {
  BoardOnLink<Flm02b> host;
  CHECK(host.ask("sf0003e7") == "sf0003e7");
  CHECK(host.ask("sf0003e8") == "sf");
  CHECK(host.ask("gf00") == "gf0003e7");
  CHECK(host.ask("se0002") == "se");
  CHECK(host.ask("ge00") == "ge0000");
  CHECK(host.ask("sp000102030405") == "sp000102030405");
  CHECK(host.ask("sp050403020106") == "sp");
  CHECK(host.ask("gp") == "gp000102030405");
  for (const char* command : {"sk020000", "sk000200", "sk0000ff"}) CHECK(host.ask(command) == "sk");
  CHECK(host.ask("gk") == "gk010000");
}

TEST_CASE("the lines are switched one by one") {
  BoardOnLink<Flm02b> host;
  for (unsigned lines = 0; lines < 8; ++lines) {
    const std::string value = hex(lines & 1, 2) + hex(lines >> 1 & 1, 2) + hex(lines >> 2 & 1, 2);
    CHECK(host.ask("sk" + value) == "sk" + value);
    CHECK(host.ask("gk") == "gk" + value);
    CHECK(host.board.hal().analog_front_end_on == ((lines & 1) != 0));
    CHECK(host.board.hal().invert_rx == ((lines & 2) != 0));
    CHECK(host.board.hal().invert_tx == ((lines & 4) != 0));
  }
}

TEST_CASE(
    "of two messages in one write the first is answered when the main loop is slow, and both in turn when it "
    "is not") {
  BoardOnLink<Flm02b> slow;
  for (const char c : message("gh") + message("gs")) slow.clock_without_step(c);
  slow.read(2);
  CHECK(slow.read_reply() == reply("gh000202") + std::string(2, '\0'));

  BoardOnLink<Flm02b> fast;
  CHECK(fast.transfer(message("gh") + message("gs")) == reply("gs0100"));
}

TEST_CASE("a reply that the host gives up is answered anew at every place of it") {
  for (std::size_t place = 0; place < 20; ++place) {
    BoardOnLink<Flm02b> host;
    host.write(message("gh"));
    host.read(place);
    CAPTURE(place);
    // The byte that was loaded for the zero that did not come goes out with the next message's first.
    host.clock('l');
    host.write(message("gs").substr(1));
    host.read(2);
    CHECK(host.read_reply() == reply("gs0100") + std::string(2, '\0'));
  }
}

namespace {
/// Sensor 0 fed by clamp port 1 with a steady 100 counts: 1 W a reading is enough, and a change every second.
template <class Facts>
void configure_clamp(BoardOnLink<Facts>& host) {
  REQUIRE(host.ask("sp00ffffffffff") == "sp00ffffffffff");
  REQUIRE(host.ask("sm001429") == "sm001429");
  REQUIRE(host.ask("se0001") == "se0001");
  host.ticks(2 * host.ticks_a_second + 3, 100);
}
}  // namespace

TEMPLATE_TEST_CASE("changes are delivered again until the host has clocked the reply to its end", "", Flm02a,
                   Flm02b) {
  BoardOnLink<TestType> host;
  configure_clamp(host);
  const std::string whole = host.transfer(message("gd"));
  REQUIRE(whole.size() == std::string("lgd").size() + 22 + std::string("00.u").size());
  REQUIRE(host.ask("gd") == "gd");  // Delivered once and only once.
  const std::size_t to_full_stop = whole.size() - 1;
  for (std::size_t clocked = 0; clocked < to_full_stop; ++clocked) {
    CAPTURE(clocked);
    host.ticks(host.ticks_a_second, 100);
    host.write(message("gd"));
    host.read(2 + clocked);
    REQUIRE(host.write(message("gs")).size() == 6);
    CHECK(host.read(2 + 11).substr(2) == reply("gs0100"));
    CHECK(host.ask("gd").size() == 2 + 22);
    CHECK(host.ask("gd") == "gd");
  }
  host.ticks(host.ticks_a_second, 100);
  host.write(message("gd"));
  CHECK(host.read(2 + to_full_stop).back() == '.');
  CHECK(host.write(message("gd")) == 'u' + std::string(5, '\0'));  // the u was loaded already
  CHECK(host.read(2 + 7).substr(2) == reply("gd"));
}

TEST_CASE("a change between the reply and its delivery is reported with the next gd") {
  BoardOnLink<Flm02b> host;
  configure_clamp(host);
  host.write(message("gd"));
  host.ticks(host.ticks_a_second, 100);
  host.read(2);
  CHECK(host.read_reply().size() == 3 + 22 + 4 + 2);
  CHECK(host.ask("gd").size() == 2 + 22);
  CHECK(host.ask("gd") == "gd");
}

TEST_CASE("a command between gd and its delivery takes nothing for delivered") {
  BoardOnLink<Flm02b> host;
  configure_clamp(host);
  host.write(message("gd"));
  CHECK(host.ask("gs") == "gs0100");
  CHECK(host.ask("gd").size() == 2 + 22);
}

TEMPLATE_TEST_CASE(
    "after a storm of random bytes the next good message is answered, no later than the second", "", Flm02a,
    Flm02b) {
  BoardOnLink<TestType> host;
  std::mt19937 random(20240517);
  // Bytes of every kind, and bytes that messages are made of, so that the storm reaches every state.
  const std::string likely = std::string("lllu..ghspcedmfk0123456789abcdef") + '\0' + '\0' + '\0' + '\0';
  std::uniform_int_distribution<unsigned> any(0, 255);
  std::uniform_int_distribution<std::size_t> pick(0, likely.size() - 1);
  std::uniform_int_distribution<int> length(1, 400);
  std::uniform_int_distribution<int> kind(0, 3);
  int sent = 0;
  while (sent < 1000000) {
    const int burst = length(random);
    const bool from_messages = kind(random) != 0;
    const bool slow = kind(random) == 0;
    for (int i = 0; i < burst; ++i) {
      const char byte = from_messages ? likely[pick(random)] : static_cast<char>(any(random));
      if (slow)
        host.clock_without_step(byte);
      else
        host.clock(byte);
    }
    sent += burst;
    host.write(message("gh"));
    host.read(2);
    std::string in = host.read_reply();
    const std::string wanted = "lgh";
    if (in.substr(0, 3) != wanted) in = host.transfer(message("gh"));
    if (in.substr(0, 3) != wanted) FAIL("no answer after " << sent << " bytes: " << in);
  }
}

TEST_CASE("setting the fraction that a sensor has keeps its thousandths; a different one clears them") {
  // On the stock board 0.5 + 0.5 gave 0.5.
  BoardOnLink<Flm02b> host;
  for (const char* command : {"spffffffff02ff", "sm020000", "sf0201f4", "se0201"})
    CHECK(host.ask(command) == command);
  host.board.sensors().add_pulses(4, 1, 0);
  CHECK(host.ask("sf0201f4") == "sf0201f4");
  host.board.sensors().add_pulses(4, 2, 0);
  CHECK(host.ask("gc02") == "gc0200000001");
  CHECK(host.board.sensors().milli(2) == 500);
  CHECK(host.ask("sf0200c8") == "sf0200c8");
  CHECK(host.board.sensors().milli(2) == 0);
  CHECK(host.ask("gc02") == "gc0200000001");
}

TEST_CASE("a fraction of more than a thousand divides the constant: 3200 pulses of 1000/3200 Wh are a kWh") {
  BoardOnLink<Flm02b> host;
  for (const char* command : {"spffffffff02ff", "sm0203e8", "sf020c80", "se0201"})
    CHECK(host.ask(command) == command);
  for (int pulse = 0; pulse < 3200; ++pulse) {
    host.board.sensors().add_pulses(4, 1, 0);
    if (pulse == 0) CHECK(host.board.sensors().milli(2) == 312);  // 312.5 mWh
    if (pulse == 1) CHECK(host.board.sensors().milli(2) == 625);
  }
  CHECK(host.ask("gc02") == "gc02000003e8");
  CHECK(host.board.sensors().milli(2) == 0);
  for (const char* command : {"sf0203e9", "sf020fff", "sf0203e7"})
    CHECK(host.ask(command) == command);  // 1001, 4095, 999
  for (const char* command : {"sf0203e8", "sf021000", "sf02ffff"})
    CHECK(host.ask(command) == "sf");  // 1000, 4096
  CHECK(host.ask("gf02") == "gf0203e7");
}

TEST_CASE("watchdog resets and power failures are two numbers that do not run into each other") {
  BoardOnLink<Flm02a> host;
  CHECK(host.ask("sbffff") == "sbffff");
  CHECK(host.ask("gw") == "gw0000");
  CHECK(host.ask("sw1234") == "sw1234");
  CHECK(host.ask("gb") == "gbffff");
}

TEST_CASE("the radio group can be set on FLM02B and not asked for; the LED shows a port or the heartbeat") {
  BoardOnLink<Flm02b> host;
  CHECK(host.ask("sg12") == "sg12");
  CHECK(host.ask("gg") == "gg");
  CHECK(host.ask("si05") == "si05");
  CHECK(host.ask("gi") == "gi05");
  for (const char* command : {"si06", "sifE", "si80"}) CHECK(host.ask(command) == "si");
  CHECK(host.ask("gi") == "gi05");
}

TEST_CASE(
    "extensions: a clamp's calibration and a pulse port's debounce, in range and of ports that there are") {
  BoardOnLink<Flm02b> host;
  CHECK(host.ask("gt02") == "gt020776");  // 1 910 us
  CHECK(host.ask("gn00") == "gn000155");  // 341 / 1024 count^2
  for (const char* command : {"st014e20", "sn01ffff", "so01ff80", "sj01000f", "sj0403e8", "sj02ffff"}) {
    CHECK(host.ask(command) == command);
    CHECK(host.ask(std::string("g") + command[1] + std::string(command + 2, 2)) ==
          std::string("g") + (command + 1));
  }
  CHECK(host.ask("gt00") == "gt000776");
  for (const char* command : {"st030001", "sj000064", "sj050064", "sj060064", "sj03000e", "gj00", "gt03"})
    CHECK(host.ask(command) == std::string(command).substr(0, 2));
  CHECK(host.ask("gj03") == "gj03003c");  // 6 ms
  BoardOnLink<Flm02a> other;
  CHECK(other.ask("sj010064") == "sj");  // port 2 is a clamp for good
  CHECK(other.ask("sj030064") == "sj030064");
}

TEST_CASE("extensions: version and features, reset cause and up-time, errors") {
  BoardOnLink<Flm02b> host;
  CHECK(host.ask("gv") == "gv0001002b002f");
  CHECK(host.ask("gr").substr(0, 14) == "gr010000000000");
  CHECK(host.ask("gx") == "gx0000000000000000");
  CHECK(host.transfer("lgh00.") == reply("zz"));
  host.write("lgh93.lgs2e.");  // The main loop runs after each byte here, so none is dropped.
  CHECK(host.ask("gx") == "gx0001000000000000");
  for (const char c : std::string("lgh93.lgs2e.")) static_cast<void>(host.clock_without_step(c));
  host.board.step();
  CHECK(host.ask("gx") == "gx0001010000000000");
  BoardOnLink<Flm02a> other;
  CHECK(other.ask("gv") == "gv0001002a0033");
}

TEST_CASE("extensions: a clamp's raw statistics are those of the samples of one window") {
  BoardOnLink<Flm02b> host;
  const std::string nothing = "ga02" + std::string(4, '0') + std::string(40, '0');
  CHECK(host.ask("ga02") == nothing);
  CHECK(host.ask("ga03") == "ga");
  // 100, 101, 102, then full scale, and again; clamps in turn, the third is asked for.
  const unsigned codes[] = {100, 101, 102, 1023};
  unsigned scan = 0;
  for (int window = 0; window < 2; ++window) {
    const std::uint32_t uptime = host.board.uptime_s();
    while (host.board.uptime_s() == uptime) {
      for (unsigned clamp = 0; clamp < 3; ++clamp)
        flm::hal::raise_conversion_complete(host.board,
                                            static_cast<std::uint16_t>(clamp == 2 ? codes[scan % 4] : 7));
      ++scan;
      host.board.step();
    }
  }
  const std::string text = host.ask("ga02");
  REQUIRE(text.size() == nothing.size());
  const auto field = [&](std::size_t place, std::size_t digits) {
    return std::stoul(text.substr(place, digits), nullptr, 16);
  };
  const unsigned long samples = field(4, 4);
  CHECK(samples >= 2083);  // 1 s of 6 250 conversions
  CHECK(samples <= 2084);
  CHECK(field(8, 4) == 1023);
  CHECK(field(12, 4) == 100);
  CHECK(std::abs(static_cast<long>(field(20, 4)) - 521) <= 1);  // a quarter clipped
  CHECK(std::abs(static_cast<double>(field(24, 8)) / static_cast<double>(samples) -
                 (100 + 101 + 102 + 1023) / 4.0) < 1);
  CHECK(std::abs(static_cast<double>(field(32, 8)) / static_cast<double>(samples) -
                 (1 + 1 + 921.0 * 921 + 923.0 * 923) / 4) < 500);
  CHECK(std::abs(static_cast<double>(field(40, 8)) / static_cast<double>(samples) -
                 (10000 + 10201 + 10404 + 1023.0 * 1023) / 4) < 500);
}

TEST_CASE(
    "a commit answers when everything is stored, and not before; a host that speaks meanwhile does not get "
    "it any more") {
  BoardOnLink<Flm02b> host;
  flm::hal::HostEeprom& eeprom = *host.board.hal().eeprom;
  CHECK(host.ask("sm001429") == "sm001429");
  eeprom.instant = false;
  host.write("lct96." + std::string(2, '\0'));
  int writes = 0;
  while (true) {
    host.board.step();
    if (!eeprom.busy) break;
    if (writes == 10) CHECK(host.read_reply() == "lu" + std::string(2, '\0'));
    eeprom.finish();
    ++writes;
  }
  CHECK(writes > 60);
  host.read(2);
  CHECK(host.read_reply() == reply("ct").substr(0) + std::string(2, '\0'));

  CHECK(host.ask("sm00142a") == "sm00142a");
  host.write("lct96.");
  CHECK(host.ask("gm00") == "gm00142a");
  while (eeprom.busy) {
    eeprom.finish();
    host.board.step();
  }
  CHECK(host.ask("gm00") == "gm00142a");
}

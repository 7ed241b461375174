#include "protocol/p1.hpp"

#include <catch2/catch.hpp>
#include <random>

#include "tests/protocol/p1_telegrams.hpp"

using namespace flm::test;
using p1::Error;
using p1::Event;
using p1::Register;

namespace {

using All = p1::Parser<p1::AllFields>;
using Board = p1::Parser<p1::BoardFields>;

const std::vector<std::string> good_lines = {"0-0:96.1.1(4530)",          "1-0:1.8.1(000100.000*kWh)", "1-0:1.8.2(000020.000*kWh)",
                                             "1-0:2.8.1(000003.000*kWh)", "1-0:2.8.2(000000.400*kWh)", "1-0:1.7.0(00.250*kW)",
                                             "1-0:2.7.0(00.000*kW)"};
const std::string good = telegram(good_lines);
constexpr std::int32_t good_net = 116600;

std::vector<std::string> with(std::size_t place, const std::string& line) {
  std::vector<std::string> lines = good_lines;
  lines[place] = line;
  return lines;
}

/// The bytes are refused or ignored, and the good telegram behind them is accepted.
template <class Parser = All>
Parser survives(const std::string& bad) {
  Parser parser;
  for (const Seen& one : run(parser, bad)) CHECK(one.event != Event::telegram);
  const std::vector<Seen> after = run(parser, good);
  CHECK(accepted(after) == 1);
  CHECK(parser.net_wh() == good_net);
  return parser;
}

std::string with_even_parity(std::string text) {
  for (char& c : text)
    if (__builtin_parity(static_cast<unsigned char>(c)) != 0) c = static_cast<char>(c | 0x80);
  return text;
}

}  // namespace

TEST_CASE("the two checksums have their published check values, also in blocks") {
  const std::string text = "123456789";
  std::uint16_t arc = p1::Arc::initial, x25 = p1::X25::initial;
  for (const char c : text) {
    arc = p1::Arc::step(arc, static_cast<std::uint8_t>(c));
    x25 = p1::X25::step(x25, static_cast<std::uint8_t>(c));
  }
  CHECK(arc == 0xBB3D);
  CHECK((x25 ^ p1::X25::final_xor) == 0x906E);
  std::string longer;
  std::mt19937 random(1);
  for (int i = 0; i < 1000; ++i) longer += static_cast<char>(random());
  std::uint16_t step_arc = 0, step_x25 = 0xFFFF;
  for (std::size_t length = 0; length < longer.size(); ++length) {
    const auto* data = reinterpret_cast<const std::uint8_t*>(longer.data());
    CHECK(p1::Slices<p1::Arc>::add(0, data, length) == step_arc);
    CHECK(p1::Slices<p1::X25>::add(0xFFFF, data, length) == step_x25);
    step_arc = p1::Arc::step(step_arc, data[length]);
    step_x25 = p1::X25::step(step_x25, data[length]);
  }
  CHECK(step_arc == crc_of(longer));
}

TEST_CASE("values arrive with the byte behind the CRC, not before") {
  Board parser;
  const std::vector<Seen> all = run(parser, good);
  REQUIRE(all.size() == 1);
  CHECK(all[0].at == good.size() - 2);  // the CR
  CHECK(all[0].event == Event::telegram);
  CHECK(parser.has_net());
  CHECK(parser.net_wh() == good_net);
  CHECK(parser.has_power());
  CHECK(parser.power_w() == 250);
}

TEST_CASE("power to the grid is negative") {
  All parser;
  CHECK(accepted(run(parser, telegram({"1-0:1.7.0(00.000*kW)", "1-0:2.7.0(12.345*kW)"}))) == 1);
  CHECK(parser.power_w() == -12345);
  CHECK_FALSE(parser.has_net());
}

TEST_CASE("a total counts instead of its tariffs, in either order") {
  for (const bool first : {true, false}) {
    std::vector<std::string> lines = {"1-0:1.8.1(000001.000*kWh)", "1-0:1.8.2(000002.000*kWh)"};
    lines.insert(first ? lines.begin() : lines.end(), "1-0:1.8.0(000004.000*kWh)");
    All parser;
    CHECK(accepted(run(parser, telegram(lines))) == 1);
    CHECK(parser.net_wh() == 4000);
    CHECK(parser.get(Register::import_2) == 2000);
  }
}

TEST_CASE("a CRC is accepted with and without leading zeros, in either case") {
  // Looked for: a telegram whose CRC begins with a zero.
  for (int n = 0;; ++n) {
    const std::string text = telegram({fmt::format("1-0:1.8.0({:06}.000*kWh)", n)});
    const std::string body = text.substr(0, text.size() - 6);
    const unsigned crc = crc_of(body);
    if (crc >= 0x1000 || (crc & 0xF) < 0xA) continue;
    for (const std::string& tail : {fmt::format("{:04X}", crc), fmt::format("{:X}", crc), fmt::format("{:04x}", crc)}) {
      All parser;
      CHECK(accepted(run(parser, body + tail + "\r\n")) == 1);
    }
    break;
  }
}

TEST_CASE("each wrong CRC line has its cause") {
  const std::string body = good.substr(0, good.size() - 6), crc = good.substr(good.size() - 6, 4);
  const auto cause = [&](const std::string& tail) {
    All parser = survives(body + tail + "\r\n");
    return parser.error();
  };
  CHECK(cause(crc.substr(1)) == Error::crc);  // three digits
  CHECK(cause(crc + "0") == Error::crc_form);
  CHECK(cause("0" + crc) == Error::crc_form);
  CHECK(cause("00000000") == Error::crc_form);
  CHECK(cause("xyz1") == Error::crc_form);
  CHECK(cause("0000") == Error::crc);
  CHECK(cause("") == Error::no_crc);
}

TEST_CASE("every single wrong byte of a telegram is found") {
  for (std::size_t at = 0; at < good.size() - 2; ++at)
    for (int flip = 1; flip < 256; ++flip) {
      std::string bad = good;
      bad[at] = static_cast<char>(bad[at] ^ flip);
      All parser;
      const std::vector<Seen> all = run(parser, bad + "\r\n");
      if (accepted(all) == 0) continue;
      // The CRC's own letters may change their case.
      CAPTURE(at, flip);
      CHECK(at >= good.size() - 6);
      CHECK(flip == 0x20);
      CHECK(values_of(parser).find("net 116600") != std::string::npos);
    }
}

TEST_CASE("a telegram that is cut anywhere changes nothing, and the one behind it is accepted") {
  for (std::size_t cut = 0; cut < good.size() - 1; ++cut) {
    CAPTURE(cut);
    All parser;
    CHECK(accepted(run(parser, good.substr(0, cut))) == 0);
    const std::size_t behind = accepted(run(parser, good));
    // Behind `/XXXZ` a '/' may belong to the header: Holley meters write it so.
    CHECK(behind == (cut == 5 ? 0 : 1));
    CHECK(accepted(run(parser, good)) == 1);
    CHECK(parser.net_wh() == good_net);
  }
}

TEST_CASE("a telegram without its beginning changes nothing, and the one behind it is accepted") {
  for (std::size_t cut = 1; cut < good.size(); ++cut) {
    CAPTURE(cut);
    survives(good.substr(cut));
  }
}

TEST_CASE("two telegrams merged: the second is accepted if it is whole") {
  const std::string first = telegram(with(1, "1-0:1.8.1(999999.999*kWh)"));
  survives(first.substr(0, 60));
  survives(first.substr(0, first.size() - 6));
  // The meter of dsmr_parser's issue 91: its text was cut off by its own next telegram.
  All parser;
  const std::string holley = telegram(good_lines, "HLY5/D545-METER");
  CHECK(accepted(run(parser, holley.substr(0, 21) + "0-0:96.13.0(FFFFFFFFFFFFFF" + holley)) == 1);
  CHECK(parser.errors(Error::cut) == 1);
}

TEST_CASE("a '/' inside of a line is text") {
  All parser;
  CHECK(accepted(run(parser, telegram({"0-0:96.13.0(a/b/c)", "1-0:1.8.0(000001.000*kWh)", "0-0:96.13.1(/ABC5\\x)"}))) == 1);
  CHECK(parser.net_wh() == 1000);
}

TEST_CASE("what is wrong with a value is counted by its cause, and the register is absent") {
  struct Case {
    const char* value;
    Error cause;
  };
  const Case cases[] = {{"0000000000000.001*kWh", Error::digits}, {"999999999.999*kWh", Error::digits}, {"4294967296*Wh", Error::digits},
                        {"99999999999*Wh", Error::digits},        {"000001.0001*kWh", Error::digits},   {"000001.5*Wh", Error::digits},
                        {"000001.000", Error::unit},              {"000001.000*kW", Error::unit},       {"000001.000*kVAh", Error::unit},
                        {"000001.000*MWh", Error::unit},          {"000001.000*kWh ", Error::unit},     {"000001.000*", Error::unit},
                        {"-00001.000*kWh", Error::value},         {"nan", Error::value},                {"", Error::value},
                        {"000001.*kWh", Error::value},            {".001*kWh", Error::value},           {"1.2.3*kWh", Error::value},
                        {"000001,000*kWh", Error::value},         {"1e3*kWh", Error::value},            {" 00001.000*kWh", Error::value}};
  for (const Case& one : cases) {
    CAPTURE(one.value);
    All parser;
    const std::vector<Seen> all = run(parser, telegram(with(1, std::string("1-0:1.8.1(") + one.value + ")")));
    REQUIRE(all.size() == 2);
    CHECK(all[0].event == Event::reading_refused);
    CHECK(all[0].error == one.cause);
    CHECK(parser.errors(one.cause) == 1);
    CHECK(all[1].event == Event::telegram);
    CHECK_FALSE(parser.has(Register::import_1));
    CHECK(parser.get(Register::import_2) == 20000);
    CHECK_FALSE(parser.has_net());  // never from partial data
    CHECK(parser.power_w() == 250);
  }
}

TEST_CASE("the highest numbers that fit are read, one more is not") {
  All parser;
  CHECK(accepted(run(parser, telegram({"1-0:1.8.0(4294950911*Wh)", "1-0:2.8.1(4259839*kWh)", "1-0:1.7.0(42.926079*kW)"}))) == 1);
  CHECK(parser.get(Register::export_1) == 4259839000u);
  CHECK_FALSE(parser.has(Register::power_import));  // six decimals
}

TEST_CASE("a value whose group or line has no end is refused") {
  All parser;
  for (const char* line : {"1-0:1.8.1(000001.000*kWh", "1-0:1.8.1(0000", "1-0:1.8.1(", "1-0:1.8.1(000001.000*k"}) {
    CHECK(accepted(run(parser, telegram(with(1, line)))) == 1);
    CHECK_FALSE(parser.has_net());
  }
  CHECK(parser.errors(Error::value) == 4);
}

TEST_CASE("a register that comes twice is not believed") {
  All parser;
  std::vector<std::string> lines = good_lines;
  lines.push_back(lines[1]);
  CHECK(accepted(run(parser, telegram(lines))) == 1);
  CHECK(parser.errors(Error::duplicate) == 1);
  CHECK_FALSE(parser.has_net());
  CHECK(parser.has_power());
}

TEST_CASE("the calendar: days that exist, and those that do not") {
  const auto time_of = [](const std::string& stamp) {
    All parser;
    CHECK(accepted(run(parser, telegram({"0-0:1.0.0(" + stamp + ")"}))) == 1);
    return parser.has(Register::time) ? static_cast<std::int64_t>(parser.get(Register::time)) : -1;
  };
  // `date -u -d ... +%s`
  CHECK(time_of("000101000000W") == 946681200);
  CHECK(time_of("000229235959W") == 951865199);
  CHECK(time_of("000301000000W") == 951865200);
  CHECK(time_of("230331235959S") == 1680299999);
  CHECK(time_of("991231235959W") == 4102441199);
  for (const char* wrong : {"230229000000W", "230431000000W", "231301000000W", "230001000000W", "230100000000W", "230132000000W",
                            "230101240000W", "230101006000W", "230101000060W", "230101000000X", "230101000000", "23010100000W",
                            "2301010000000W", "632525252525W", "", "230101000000WW", "230101000000W0", "2301010000.0W"}) {
    CAPTURE(wrong);
    CHECK(time_of(wrong) == -1);
  }
  // Every day of a century against the C library.
  std::time_t at = 946724400;  // 1 January 2000, 12:00 in winter time
  for (int day = 0; day < 36525; ++day, at += 86400) {
    const std::time_t local = at + 3600;
    const std::tm* t = std::gmtime(&local);
    const std::string stamp = fmt::format("{:02}{:02}{:02}{:02}{:02}{:02}W", t->tm_year - 100, t->tm_mon + 1, t->tm_mday, t->tm_hour,
                                          t->tm_min, t->tm_sec);
    All parser;
    REQUIRE(accepted(run(parser, telegram({"0-0:1.0.0(" + stamp + ")"}))) == 1);
    REQUIRE(parser.get(Register::time) == static_cast<std::uint32_t>(at));
  }
}

TEST_CASE("a board keeps the time of a reading as its meter shows it") {
  Board parser;
  CHECK(accepted(run(parser, telegram({"0-1:24.1.0(003)", "0-1:24.2.1(231102121002W)(00092.287*m3)"}))) == 1);
  CHECK(parser.device(0).value == 92287);
  CHECK(parser.device(0).time == 2311021210);
}

TEST_CASE("a board's one place is for the gas meter that gives values") {
  Board parser;
  CHECK(accepted(run(parser, telegram({"0-1:24.1.0(007)", "0-1:24.2.1(231102121002W)(00001.000*m3)", "0-2:24.1.0(003)",
                                       "0-2:24.2.1(700101010000W)(00000000)", "0-3:24.1.0(003)",
                                       "0-3:24.2.1(231102121002W)(00092.287*m3)", "0-4:24.1.0(003)",
                                       "0-4:24.2.1(231102121002W)(00004.000*m3)"}))) == 1);
  CHECK(parser.device(0).channel == 3);
  CHECK(parser.device(0).value == 92287);
}

TEST_CASE("a device's fault does not spoil the rest") {
  All parser;
  std::vector<std::string> lines = good_lines;
  for (const char* line : {"0-1:24.1.0(003)", "0-1:24.2.1()(00001.000*m3)", "0-2:24.1.0(007)", "0-2:24.2.1(231102121002W)(00002.000*GJ)",
                           "0-3:24.1.0(004)", "0-3:24.2.1(231102121002W)(3.000*GJ)", "0-5:24.1.0(003)", "0-5:24.2.1(231102121002W)(5*m3)"})
    lines.push_back(line);
  CHECK(accepted(run(parser, telegram(lines))) == 1);
  CHECK(parser.net_wh() == good_net);
  CHECK(parser.device(0).value == 1000);
  CHECK(parser.device(0).time == 0);
  CHECK_FALSE(parser.device(1).has_value);
  CHECK(parser.device(2).value == 3000);
  CHECK(parser.device(3).channel == 0);
}

TEST_CASE("a changed meter has another number, the same meter the same") {
  All parser;
  run(parser, good);
  const unsigned first = parser.equipment();
  run(parser, telegram(with(1, "1-0:1.8.1(000101.000*kWh)")));
  CHECK(parser.equipment() == first);
  run(parser, telegram(with(0, "0-0:96.1.1(4531)")));
  CHECK(parser.equipment() != first);
  run(parser, telegram(good_lines, "ABD5\\test"));
  CHECK(parser.equipment() != first);
}

TEST_CASE("a telegram without CRC is accepted only when that was asked for") {
  const std::string bare = bare_telegram(good_lines);
  CHECK(survives(bare).errors(Error::no_crc) == 1);
  All parser;
  parser.accept_without_crc(true);
  CHECK(accepted(run(parser, bare)) == 1);
  CHECK(parser.net_wh() == good_net);
  parser.accept_without_crc(false);
  CHECK(accepted(run(parser, bare)) == 0);
}

TEST_CASE("without CRC, every line must be one of a telegram, and every wanted value right") {
  const auto refused = [](const std::vector<std::string>& lines) {
    All parser;
    parser.accept_without_crc(true);
    const std::vector<Seen> all = run(parser, bare_telegram(lines));
    return accepted(all) == 0 && parser.error() == Error::not_whole;
  };
  CHECK_FALSE(refused(good_lines));
  // A device that was never read does not spoil the rest.
  CHECK_FALSE(refused({good_lines[1], "0-1:24.1.0(3)", "0-1:24.3.0(000000000000)(04)(60)(1)(0-1:24.2.1)(m3)", "(00000.000)"}));
  CHECK(refused(with(1, "1-0:1.8.1(0001x0.000*kWh)")));
  CHECK(refused(with(1, "1-0:1.8.(000100.000*kWh)")));
  CHECK(refused(with(1, "1-0:1.8.1*255(000100.000*kWh)")));
  CHECK(refused(with(0, "garbage")));
  CHECK(refused(with(0, good_lines[1])));  // twice
  CHECK(refused({}));
  CHECK(refused({"0-0:96.13.0()"}));
}

TEST_CASE("a zero, which stands for a byte with an error, spoils a telegram without CRC wherever it is") {
  const std::vector<std::string> lines = {"0-0:96.1.1(4530)", "0-0:96.13.0(a/b/c)", "1-0:1.8.1(000100.000*kWh)", "0-0:1.0.0(120517020000S)",
                                          "0-1:24.1.0(3)", "0-1:24.3.0(120517020000)(08)(60)(1)(0-1:24.2.1)(m3)", "(00124.477)"};
  const std::string text = bare_telegram(lines);
  const auto accepts = [&](auto parser, const std::string& bytes) {
    parser.accept_without_crc(true);
    const std::size_t before = accepted(run(parser, bytes));
    CHECK(accepted(run(parser, text + text)) >= 1);  // Where its '!' was hit, the next one begins inside of it.
    return before != 0;
  };
  for (std::size_t at = 0; at + 1 < text.size(); ++at) {
    CAPTURE(at, text.substr(at));
    std::string bad = text;
    bad[at] = 0;
    CHECK_FALSE(accepts(Board(), bad));
    CHECK_FALSE(accepts(All(), bad));
    if (at == 0) continue;  // before the '/'
    bad = text;
    bad.insert(at, 1, '\0');
    CHECK_FALSE(accepts(Board(), bad));
    CHECK_FALSE(accepts(All(), bad));
    p1::BlockParser<p1::AllFields> blocks;
    blocks.accept_without_crc(true);
    const auto* data = reinterpret_cast<const std::uint8_t*>(bad.data());
    for (std::size_t taken = 0; taken < bad.size();) {
      Event event = Event::none;
      taken += blocks.push(data + taken, bad.size() - taken, event);
      CHECK(event != Event::telegram);
    }
  }
  CHECK(accepts(Board(), text));
}

TEST_CASE("a line with a '/' in its text begins no telegram, also where the header was lost") {
  const std::string text = bare_telegram({"0-0:96.13.0(a/b/c)", "1-0:1.8.1(000100.000*kWh)"});
  Board parser;
  parser.accept_without_crc(true);
  CHECK(accepted(run(parser, text.substr(1))) == 0);
  CHECK_FALSE(parser.in_telegram());
  CHECK(accepted(run(parser, text)) == 1);
}

TEST_CASE("a telegram tells whether a CRC has protected it") {
  All parser;
  parser.accept_without_crc(true);
  CHECK(accepted(run(parser, good.substr(0, good.size() - 1))) == 1);
  CHECK(parser.has_crc());
  CHECK(accepted(run(parser, "\n" + bare_telegram(good_lines))) == 1);
  CHECK_FALSE(parser.has_crc());
}

TEST_CASE("an OBIS code is all of its digits") {
  All parser;
  for (const char* id : {"2-0:1.8.0", "1-1:1.8.0", "1-0:1.8.5", "1-0:1.8.255", "1-0:257.8.0", "1-0:1.8.256", "1-0:1.8", "1.0:1.8.0", "1-0.1.8.0",
                         "1-0:1:8.0", "1-0:1.8.0.0", "0.1-0:1.8.0", "-1-0:1.8.0", "11-0:1.8.0", "1-0:11.8.0", "1-0:1.81.0", "1-0:1..0", "1-0:1.8.0 "}) {
    CAPTURE(id);
    CHECK(accepted(run(parser, telegram({std::string(id) + "(000001.000*kWh)"}))) == 1);
    CHECK_FALSE(parser.has_net());
  }
}

TEST_CASE("no unit that meters use is taken for one that is read") {
  // IEC 62056-62, table of units, those with letters, with the prefixes that meters put before them.
  const std::vector<std::string> read = {"kWh", "Wh", "kW", "W", "V", "A", "m3", "GJ"};
  for (const char* unit : {"a",  "mo", "wk", "d",  "h",  "min", "s",   "C",   "currency", "m",  "m/s", "m3", "m3/h", "m3/d", "l",   "kg", "N",   "Nm",
                           "Pa", "bar", "J", "J/h", "W", "VA", "var", "Wh",  "VAh",      "varh", "A",  "V",    "V/m",  "F",   "Ohm", "Wb", "T",
                           "A/m", "H", "Hz", "K",  "dB", "%",   "g",   "mol", "dm3",      "cm3", "Nm3", "VAr", "VArh", "m3h", "Ah",  "l/h"})
    for (const char* prefix : {"", "k", "M", "G", "m", "c", "d", "T"}) {
      const std::string name = std::string(prefix) + unit;
      for (const std::string& ours : read) {
        CAPTURE(name, ours);
        CHECK((p1::detail::unit_of(name.c_str()) == p1::detail::unit_of(ours.c_str())) == (name == ours));
      }
    }
}

TEST_CASE("bytes that are no telegram change nothing") {
  survives(std::string(100'000, '\0'));
  survives(std::string(100'000, '\xFF'));
  survives("/" + std::string(100'000, 'x') + "\r\n");
  survives("/ABC5\r\n\r\n1-0:1.8.1(" + std::string(100'000, '1') + "\r\n");
  survives("/ABC5\r\n\r\n" + std::string(100'000, '9') + "\r\n!0000\r\n");
  survives("/ABC5\r\n\r\n1-0:1.8.1" + std::string(100'000, '(') + "\r\n");
  survives(with_even_parity(good));
  survives("\n\n!\n!\r\n!0000\r\n)))(((");
  std::mt19937 random(2);
  std::string noise;
  for (int i = 0; i < 300'000; ++i) noise += static_cast<char>(random());
  All parser;
  CHECK(accepted(run(parser, noise + "\n")) == 0);
  CHECK(accepted(run(parser, good)) == 1);
}

TEST_CASE("an hour of noise changes nothing") {
  // 115 200 baud, 10 bits a byte: 41 472 000 bytes. Letters of telegrams, so that some headers and ends are among them. A wrong
  // telegram passes a CRC of 16 bits once in 65 536; these, which are always the same, do not.
  std::mt19937 random(3);
  p1::BlockParser<p1::AllFields> parser;
  const std::string letters = "/!0123456789ABCDEF()-:.*kWhm3\r\n\n\n";
  std::vector<std::uint8_t> block(40'500);
  std::size_t telegrams = 0, refused = 0;
  for (int i = 0; i < 1024; ++i) {
    for (std::uint8_t& byte : block) byte = static_cast<std::uint8_t>(letters[random() % letters.size()]);
    for (std::size_t at = 0; at < block.size();) {
      Event event;
      at += parser.push(block.data() + at, block.size() - at, event);
      if (event == Event::telegram && (parser.has_net() || parser.has_power())) ++telegrams;
      if (event == Event::refused) ++refused;
    }
  }
  CHECK(telegrams == 0);
  CHECK(refused > 10'000);
  CHECK(accepted(run(parser, "\n" + good)) == 1);
}

TEST_CASE("noise is counted once a line, and counters stay at their highest value") {
  Board parser;
  run(parser, "abc\r\n\r\ndef\r\n");
  CHECK(parser.errors(Error::noise) == 2);
  for (int i = 0; i < 1000; ++i) run(parser, "x\n");
  CHECK(parser.errors(Error::noise) == 255);
  parser.clear_errors();
  CHECK(parser.errors(Error::noise) == 0);
}

TEST_CASE("a line may end with a line feed alone") {
  std::string text = telegram(good_lines);
  text = text.substr(0, text.size() - 6);
  text.erase(std::remove(text.begin(), text.end(), '\r'), text.end());
  All parser;
  CHECK(accepted(run(parser, text + fmt::format("{:04X}\n", crc_of(text)))) == 1);
  CHECK(parser.net_wh() == good_net);
}

TEST_CASE("CRC-16/X-25 is accepted only by those who ask for it") {
  const std::string text = read_text(FLM_SOURCE_DIR "/tests/data/p1/holley-x25.txt");
  p1::Parser<p1::AllFieldsAnyCrc> any;
  CHECK(accepted(run(any, text)) == 1);
  CHECK(accepted(run(any, good)) == 1);
  All arc;
  CHECK(accepted(run(arc, text)) == 0);
}

TEST_CASE("the project's own telegrams say what their index says") {
  const std::filesystem::path folder = FLM_SOURCE_DIR "/tests/data/p1";
  const std::map<std::string, Register> names = {
      {"tariff", Register::tariff},
      {"voltage_1", Register::voltage_1}, {"voltage_2", Register::voltage_2}, {"voltage_3", Register::voltage_3},
      {"current_1", Register::current_1}, {"current_2", Register::current_2}, {"current_3", Register::current_3},
      {"power_import_1", Register::power_import_1}, {"power_import_2", Register::power_import_2}, {"power_import_3", Register::power_import_3},
      {"power_export_1", Register::power_export_1}, {"power_export_2", Register::power_export_2}, {"power_export_3", Register::power_export_3},
      {"quarter_hour_power", Register::quarter_hour_power}, {"month_peak", Register::month_peak}, {"month_peak_time", Register::month_peak_time},
      {"import_total", Register::import_total}, {"import_3", Register::import_3}, {"import_4", Register::import_4}, {"export_4", Register::export_4}};
  const auto index = read_tsv(folder / "INDEX.tsv");
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) files += entry.path().extension() == ".txt";
  CHECK(files == index.size());
  for (const auto& row : index) {
    CAPTURE(row.at("file"));
    p1::Parser<p1::AllFieldsAnyCrc> parser;
    parser.accept_without_crc(row.at("crc") == "none");
    CHECK(accepted(run(parser, read_text(folder / row.at("file")))) == 1);
    CHECK(parser.has_net());
    CHECK(fmt::format("{}", parser.import_wh()) == row.at("import_wh"));
    CHECK(fmt::format("{}", parser.export_wh()) == row.at("export_wh"));
    CHECK((parser.has_power() ? fmt::format("{}", parser.power_w()) : "") == row.at("power_w"));
    CHECK((parser.has(Register::time) ? fmt::format("{}", parser.get(Register::time)) : "") == row.at("time"));
    std::istringstream registers(row.at("registers"));
    for (std::string one; registers >> one;) {
      const std::size_t equals = one.find('=');
      const Register r = names.at(one.substr(0, equals));
      CAPTURE(one);
      CHECK(parser.has(r));
      CHECK(fmt::format("{}", parser.get(r)) == one.substr(equals + 1));
    }
    std::string devices;
    for (std::uint8_t i = 0; i < 4; ++i) {
      const p1::Device& d = parser.device(i);
      if (d.has_value) devices += fmt::format("{}{}:{}={}@{}", devices.empty() ? "" : " ", d.channel, d.type, d.value, d.time);
    }
    CHECK(devices == row.at("devices"));
  }
}

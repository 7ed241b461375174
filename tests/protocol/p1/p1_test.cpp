#include "protocol/p1.hpp"

#include <catch2/catch.hpp>
#include <random>

#include "tests/protocol/p1/p1_telegrams.hpp"
#include "tools/mainboard/readings/p1_text.hpp"

using namespace flm::test;
using p1::Error;
using p1::Event;
using p1::Register;

namespace {

using All = p1::Parser<p1::AllFields>;
using Board = p1::Parser<p1::BoardFields>;

/// A board in Israel.
struct EveryCode : p1::BoardFields {
  static constexpr bool every_code = true;
};

const std::vector<std::string> good_lines = {"0-0:96.1.1(4530)",          "1-0:1.8.1(000100.000*kWh)",
                                             "1-0:1.8.2(000020.000*kWh)", "1-0:2.8.1(000003.000*kWh)",
                                             "1-0:2.8.2(000000.400*kWh)", "1-0:1.7.0(00.250*kW)",
                                             "1-0:2.7.0(00.000*kW)"};
const std::string good = telegram(good_lines);
constexpr std::int32_t good_net = 116600;

std::vector<std::string> with(std::size_t place, const std::string& line) {
  std::vector<std::string> lines = good_lines;
  lines[place] = line;
  return lines;
}

/// The bytes are refused or ignored, and the good telegram after them is accepted.
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

TEST_CASE("values arrive with the byte after the CRC, not before") {
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
    for (const std::string& tail :
         {fmt::format("{:04X}", crc), fmt::format("{:X}", crc), fmt::format("{:04x}", crc)}) {
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

TEST_CASE("a telegram that is cut anywhere changes nothing, and the next one is accepted") {
  for (std::size_t cut = 0; cut < good.size() - 1; ++cut) {
    CAPTURE(cut);
    All parser;
    CHECK(accepted(run(parser, good.substr(0, cut))) == 0);
    const std::size_t next = accepted(run(parser, good));
    // After `/XXXZ` a '/' may belong to the header: Holley meters write it so.
    CHECK(next == (cut == 5 ? 0 : 1));
    CHECK(accepted(run(parser, good)) == 1);
    CHECK(parser.net_wh() == good_net);
  }
}

TEST_CASE("a telegram without its beginning changes nothing, and the next one is accepted") {
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
  CHECK(accepted(run(parser, telegram({"0-0:96.13.0(a/b/c)", "1-0:1.8.0(000001.000*kWh)",
                                       "0-0:96.13.1(/ABC5\\x)"}))) == 1);
  CHECK(parser.net_wh() == 1000);
}

TEST_CASE("what is wrong with a value is counted by its cause, and the register is absent") {
  struct Case {
    const char* value;
    Error cause;
  };
  const Case cases[] = {{"0000000000000.001*kWh", Error::digits},
                        {"9999999999999*Wh", Error::digits},
                        {"000001.0001*kWh", Error::digits},
                        {"000001.5*Wh", Error::digits},
                        {"000001.000", Error::unit},
                        {"000001.000*kW", Error::unit},
                        {"000001.000*kVAh", Error::unit},
                        {"000001.000*MWh", Error::unit},
                        {"000001.000*kWh ", Error::unit},
                        {"000001.000*", Error::unit},
                        {"-00001.000*kWh", Error::value},
                        {"nan", Error::value},
                        {"", Error::value},
                        {"000001.*kWh", Error::value},
                        {".001*kWh", Error::value},
                        {"1.2.3*kWh", Error::value},
                        {"000001,000*kWh", Error::value},
                        {"1e3*kWh", Error::value},
                        {" 00001.000*kWh", Error::value}};
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

TEST_CASE("a PC reads energy of twelve digits, a board the same modulo 2^32") {
  const std::string text =
      telegram({"1-0:1.8.0(999999999.999*kWh)", "1-0:2.8.1(4295967.296*kWh)", "1-0:1.7.0(42.926079*kW)"});
  All parser;
  CHECK(accepted(run(parser, text)) == 1);
  CHECK(parser.import_wh() == 999999999999u);
  CHECK(parser.export_wh() == 4295967296u);
  CHECK(parser.net_wh() == 995704032703);
  CHECK_FALSE(parser.has(Register::power_import));  // six decimals
  Board board;
  CHECK(accepted(run(board, text)) == 1);
  CHECK(board.export_wh() == 1000000u);  // less 2^32
  CHECK(board.import_wh() == static_cast<std::uint32_t>(999999999999u));
  // Less to the grid than from it, by more than 2^31 Wh.
  CHECK(accepted(run(parser, telegram({"1-0:1.8.0(00000007.000*kWh)", "1-0:2.8.0(03000000.000*kWh)"}))) == 1);
  CHECK(parser.net_wh() == -2999993000);
  // 32 bits are enough for all that is not energy.
  CHECK(accepted(run(parser, telegram({"0-1:24.1.0(003)", "0-1:24.2.1(231102121002W)(4294967.296*m3)"}))) ==
        1);
  CHECK_FALSE(parser.device(0).has_value);
  CHECK(parser.errors(Error::digits) == 2);
}

TEST_CASE("a value whose group or line has no end is refused") {
  All parser;
  for (const char* line :
       {"1-0:1.8.1(000001.000*kWh", "1-0:1.8.1(0000", "1-0:1.8.1(", "1-0:1.8.1(000001.000*k"}) {
    CHECK(accepted(run(parser, telegram(with(1, line)))) == 1);
    CHECK_FALSE(parser.has_net());
  }
  CHECK(parser.errors(Error::value) == 4);
}

TEST_CASE("of a register that comes twice the first is the current one, without CRC neither") {
  std::vector<std::string> lines = good_lines;
  // As meters of Hungary repeat them after 0-0:98.1.0: the last month's.
  for (const char* line :
       {"0-0:98.1.0", "(", "0-0:1.0.0(260201000000T)", "1-0:1.8.1(000000.123*kWh)", "1-0:1.7.0(09.999*kW)"})
    lines.emplace_back(line);
  All parser;
  CHECK(accepted(run(parser, telegram(lines))) == 1);
  CHECK(parser.errors(Error::duplicate) == 2);
  CHECK(parser.net_wh() == good_net);
  CHECK(parser.power_w() == 250);
  // One that was refused is not taken from its history.
  CHECK(accepted(run(parser, telegram({"1-0:1.8.0(x)", "1-0:2.8.0(000002.000*kWh)",
                                       "1-0:1.8.0(000001.000*kWh)"}))) == 1);
  CHECK_FALSE(parser.has_net());
  parser.accept_without_crc(true);
  CHECK(accepted(run(parser,
                     "/ABC5\\test\r\n\r\n1-0:1.8.0(000001.000*kWh)\r\n1-0:1.8.0(000001.000*kWh)\r\n!\r\n")) ==
        0);
}

TEST_CASE("all nine tariffs add up to the energy where there is no total") {
  std::vector<std::string> lines;
  std::uint64_t sum = 0;
  for (unsigned tariff = 1; tariff <= 9; ++tariff) {
    lines.push_back(fmt::format("1-0:1.8.{}(0001{:02}.000*kWh)", tariff, tariff * 7));
    sum += 100000 + tariff * 7000;
  }
  All parser;
  Board board;
  CHECK(accepted(run(parser, telegram(lines))) == 1);
  CHECK(accepted(run(board, telegram(lines))) == 1);
  CHECK(parser.import_wh() == sum);
  CHECK(board.import_wh() == sum);
  CHECK(parser.get(Register::import_9) == 163000);
  lines.emplace_back("1-0:1.8.0(000999.000*kWh)");
  CHECK(accepted(run(board, telegram(lines))) == 1);
  CHECK(board.import_wh() == 999000);
}

TEST_CASE("meters of Switzerland count on channel 1") {
  for (const char b : {'0', '1', '2'}) {
    CAPTURE(b);
    std::vector<std::string> lines = {"1-x:1.8.1(000030.000*kWh)", "1-x:2.8.1(000010.000*kWh)",
                                      "1-x:1.7.0(00.700*kW)", "1-x:32.7.0(231.0*V)"};
    for (std::string& line : lines) line[2] = b;
    All parser;
    CHECK(accepted(run(parser, telegram(lines))) == 1);
    CHECK(parser.has_net() == (b != '2'));
    CHECK(parser.has_power() == (b != '2'));
    CHECK(parser.has(Register::voltage_1) == (b != '2'));
    if (b == '2') continue;
    CHECK(parser.net_wh() == 20000);
    CHECK(parser.power_w() == 700);
  }
}

TEST_CASE("power comes as totals, with a sign, or by phases; without any it is absent, not 0") {
  struct Case {
    std::vector<std::string> lines;
    int power_w;  ///< 99: absent
  };
  const Case cases[] = {
      {{"1-0:1.8.0(1.000*kWh)"}, 99},
      {{"1-0:15.7.0(3.250*kW)"}, 99},  // absolute: without its direction
      {{"1-0:21.7.0(0.100*kW)", "1-0:41.7.0(0.020*kW)", "1-0:61.7.0(0.003*kW)"}, 123},
      {{"1-0:21.7.0(0.000*kW)", "1-0:22.7.0(1.200*kW)", "1-0:42.7.0(1.050*kW)", "1-0:61.7.0(0.250*kW)"},
       -2000},
      {{"1-0:21.7.0(0.100*kW)", "1-0:41.7.0(0.020*MW)", "1-0:61.7.0(0.003*kW)"}, 99},  // a phase was refused
      {{"1-0:21.7.0(0.100*kW)", "1-0:41.7.0(0.020*MW)", "1-0:1.7.0(0.300*kW)"},
       300},  // which the total does not need
      {{"1-0:1.7.0(0.300*kW)", "1-0:2.7.0(0.050*kW)", "1-0:21.7.0(0.100*kW)"}, 250},
      {{"1-0:21.7.0(0.100*kW)", "1-0:2.7.0(0.050*kW)", "1-0:1.7.0(0.300*kW)"}, 250},
      {{"1-0:1.7.0(0.300*MW)", "1-0:2.7.0(0.050*kW)"}, 99},
      {{"1-0:1.7.0(-0.500*kW)"}, -500},
      {{"1-0:1.7.0(00.000*kW)", "1-0:2.7.0(-00.200*kW)"}, 200},
      {{"1-0:16.7.0(-1.234*kW)"}, -1234},
      {{"1-0:16.7.0(567*W)", "1-0:1.7.0(0.567*kW)", "1-0:2.7.0(0.000*kW)", "1-0:21.7.0(0.567*kW)"}, 567},
      {{"1-0:1.7.0(0.000*kW)", "1-0:2.7.0(0.567*kW)", "1-0:16.7.0(-0.567*kW)"}, -567},
      {{"1-0:21.7.0(0.567*kW)", "1-0:16.7.0(0.567*kW)"}, 567},
      {{"1-0:1.7.0(0.0-5*kW)"}, 99},
      {{"1-0:81.7.0(120*W)", "1-0:21.8.0(1.000*kWh)", "1-0:41.7.1(0.100*kW)"},
       99},  // an angle, a phase's energy, a tariff
  };
  for (const Case& one : cases) {
    CAPTURE(one.lines);
    All parser;
    Board board;
    CHECK(accepted(run(parser, telegram(one.lines))) == 1);
    CHECK(accepted(run(board, telegram(one.lines))) == 1);
    REQUIRE(parser.has_power() == (one.power_w != 99));
    REQUIRE(board.has_power() == (one.power_w != 99));
    if (one.power_w == 99) continue;
    CHECK(parser.power_w() == one.power_w);
    CHECK(board.power_w() == one.power_w);
  }
}

TEST_CASE(
    "a board's one place is for the lowest type, and of several of a type for the one that was read last") {
  struct Case {
    std::vector<std::string> lines;
    int type;
    std::uint32_t value, time;
  };
  const Case cases[] = {
      {{"0-1:24.1.0(003)", "0-1:24.2.1(210113170000W)(1.500*m3)", "0-2:24.1.0(003)",
        "0-2:24.2.1(260115110000W)(7.250*m3)"},
       3,
       7250,
       2601151100},
      {{"0-1:24.1.0(003)", "0-1:24.2.1(260115110000W)(7.250*m3)", "0-2:24.1.0(003)",
        "0-2:24.2.1(210113170000W)(1.500*m3)"},
       3,
       7250,
       2601151100},
      {{"0-1:24.1.0(003)", "0-1:24.2.1(260115110000W)(7.250*m3)", "0-2:24.1.0(003)",
        "0-2:24.2.1(261315110000W)(1.500*m3)"},
       3,
       7250,
       2601151100},
      {{"0-1:24.1.0(003)", "0-1:24.2.1(632525252525S)(1.500*m3)", "0-2:24.1.0(003)",
        "0-2:24.2.1(260115110000W)(7.250*m3)"},
       3,
       7250,
       2601151100},
      {{"0-1:24.1.0(003)", "0-1:24.2.1(632525252525S)(1.500*m3)"}, 3, 1500, 0},
      {{"0-4:24.1.0(007)", "0-4:24.2.1(260115110000W)(30.125*m3)"}, 7, 30125, 2601151100},
      {{"0-2:24.1.0(007)", "0-2:24.2.1(260115110000W)(30.125*m3)", "0-1:24.1.0(003)",
        "0-1:24.2.1(260115100000W)(7.250*m3)"},
       3,
       7250,
       2601151000},
      {{"0-1:24.1.0(003)", "0-1:24.2.1(260115100000W)(7.250*m3)", "0-2:24.1.0(007)",
        "0-2:24.2.1(260115110000W)(30.125*m3)"},
       3,
       7250,
       2601151000},
      {{"0-1:24.1.0(003)", "0-2:24.1.0(004)", "0-2:24.2.1(260115110000W)(12.345*GJ)"}, 4, 12345, 2601151100},
      {{"0-1:24.1.0(002)", "0-1:24.2.1(260115110000W)(12.345*kWh)"}, 0, 0, 0},
  };
  for (const Case& one : cases) {
    CAPTURE(one.lines);
    Board board;
    CHECK(accepted(run(board, telegram(one.lines))) == 1);
    REQUIRE(board.device(0).has_value == (one.type != 0));
    if (one.type == 0) continue;
    CHECK(board.device(0).type == one.type);
    CHECK(board.device(0).value == one.value);
    CHECK(board.device(0).time == one.time);
  }
}

TEST_CASE("a board takes an impossible time for absent") {
  for (const char* wrong : {"261301120000W", "260001120000W", "260132120000W", "260100120000W",
                            "260101240000W", "260101006000W", "260101000060W", "260101120000", "26010112000W",
                            "000101000000W", "430101000000W", "2601011200000W", ""}) {
    CAPTURE(wrong);
    Board board;
    CHECK(accepted(run(board, telegram({"0-1:24.1.0(003)",
                                        std::string("0-1:24.2.1(") + wrong + ")(00001.500*m3)"}))) == 1);
    CHECK(board.device(0).value == 1500);
    CHECK(board.device(0).time == 0);
    CHECK(board.errors(Error::time) == 1);
  }
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
  for (const char* wrong :
       {"230229000000W", "230431000000W", "231301000000W", "230001000000W", "230100000000W", "230132000000W",
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
    const std::string stamp = fmt::format("{:02}{:02}{:02}{:02}{:02}{:02}W", t->tm_year - 100, t->tm_mon + 1,
                                          t->tm_mday, t->tm_hour, t->tm_min, t->tm_sec);
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
  CHECK(accepted(run(parser, telegram({"0-1:24.1.0(007)", "0-1:24.2.1(231102121002W)(00001.000*m3)",
                                       "0-2:24.1.0(003)", "0-2:24.2.1(700101010000W)(00000000)",
                                       "0-3:24.1.0(003)", "0-3:24.2.1(231102121002W)(00092.287*m3)",
                                       "0-4:24.1.0(003)", "0-4:24.2.1(231102121002W)(00004.000*m3)"}))) == 1);
  CHECK(parser.device(0).channel == 3);
  CHECK(parser.device(0).value == 92287);
}

TEST_CASE("a device's fault does not spoil the rest") {
  All parser;
  std::vector<std::string> lines = good_lines;
  for (const char* line :
       {"0-1:24.1.0(003)", "0-1:24.2.1()(00001.000*m3)", "0-2:24.1.0(007)",
        "0-2:24.2.1(231102121002W)(00002.000*GJ)", "0-3:24.1.0(004)", "0-3:24.2.1(231102121002W)(3.000*GJ)",
        "0-5:24.1.0(003)", "0-5:24.2.1(231102121002W)(5*m3)"})
    lines.push_back(line);
  CHECK(accepted(run(parser, telegram(lines))) == 1);
  CHECK(parser.net_wh() == good_net);
  CHECK(parser.device(0).value == 1000);
  CHECK(parser.device(0).time == 0);
  CHECK_FALSE(parser.device(1).has_value);
  CHECK(parser.device(2).value == 3000);
  CHECK(parser.device(3).channel == 0);
}

TEST_CASE("a changed meter has a different number, the same meter the same") {
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
  CHECK_FALSE(refused({good_lines[1], "0-1:24.1.0(3)", "0-1:24.3.0(000000000000)(04)(60)(1)(0-1:24.2.1)(m3)",
                       "(00000.000)"}));
  CHECK(refused(with(1, "1-0:1.8.1(0001x0.000*kWh)")));
  CHECK(refused(with(1, "1-0:1.8.(000100.000*kWh)")));
  CHECK(refused(with(1, "1-0:1.8.1*255(000100.000*kWh)")));
  CHECK(refused(with(0, "garbage")));
  CHECK(refused(with(0, good_lines[1])));  // twice
  CHECK(refused({}));
  CHECK(refused({"0-0:96.13.0()"}));
  // A device's fault costs its own value only, and a text may have lines.
  CHECK_FALSE(
      refused({good_lines[1], "0-1:24.1.0(3)", "0-1:24.3.0(000101000000)(00)(60)(1)(0-1:24.2.1)(m3)", "()"}));
  CHECK_FALSE(refused({good_lines[1], "0-2:24.1.0(3)", "0-2:24.2.1(260115110000W)(--*m3)"}));
  CHECK_FALSE(
      refused({"0-0:96.13.0(Dear customer,", "", "1-0:1.8.1 is what you pay", "Bye)", good_lines[1]}));
  CHECK(refused({"0-0:96.13.0(Dear customer,)", "Bye)", good_lines[1]}));
}

TEST_CASE(
    "the peak of the month is read with its time first or last, and without a letter in the season that the "
    "calendar has") {
  struct Case {
    const char* groups;
    std::uint32_t peak, time;
  };
  // `TZ=Europe/Brussels date -d ... +%s`
  const Case cases[] = {
      {"(260103190000W)(07.654*kW)", 7654, 1767463200}, {"(07.654*kW)(260103190000)", 7654, 1767463200},
      {"(07.654*kW)(260715190000)", 7654, 1784134800},  {"(260715190000)(07.654*kW)", 7654, 1784134800},
      {"(260329015959)(7654*W)", 7654, 1774745999},     {"(7654*W)(260329030000)", 7654, 1774746000},
      {"(7654*W)(261025015959)", 7654, 1792886399},     {"(7654*W)(261025030000)", 7654, 1792893600},
      {"(07.654*kW)(260103190000S)", 7654, 1767459600}, {"(07.654*kW)", 7654, 0},
      {"(07.654*kW)(261303190000)", 7654, 0},           {"(0013.500*kW)(260103190000)", 13500, 1767463200}};
  for (const Case& one : cases) {
    CAPTURE(one.groups);
    All parser;
    CHECK(accepted(run(parser, telegram({std::string("1-0:1.6.0") + one.groups}))) == 1);
    REQUIRE(parser.has(Register::month_peak));
    CHECK(parser.get(Register::month_peak) == one.peak);
    CHECK(parser.has(Register::month_peak_time) == (one.time != 0));
    if (one.time != 0) CHECK(parser.get(Register::month_peak_time) == one.time);
  }
}

TEST_CASE(
    "a parser that tries the checksums in turn takes telegrams with CRC-16/X-25 after two that it refused, "
    "and "
    "stays with it over one that is wrong") {
  const auto x25 = [](const std::string& line) {
    std::string text = "/HLY5/D545-METER\r\n\r\n" + line + "\r\n!";
    std::uint16_t crc = p1::X25::initial;
    for (const char c : text) crc = p1::X25::step(crc, static_cast<std::uint8_t>(c));
    return text + fmt::format("{:04X}\r\n", static_cast<std::uint16_t>(crc ^ p1::X25::final_xor));
  };
  p1::Parser<p1::BoardFieldsAnyCrc> board;
  const std::string one = x25("1-0:1.8.0(00002100.500*kWh)");
  CHECK(accepted(run(board, one)) == 0);
  CHECK(accepted(run(board, one)) == 0);
  for (int i = 0; i < 5; ++i) CHECK(accepted(run(board, one)) == 1);
  std::string wrong = one;
  wrong[30] = '9';
  CHECK(accepted(run(board, wrong)) == 0);
  CHECK(accepted(run(board, one)) == 1);
  CHECK(board.import_wh() == 2100500);
  CHECK(board.errors(Error::crc) == 3);
  // A meter of the usual kind: one wrong telegram costs itself; after two the other checksum is tried for
  // two.
  p1::Parser<p1::BoardFieldsAnyCrc> usual;
  std::string bad = good;
  bad[30] = static_cast<char>(bad[30] ^ 1);
  for (const std::string& text : {good, bad, good, bad, good})
    CHECK(accepted(run(usual, text)) == (text == good ? 1 : 0));
  CHECK(accepted(run(usual, bad)) == 0);
  CHECK(accepted(run(usual, bad)) == 0);
  CHECK(accepted(run(usual, good)) == 0);
  CHECK(accepted(run(usual, good)) == 0);
  CHECK(accepted(run(usual, good)) == 1);
}

TEST_CASE("a zero, which stands for a byte with an error, spoils a telegram without CRC wherever it is") {
  const std::vector<std::string> lines = {"0-0:96.1.1(4530)",
                                          "0-0:96.13.0(a/b/c)",
                                          "1-0:1.8.1(000100.000*kWh)",
                                          "0-0:1.0.0(120517020000S)",
                                          "0-1:24.1.0(3)",
                                          "0-1:24.3.0(120517020000)(08)(60)(1)(0-1:24.2.1)(m3)",
                                          "(00124.477)"};
  const std::string text = bare_telegram(lines);
  const auto accepts = [&](auto parser, const std::string& bytes) {
    parser.accept_without_crc(true);
    const std::size_t before = accepted(run(parser, bytes));
    CHECK(accepted(run(parser, text + text)) >=
          1);  // Where its '!' was hit, the next one begins inside of it.
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

TEST_CASE("a parser reports whether a CRC has protected a telegram") {
  All parser;
  parser.accept_without_crc(true);
  CHECK(accepted(run(parser, good.substr(0, good.size() - 1))) == 1);
  CHECK(parser.has_crc());
  CHECK(accepted(run(parser, "\n" + bare_telegram(good_lines))) == 1);
  CHECK_FALSE(parser.has_crc());
}

TEST_CASE("an OBIS code is all of its digits") {
  All parser;
  for (const char* id : {"2-0:1.8.0", "1-2:1.8.0", "1-0:1.8.10", "1-0:1.8.255", "1-0:257.8.0", "1-0:1.8.256",
                         "1-0:1.8", "1.0:1.8.0", "1-0.1.8.0", "1-0:1:8.0", "1-0:1.8.0.0", "0.1-0:1.8.0",
                         "-1-0:1.8.0", "11-0:1.8.0", "1-0:11.8.0", "1-0:1.81.0", "1-0:1..0", "1-0:1.8.0 "}) {
    CAPTURE(id);
    CHECK(accepted(run(parser, telegram({std::string(id) + "(000001.000*kWh)"}))) == 1);
    CHECK_FALSE(parser.has_net());
  }
}

TEST_CASE("no unit that meters use is taken for one that is read") {
  // IEC 62056-62, table of units, those with letters, with the prefixes that meters put before them.
  const std::vector<std::string> read = {"kWh", "Wh",    "kW",    "W",    "V",    "A",    "m3",
                                         "GJ",  "kvarh", "kVArh", "varh", "kvar", "kVAr", "var"};
  for (const char* unit :
       {"a",    "mo",   "wk", "d",   "h",   "min", "s",   "C",   "currency", "m",   "m/s", "m3",  "m3/h",
        "m3/d", "l",    "kg", "N",   "Nm",  "Pa",  "bar", "J",   "J/h",      "W",   "VA",  "var", "Wh",
        "VAh",  "varh", "A",  "V",   "V/m", "F",   "Ohm", "Wb",  "T",        "A/m", "H",   "Hz",  "K",
        "dB",   "%",    "g",  "mol", "dm3", "cm3", "Nm3", "VAr", "VArh",     "m3h", "Ah",  "l/h"})
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
  // 115 200 baud, 10 bits a byte: 41 472 000 bytes. Letters of telegrams, so that some headers and ends are
  // among them. A wrong telegram passes a CRC of 16 bits once in 65 536; these, which are always the same, do
  // not.
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

TEST_CASE("meters of Israel count tariffs 1 to 3 under 11 to 13, if Fields ask for that") {
  const std::string text =
      telegram({"1-0:1.8.11(000100.000*kWh)", "1-0:1.8.13(000020.000*kWh)", "1-0:2.8.12(000003.000*kWh)",
                "1-0:1.8.10(000400.000*kWh)", "1-0:1.8.14(005000.000*kWh)", "1-2:1.8.12(060000.000*kWh)"});
  All parser;
  p1::Parser<EveryCode> board;
  Board other;
  CHECK(accepted(run(parser, text)) == 1);
  CHECK(accepted(run(board, text)) == 1);
  CHECK(accepted(run(other, text)) == 1);
  CHECK(parser.net_wh() == 117000);
  CHECK(board.net_wh() == 117000);
  CHECK_FALSE(other.has_net());
  CHECK(parser.get(Register::import_1) == 100000);
  CHECK_FALSE(parser.has(Register::import_2));
  CHECK(parser.get(Register::import_3) == 20000);
  CHECK(parser.get(Register::export_2) == 3000);
  // The usual codes are read as ever, and a tariff under both codes is one register.
  const std::string both = telegram({"1-0:1.8.1(000001.000*kWh)", "1-0:1.8.11(000002.000*kWh)"});
  CHECK(accepted(run(parser, both)) == 1);
  CHECK(parser.net_wh() == 1000);
  CHECK(parser.errors(Error::duplicate) == 1);
  CHECK(accepted(run(board, good)) == 1);
  CHECK(board.net_wh() == good_net);
}

TEST_CASE("reactive energy and power are read apart from active ones, in units of their own") {
  All parser;
  CHECK(accepted(run(parser, telegram({"1-0:3.8.0(000000.518*kVArh)", "1-0:4.8.0(000000023*varh)",
                                       "1-1:5.8.0(99999999.999*kvarh)", "1-0:43.7.0(00.250*kvar)",
                                       "1-0:4.7.0(000000095*var)"}))) == 1);
  CHECK_FALSE(parser.has_net());
  CHECK_FALSE(parser.has_power());
  CHECK(parser.get(Register::reactive_import_total) == 518);
  CHECK(parser.get(Register::reactive_export_total) == 23);
  CHECK(parser.get(Register::reactive_q1) == 99999999999u);  // of more than 32 bits, as energy
  CHECK(parser.get(Register::reactive_power_import_2) == 250);
  CHECK(parser.get(Register::reactive_power_export) == 95);
  for (const char* line :
       {"1-0:3.8.0(000001.000*kWh)", "1-0:3.7.0(00.001*kW)", "1-0:3.8.0(000001.000*kvar)",
        "1-0:3.7.0(00.001*kvarh)", "1-0:3.8.0(000001.000)", "1-0:1.8.0(000001.000*kvarh)"}) {
    CAPTURE(line);
    All strict;
    CHECK(accepted(run(strict, telegram({line}))) == 1);
    CHECK(strict.errors(Error::unit) == 1);
    CHECK_FALSE(strict.has(Register::reactive_import_total));
    CHECK_FALSE(strict.has(Register::reactive_power_import));
  }
}

TEST_CASE("a table with a code that two rows have, or that no line has, does not compile") {
  using p1::Kind;
  constexpr auto usual = Register::import_total;
  constexpr p1::Row apart[] = {{1, {0, 1}, 1, 8, {0, 9}, false, Kind::import_energy, usual},
                               {1, {0, 1}, 1, 8, {11, 13}, false, Kind::import_energy, Register::import_1},
                               {1, {2, 2}, 1, 8, {0, 9}, false, Kind::import_energy, usual},
                               {0, {0, 1}, 1, 8, {0, 9}, false, Kind::plain, Register::tariff},
                               {1, {0, 1}, 131, 7, {0, 254}, false, Kind::power, Register::power_net}};
  STATIC_REQUIRE(p1::can_be_told_apart(apart));
  constexpr p1::Row same_tariff[] = {{1, {0, 1}, 1, 8, {0, 9}, false, Kind::import_energy, usual},
                                     {1, {1, 1}, 1, 8, {9, 11}, false, Kind::power, Register::power_net}};
  STATIC_REQUIRE_FALSE(p1::can_be_told_apart(same_tariff));
  constexpr p1::Row same_total[] = {
      {1, {0, 1}, 1, 7, {0, 3}, true, Kind::import_power, Register::power_import},
      {1, {0, 1}, 1, 7, {0, 0}, false, Kind::power, Register::power_net}};
  STATIC_REQUIRE_FALSE(p1::can_be_told_apart(same_total));
  constexpr p1::Row of_phase[] = {{1, {0, 1}, 32, 7, {0, 0}, false, Kind::voltage, Register::voltage_1}};
  STATIC_REQUIRE_FALSE(p1::can_be_told_apart(of_phase));  // C of a phase is read as that of the total
  constexpr p1::Row tariff_10[] = {{1, {0, 1}, 1, 8, {1, 3}, false, Kind::import_energy, Register::import_8}};
  STATIC_REQUIRE_FALSE(p1::can_be_told_apart(tariff_10));
  constexpr p1::Row channel_5[] = {{0, {1, 5}, 24, 1, {0, 0}, false, Kind::device_type, Register::count}};
  STATIC_REQUIRE_FALSE(p1::can_be_told_apart(channel_5));
}

TEST_CASE("blocks leave out the same phases as bytes where the totals have given the power") {
  const std::string text =
      telegram({"1-0:1.7.0(00.300*kW)", "1-0:2.7.0(00.000*kW)", "1-0:21.7.0(wrong)", "1-0:41.7.0(00.100*V)"});
  const auto events = [&](auto parser) {
    std::size_t refused = 0, accepted = 0;
    const auto* data = reinterpret_cast<const std::uint8_t*>(text.data());
    for (std::size_t at = 0; at < text.size();) {
      Event event;
      at += parser.push(data + at, text.size() - at, event);
      refused += event == Event::reading_refused;
      accepted += event == Event::telegram;
    }
    CHECK(accepted == 1);
    CHECK(parser.power_w() == 300);
    return refused;
  };
  CHECK(events(p1::BlockParser<p1::BoardFields>()) == 0);
  CHECK(events(p1::BlockParser<p1::AllFields>()) == 2);  // It keeps the phases.
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
  const auto named = [](const std::string& name) {
    for (std::uint8_t r = 0; r < static_cast<std::uint8_t>(Register::count); ++r)
      if (flm::sim::p1_register_name(static_cast<Register>(r)) == name) return static_cast<Register>(r);
    FAIL("INDEX.tsv: no register '" << name << "'; allowed: a name of p1_text.cpp");
    return Register::count;
  };
  const auto index = read_tsv(folder / "INDEX.tsv");
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    files += entry.path().extension() == ".txt";
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
    CHECK((parser.has(Register::time) ? fmt::format("{}", parser.get(Register::time)) : "") ==
          row.at("time"));
    std::istringstream registers(row.at("registers"));
    for (std::string one; registers >> one;) {
      const std::size_t equals = one.find('=');
      const Register r = named(one.substr(0, equals));
      CAPTURE(one);
      CHECK(parser.has(r));
      CHECK(fmt::format("{}", parser.get(r)) == one.substr(equals + 1));
    }
    std::string devices;
    for (std::uint8_t i = 0; i < 4; ++i) {
      const p1::Device& d = parser.device(i);
      if (d.has_value)
        devices +=
            fmt::format("{}{}:{}={}@{}", devices.empty() ? "" : " ", d.channel, d.type, d.value, d.time);
    }
    CHECK(devices == row.at("devices"));
  }
}

TEST_CASE("where there is room for less, totals are read as elsewhere, and power by phases alone is absent") {
  p1::Parser<p1::SmallFields> board;
  CHECK(accepted(run(
            board, telegram({"1-0:1.8.0(000100.000*kWh)", "1-0:2.8.0(000001.000*kWh)", "1-0:1.7.0(01.500*kW)",
                             "1-0:2.7.0(00.250*kW)", "1-0:21.7.0(00.700*kW)"}))) == 1);
  CHECK(board.has_power());
  CHECK(board.power_w() == 1250);
  CHECK(board.net_wh() == 99000);
  CHECK(accepted(run(board, telegram({"1-0:1.8.0(000100.000*kWh)", "1-0:21.7.0(00.700*kW)",
                                      "1-0:16.7.0(-00.700*kW)"}))) == 1);
  CHECK_FALSE(board.has_power());
}

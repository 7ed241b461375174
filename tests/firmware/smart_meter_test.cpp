#include "firmware/smart_meter/smart_meter.hpp"

#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <vector>

#include "tests/firmware/board_on_link.hpp"
#include "tests/firmware/uart_frames.hpp"
#include "tests/protocol/p1/p1_telegrams.hpp"

using namespace flm::test;
using flm::boards::Flm02a;
using flm::boards::Flm02b;

namespace {

/// A telegram: energy from and to the grid in Wh, power in W (negative: to the grid).
std::string told(unsigned import_wh, unsigned export_wh, int power_w,
                 const std::string& meter = "ABC5\\one") {
  const auto kilo = [](unsigned value, const char* unit) {
    return fmt::format("({:06}.{:03}*{})", value / 1000, value % 1000, unit);
  };
  return telegram({"1-0:1.8.1" + kilo(import_wh, "kWh"), "1-0:2.8.1" + kilo(export_wh, "kWh"),
                   "1-0:1.7.0" + kilo(power_w > 0 ? static_cast<unsigned>(power_w) : 0, "kW"),
                   "1-0:2.7.0" + kilo(power_w < 0 ? static_cast<unsigned>(-power_w) : 0, "kW"),
                   "0-1:24.1.0(003)", "0-1:24.2.1(260621120500S)(00872.236*m3)"},
                  meter);
}

/// A board whose sensor 6 is a smart meter, and its line.
template <class Facts>
struct MeteredBoard : BoardOnLink<Facts> {
  /// A further run of the same board: starts with its EEPROM.
  explicit MeteredBoard(MeteredBoard& before) : BoardOnLink<Facts>(0xFF, before.board.hal().eeprom) {}
  MeteredBoard() {
    CHECK(this->ask("sq01") == "sq01");
    CHECK(this->ask("spffffffffff05") == "spffffffffff05");
    CHECK(this->ask("se0501") == "se0501");
  }
  void hear(const std::string& bytes) {
    if constexpr (Facts::meter_line == flm::boards::MeterLine::main_board) {
      std::string digits;
      for (const char c : bytes) digits += hex(static_cast<unsigned char>(c), 2);
      this->write('p' + digits + '.');
    } else {
      for (const char c : bytes) {
        flm::hal::raise_serial_received(this->board, static_cast<std::uint8_t>(c));
        this->board.step();
      }
    }
    for (int pass = 0; pass < 4; ++pass) this->board.step();
  }
  std::string counter() { return this->ask("gc05").substr(4); }
};

}  // namespace

TEMPLATE_TEST_CASE("a smart meter is a sensor: net energy and signed power", "", Flm02a, Flm02b) {
  MeteredBoard<TestType> board;
  CHECK(board.ask("gd") == "gd");
  board.hear(told(2'000'000, 500'000, 1234));
  CHECK(board.ask("gd") == "gd05" + hex(1'500'000, 8) + "0000" + hex(1234, 8));
  // It counts backwards while power is injected, below nothing as well: two's complement.
  board.hear(told(2'000'000, 2'000'001, -500));
  CHECK(board.ask("gd") == "gd05ffffffff0000" + hex(static_cast<std::uint32_t>(-500), 8));
}

TEMPLATE_TEST_CASE("further values of its telegram, and refusals, are reported on request", "", Flm02a,
                   Flm02b) {
  MeteredBoard<TestType> board;
  const std::string text = told(2'000'000, 500'000, 1);
  board.hear(text);
  std::string spoilt = text;
  spoilt[30] = static_cast<char>(spoilt[30] ^ 1);
  board.hear(spoilt);
  const std::string reply = board.ask("gz");
  // gas, one telegram, the meter's number, Wh from and to the grid, litre, YYMMDDhhmm modulo 2^32
  CHECK(reply.substr(0, 8) == "gz030001");
  CHECK(reply.substr(12, 32) == hex(2'000'000, 8) + hex(500'000, 8) + hex(872'236, 8) + hex(2606211205u, 8));
  CHECK(reply.size() == 12 + 32 + 2 * 12);
  unsigned refused = 0;
  for (std::size_t at = 44; at < reply.size(); at += 2)
    refused += static_cast<unsigned>(std::stoul(reply.substr(at, 2), nullptr, 16));
  CHECK(refused >= 1);
}

TEMPLATE_TEST_CASE("a meter that was changed makes no jump", "", Flm02a, Flm02b) {
  MeteredBoard<TestType> board;
  board.hear(told(5'000'000, 0, 0));
  board.hear(told(5'000'100, 0, 0));
  CHECK(board.counter() == hex(5'000'100, 8));
  board.hear(told(7, 0, 0, "XYZ5\\two"));
  CHECK(board.counter() == hex(5'000'100, 8));
  board.hear(told(10, 0, 0, "XYZ5\\two"));
  CHECK(board.counter() == hex(5'000'103, 8));
  // Back to the first one: a second change.
  board.hear(told(5'000'200, 0, 0));
  CHECK(board.counter() == hex(5'000'103, 8));
}

TEMPLATE_TEST_CASE("a counter that a host has set goes on from there", "", Flm02a, Flm02b) {
  MeteredBoard<TestType> board;
  board.hear(told(5'000'000, 0, 0));
  CHECK(board.ask("sc05000003e8") == "sc05000003e8");
  board.hear(told(5'000'001, 0, 0));
  CHECK(board.counter() == hex(1001, 8));
  board.hear(told(5'000'001, 3, 0));
  CHECK(board.counter() == hex(998, 8));
}

TEMPLATE_TEST_CASE("a sensor that is disabled, not mapped, or no smart meter's is left alone", "", Flm02a,
                   Flm02b) {
  MeteredBoard<TestType> board;
  CHECK(board.ask("se0500") == "se0500");
  board.hear(told(5'000'000, 0, 0));
  CHECK(board.counter() == hex(0, 8));
  CHECK(board.ask("se0501") == "se0501");
  CHECK(board.ask("spffffffffffff") == "spffffffffffff");
  board.hear(told(5'000'000, 0, 0));
  CHECK(board.counter() == hex(0, 8));
  CHECK(board.ask("spffffffffff05") == "spffffffffff05");
  CHECK(board.ask("sq00") == "sq00");
  board.hear(told(5'000'000, 0, 0));
  board.transfer("");  // on FLM02A they are the host's now
  CHECK(board.counter() == hex(0, 8));
}

TEMPLATE_TEST_CASE("the counter stays the meter's own after a power cut, whatever went by meanwhile", "",
                   Flm02a, Flm02b) {
  MeteredBoard<TestType> board;
  board.hear(told(5'000'000, 0, 0));
  CHECK(board.ask("ct") == "ct");
  MeteredBoard<TestType> next(board);
  CHECK(next.counter() == hex(5'000'000, 8));
  next.hear(told(5'000'777, 0, 0));
  CHECK(next.counter() == hex(5'000'777, 8));
}

TEMPLATE_TEST_CASE("a power failure leaves the counter what it was, the meter's own or not", "", Flm02a,
                   Flm02b) {
  const auto fail = [](auto& board) {
    board.board.hal().supply_is_low = board.board.hal().supply_has_fallen = true;
    board.ticks(30);
    for (int pass = 0; pass < 300; ++pass) board.board.step();
  };
  for (const std::string meter : {"ABC5\\one", "ABC5\\two", "ABC5\\three", "ABC5\\four"}) {
    CAPTURE(meter);
    MeteredBoard<TestType> board;
    board.hear(told(5'000'000, 0, 0, meter));
    for (int pass = 0; pass < 300; ++pass) board.board.step();
    CHECK(board.ask("ct") == "ct");
    board.hear(told(5'000'050, 0, 0, meter));
    fail(board);
    MeteredBoard<TestType> next(board);
    CHECK(next.counter() == hex(5'000'050, 8));
    next.hear(told(5'000'777, 0, 0, meter));
    CHECK(next.counter() == hex(5'000'777, 8));

    next.board.hal().supply_is_low = false;
    CHECK(next.ask("sc05000003e8") == "sc05000003e8");
    next.hear(told(5'000'778, 0, 0, meter));
    for (int pass = 0; pass < 300; ++pass) next.board.step();
    fail(next);
    MeteredBoard<TestType> third(next);
    CHECK(third.counter() == hex(1001, 8));
    third.hear(told(5'000'801, 0, 0, meter));
    CHECK(third.counter() == hex(1024, 8));
  }
}

TEMPLATE_TEST_CASE("what is used while the board is off is counted, also after a counter was set just before",
                   "", Flm02a, Flm02b) {
  MeteredBoard<TestType> board;
  board.hear(told(5'000'000, 0, 0));
  CHECK(board.ask("sc0500000000") == "sc0500000000");
  board.hear(told(5'000'010, 0, 0));
  board.hear(told(5'000'020, 0, 0));
  const std::string counted = board.counter();
  for (int pass = 0; pass < 300; ++pass) board.board.step();
  CHECK(board.ask("ct") == "ct");
  MeteredBoard<TestType> next(board);
  CHECK(next.counter() == counted);
  next.hear(told(5'000'220, 0, 0));
  CHECK(std::stoul(next.counter(), nullptr, 16) == std::stoul(counted, nullptr, 16) + 200);
}

TEMPLATE_TEST_CASE("the link to a meter is saved at once when a counter was set, without a commit", "",
                   Flm02a, Flm02b) {
  MeteredBoard<TestType> board;
  board.hear(told(5'000'000, 0, 0));
  CHECK(board.ask("ct") == "ct");
  CHECK(board.ask("sc0500000000") == "sc0500000000");
  board.hear(told(5'000'010, 0, 0));
  for (int pass = 0; pass < 300; ++pass) board.board.step();
  MeteredBoard<TestType> next(board);  // unplugged
  next.hear(told(5'000'220, 0, 0));
  CHECK(std::stoul(next.counter(), nullptr, 16) == 220);
}

TEST_CASE(
    "port 6's settings have a range, and telegrams without a CRC are accepted only when they are asked for") {
  MeteredBoard<Flm02a> board;
  CHECK(board.ask("sq08") == "sq");
  CHECK(board.ask("gq") == "gq01");
  const std::string text = "/ABC5\\old\r\n\r\n1-0:1.8.1(00001.000*kWh)\r\n1-0:2.8.1(00000.000*kWh)\r\n!\r\n";
  board.hear(text);
  CHECK(board.counter() == hex(0, 8));
  CHECK(board.ask("sq05") == "sq05");
  board.hear(text + text);
  CHECK(board.counter() == hex(1000, 8));
  CHECK(board.board.hal().uart_baud == 115200);
  CHECK(board.ask("sq07") == "sq07");
  CHECK(board.board.hal().uart_baud == 9600);
}

TEST_CASE("a smart meter's bytes are not the RS-485 port's, and nothing is sent to it") {
  MeteredBoard<Flm02a> board;
  flm::hal::raise_serial_received(board.board, 'x');
  CHECK(board.transfer("").find('7') == std::string::npos);
  board.write("u41.");
  board.board.step();
  CHECK_FALSE(board.board.hal().uart_drives);
  CHECK(board.ask("gx").substr(14, 2) == "01");  // refused
}

TEST_CASE("bytes that are forwarded faster than they are read are counted, and their telegram is refused") {
  MeteredBoard<Flm02b> board;
  std::string digits;
  for (const char c : told(5'000'000, 0, 0)) digits += hex(static_cast<unsigned char>(c), 2);
  for (const char c : 'p' + digits + '.') board.clock_without_step(c);
  board.board.step();
  CHECK(board.counter() == hex(0, 8));
  const std::string reply = board.ask("gz");
  CHECK(reply.substr(reply.size() - 2) != "00");
}

TEMPLATE_TEST_CASE("a counter that a host has set goes on while the board is off, as the same meter says", "",
                   Flm02a, Flm02b) {
  MeteredBoard<TestType> board;
  board.hear(told(5'000'000, 0, 0));
  CHECK(board.ask("sc0500000000") == "sc0500000000");
  board.hear(told(5'000'010, 0, 0));
  CHECK(board.counter() == hex(10, 8));
  CHECK(board.ask("ct") == "ct");
  MeteredBoard<TestType> next(board);
  CHECK(next.counter() == hex(10, 8));
  next.hear(told(5'000'540, 0, 0));
  CHECK(next.counter() == hex(540, 8));
  // Set before the first telegram: it is not known from what it went on.
  MeteredBoard<TestType> third(next);
  CHECK(third.ask("sc0500000000") == "sc0500000000");
  third.hear(told(5'000'600, 0, 0));
  third.hear(told(5'000'601, 0, 0));
  CHECK(third.counter() == hex(1, 8));
}

TEMPLATE_TEST_CASE(
    "a counter that was set becomes the meter's own again when it is set to 0 with no meter at port 6", "",
    Flm02a, Flm02b) {
  MeteredBoard<TestType> board;
  board.hear(told(5'000'000, 0, 0));
  CHECK(board.ask("sc05000003e8") == "sc05000003e8");
  board.hear(told(5'000'001, 0, 0));
  CHECK(board.counter() == hex(1001, 8));
  CHECK(board.ask("sq00") == "sq00");
  CHECK(board.ask("sc0500000000") == "sc0500000000");
  CHECK(board.ask("sq01") == "sq01");
  board.hear(told(5'000'002, 0, 0));
  CHECK(board.counter() == hex(5'000'002, 8));
}

TEMPLATE_TEST_CASE(
    "a meter that moves to a different sensor and back makes no jump, and the new one is its own", "", Flm02a,
    Flm02b) {
  MeteredBoard<TestType> board;
  CHECK(board.ask("se0401") == "se0401");
  board.hear(told(5'000'000, 0, 0));
  CHECK(board.ask("spffffffffff04") == "spffffffffff04");
  board.hear(told(5'000'100, 0, 0));
  CHECK(board.ask("gc04").substr(4) == hex(5'000'100, 8));
  CHECK(board.counter() == hex(5'000'000, 8));
  CHECK(board.ask("spffffffffff05") == "spffffffffff05");
  board.hear(told(5'000'103, 0, 0));
  CHECK(board.counter() == hex(5'000'003, 8));
  CHECK(board.ask("gc04").substr(4) == hex(5'000'100, 8));
}

TEMPLATE_TEST_CASE("a change of port 6's settings leaves a counter that is the meter's own what it is", "",
                   Flm02a, Flm02b) {
  MeteredBoard<TestType> board;
  board.hear(told(5'000'000, 0, 0));
  CHECK(board.ask("sq05") == "sq05");
  board.hear(told(5'000'100, 0, 0));
  CHECK(board.counter() == hex(5'000'100, 8));
}

namespace {

/// The telegram without CRC.
std::string bare_told(unsigned import_wh, const std::string& meter) {
  const std::string text = told(import_wh, 0, 0, meter);
  return text.substr(0, text.size() - 6) + "\r\n";
}

}  // namespace

TEMPLATE_TEST_CASE("without CRC a different meter counts when two telegrams in a row say so", "", Flm02a,
                   Flm02b) {
  MeteredBoard<TestType> board;
  CHECK(board.ask("sq05") == "sq05");
  board.hear(bare_told(5'000'000, "ABC5\\one") + bare_told(5'000'000, "ABC5\\one"));
  CHECK(board.counter() == hex(5'000'000, 8));
  const std::string before = board.ask("gz");
  board.hear(bare_told(5'000'007, "ABC5\\onf"));
  CHECK(board.ask("gz") == before);
  CHECK(board.counter() == hex(5'000'000, 8));
  board.hear(bare_told(5'000'010, "ABC5\\one"));
  CHECK(board.counter() == hex(5'000'010, 8));
  board.hear(bare_told(7, "XYZ5\\two") + bare_told(8, "XYZ5\\two") + bare_told(9, "XYZ5\\two"));
  CHECK(board.counter() == hex(5'000'011, 8));
  // The one that is stored needs no second telegram after a reset; a different one does.
  CHECK(board.ask("ct") == "ct");
  MeteredBoard<TestType> next(board);
  next.hear(bare_told(19, "XYZ5\\two"));
  CHECK(next.counter() == hex(5'000'021, 8));
  MeteredBoard<TestType> third(next);
  third.hear(bare_told(5'000'020, "ABC5\\one"));
  CHECK(third.ask("gd") == "gd");
}

TEST_CASE(
    "half a byte, or a character that is not a digit, at the end of forwarded bytes spoils the telegram") {
  const std::string text = bare_told(5'000'000, "ABC5\\one");
  std::string digits;
  for (const char c : text) digits += hex(static_cast<unsigned char>(c), 2);
  const std::size_t middle = 2 * text.find("kWh");
  const auto counter_after = [&](const std::string& end) {
    MeteredBoard<Flm02b> board;
    CHECK(board.ask("sq05") == "sq05");
    for (int i = 0; i < 2; ++i)
      board.write('p' + digits.substr(0, middle) + end + 'p' + digits.substr(middle) + '.');
    return board.counter();
  };
  CHECK(counter_after(".") == hex(5'000'000, 8));
  CHECK(counter_after("3.") == hex(0, 8));
  CHECK(counter_after("3l") == hex(0, 8));
  CHECK(counter_after("x.") == hex(0, 8));
}

TEMPLATE_TEST_CASE("bytes for which there was no room spoil their telegram, also without CRC", "", Flm02a,
                   Flm02b) {
  // An unwanted line, so long that only the loss shows.
  std::string text = bare_told(5'000'000, "ABC5\\one");
  text.insert(text.find("1-0:1.8.1"), "0-0:96.13.0(" + std::string(400, '3') + ")\r\n");
  for (const bool in_time : {true, false}) {
    MeteredBoard<TestType> board;
    CHECK(board.ask("sq05") == "sq05");
    for (int i = 0; i < 2; ++i) {
      const std::size_t begin = text.find("(333") + 1, length = in_time ? 0 : 300;
      board.hear(text.substr(0, begin));
      for (const char c : text.substr(begin, length))
        if constexpr (TestType::meter_line == flm::boards::MeterLine::main_board) {
          for (const char digit : 'p' + hex(static_cast<unsigned char>(c), 2) + '.')
            static_cast<void>(board.clock_without_step(digit));
        } else {
          flm::hal::raise_serial_received(board.board, static_cast<std::uint8_t>(c));
        }
      for (int pass = 0; pass < 10; ++pass) board.board.step();
      board.hear(text.substr(begin + length));
    }
    CHECK(board.counter() == hex(in_time ? 5'000'000 : 0, 8));
  }
}

namespace {

/// A line of 7E1 at a board: FLM02A's own UART, or the host's, which forwards 0 for a byte that came with an
/// error.
template <class Facts>
void hear_line(MeteredBoard<Facts>& board, const std::vector<bool>& line) {
  std::string text;
  for (const Received& one : received(line)) {
    text += static_cast<char>(one.good ? one.byte : 0);
    if constexpr (Facts::meter_line == flm::boards::MeterLine::board) {
      flm::hal::raise_serial_received(board.board, one.byte, one.good);
      board.board.step();
    }
  }
  board.hear(Facts::meter_line == flm::boards::MeterLine::main_board ? text : std::string());
}

/// Reports about the meter, without refusals: its counter, its power, and `gz` up to the device.
template <class Facts>
std::string readings(MeteredBoard<Facts>& board) {
  return board.counter() + ' ' + hex(board.board.sensors()[5].extra, 8) + ' ' + board.ask("gz").substr(8, 36);
}

}  // namespace

// Telegrams of DSMR 2.2 and 3, which have no CRC (tests/data/p1), as fast as the line is and with pauses
// between the bytes.
TEMPLATE_TEST_CASE("no wrong bit on a line of 7E1 ever changes a reading, wherever it is", "", Flm02a,
                   Flm02b) {
  for (const std::string file : {"dsmr22-gas-two-lines.txt", "dsmr30-heat-two-lines.txt"})
    for (const std::size_t pause : {0u, 1u, 7u}) {
      CAPTURE(file, pause);
      const std::string text = read_text(std::string(FLM_SOURCE_DIR "/tests/data/p1/") + file);
      const std::vector<bool> right = line_of(text, pause);
      std::unique_ptr<MeteredBoard<TestType>> board;
      std::string told;
      int wrong = 0;
      for (std::size_t at = 0; at < text.size(); ++at)
        for (std::size_t bit = 0; bit < frame_bits; ++bit) {
          if (board == nullptr) {
            board = std::make_unique<MeteredBoard<TestType>>();
            CHECK(board->ask("sq07") == "sq07");
            hear_line(*board, right);
            hear_line(*board, right);
            told = readings(*board);
          }
          std::vector<bool> line = right;
          line[place_of(at, bit, pause)].flip();
          hear_line(*board, line);
          if (readings(*board) == told) continue;
          ++wrong;
          board.reset();
        }
      CHECK(wrong == 0);
      REQUIRE(board != nullptr);
      // None of them was believed but those whose last line feed was hit.
      hear_line(*board, right);
      CHECK(readings(*board) == told);
    }
}

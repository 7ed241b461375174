#include "firmware/sensor_board.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <string>
#include <vector>

#include "tests/firmware/board_on_link.hpp"

using namespace flm::test;
using flm::boards::Flm02a;
using flm::boards::Flm02b;

namespace {
constexpr double pi = 3.14159265358979323846;

/// Power that a full-scale sine gives at 50 A and 230 V: 11 500 W at a mean of 928 counts (boards/README.md).
double watts_of_mean(double counts) { return 11500.0 * counts / 928.0; }

template <class Facts>
struct Metered : BoardOnLink<Facts> {
  explicit Metered(std::uint8_t levels = 0xFF) : BoardOnLink<Facts>(levels) {}

  /// Code of a rectified 50 Hz sine of some mean counts on the clamp whose turn it is, so large that no
  /// smoothing model is needed.
  void seconds(int count, double mean, int clamp) {
    for (std::uint32_t i = 0; i < static_cast<std::uint32_t>(count) * this->ticks_a_second; ++i) {
      const double t = static_cast<double>(tick_++) / this->ticks_a_second;
      // After a smoother of tau, a rectified sine is a series of even harmonics: c_k / (1 + i w tau), c_k of
      // |sin|.
      double y = 2 / pi;
      for (int k = 1; k <= 4; ++k) {
        const double w = 2 * pi * 100 * k, tau = 1.91e-3;
        const double size = -4 / pi / (4.0 * k * k - 1) / std::sqrt(1 + w * tau * w * tau);
        y += size * std::cos(w * t - std::atan(w * tau));
      }
      const bool ours = next_ == clamp;
      next_ = this->board.next_clamp();
      this->tick(ours ? static_cast<std::uint16_t>(std::lround(mean * pi / 2 * y)) : std::uint16_t{0});
    }
  }

 private:
  std::uint32_t tick_ = 0;
  int next_ = 0;
};

unsigned number(const std::string& text, std::size_t at, std::size_t digits) {
  return static_cast<unsigned>(std::stoul(text.substr(at, digits), nullptr, 16));
}

/// Low for `low_ms`, then high for as long, on one pin.
template <class Facts>
void pulse(BoardOnLink<Facts>& host, std::uint8_t mask, unsigned low_ms) {
  const std::uint32_t ticks = low_ms * host.ticks_a_second / 1000;
  host.board.hal().levels = static_cast<std::uint8_t>(host.board.hal().levels & ~mask);
  host.ticks(ticks);
  host.board.hal().levels = static_cast<std::uint8_t>(host.board.hal().levels | mask);
  host.ticks(ticks);
}
}  // namespace

TEMPLATE_TEST_CASE("a sine through any clamp is reported in watts, to 0.3 %, and so is its energy", "",
                   Flm02a, Flm02b) {
  for (int clamp = 0; clamp < 3; ++clamp) {
    CAPTURE(clamp);
    Metered<TestType> host;
    const std::string map[] = {"sp02ffffffffff", "spff02ffffffff", "spffff02ffffff"};
    REQUIRE(host.ask(map[clamp]) == map[clamp]);
    REQUIRE(host.ask("sm021429") == "sm021429");
    REQUIRE(host.ask("se0201") == "se0201");
    host.seconds(3, 400.0, clamp);
    const std::string data = host.ask("gd");
    REQUIRE(data.size() == 2 + 22);
    CHECK(number(data, 2, 2) == 2);
    CHECK(number(data, 12, 4) == 0);
    CHECK(number(data, 16, 8) == Approx(watts_of_mean(400)).epsilon(0.003));
    const unsigned before = number(data, 4, 8);
    host.seconds(60, 400.0, clamp);
    const unsigned after = number(host.ask("gd"), 4, 8);
    CHECK(after - before == Approx(watts_of_mean(400) / 60).epsilon(0.003).margin(1));
  }
}

TEST_CASE("the first reading of a clamp covers a whole second") {
  // The stock board's first reading covers part of one.
  Metered<Flm02b> host;
  host.seconds(1, 400.0, 0);
  host.ticks(host.ticks_a_second / 3);
  REQUIRE(host.ask("sp00ffffffffff") == "sp00ffffffffff");
  REQUIRE(host.ask("sm001429") == "sm001429");
  REQUIRE(host.ask("se0001") == "se0001");
  host.seconds(1, 400.0, 0);
  CHECK(host.ask("gd") == "gd");
  host.seconds(1, 400.0, 0);
  CHECK(number(host.ask("gd"), 16, 8) == Approx(watts_of_mean(400)).epsilon(0.003));
}

TEST_CASE("a second in which a clamp's constant changed, or in which it was off, is left out whole") {
  Metered<Flm02b> host;
  for (const char* command : {"sp00ffffffffff", "sm001429", "se0001"}) REQUIRE(host.ask(command) == command);
  host.seconds(3, 400.0, 0);
  CHECK(host.ask("gd") != "gd");
  const std::vector<std::vector<std::string>> changes = {{"sm002852"}, {"se0000", "se0001"}};
  for (const auto& change : changes) {
    host.ticks(host.ticks_a_second / 2);
    for (const std::string& command : change) REQUIRE(host.ask(command) == command);
    host.ticks(host.ticks_a_second - host.ticks_a_second / 2);
    CHECK(host.ask("gd") == "gd");
    host.seconds(2, 400.0, 0);
    CHECK(number(host.ask("gd"), 16, 8) == Approx(2 * watts_of_mean(400)).epsilon(0.003));
  }
}

TEST_CASE("three clamps that feed one sensor add up") {
  BoardOnLink<Flm02b> one, three;
  REQUIRE(one.ask("sp00ffffffffff") == "sp00ffffffffff");
  REQUIRE(three.ask("sp000000ffffff") == "sp000000ffffff");
  for (BoardOnLink<Flm02b>* host : {&one, &three}) {
    REQUIRE(host->ask("sm001429") == "sm001429");
    REQUIRE(host->ask("se0001") == "se0001");
    host->ticks(3 * host->ticks_a_second, 500);
  }
  const unsigned single = number(one.ask("gd"), 16, 8), sum = number(three.ask("gd"), 16, 8);
  CHECK(single > 1000);
  CHECK(std::abs(static_cast<int>(sum) - 3 * static_cast<int>(single)) <= 3);
}

TEST_CASE("a sensor that is disabled or fed by nothing reports nothing") {
  BoardOnLink<Flm02b> host;
  REQUIRE(host.ask("sm001429") == "sm001429");
  REQUIRE(host.ask("se0001") == "se0001");
  REQUIRE(host.ask("spff01ffffffff") == "spff01ffffffff");
  REQUIRE(host.ask("sm011429") == "sm011429");
  host.ticks(3 * host.ticks_a_second, 500);
  CHECK(host.ask("gd") == "gd");
}

TEMPLATE_TEST_CASE("pulses on ports 4 and 5 count on the sensors that the map names", "", Flm02a, Flm02b) {
  BoardOnLink<TestType> host;
  REQUIRE(host.ask("spffffff0504ff") == "spffffff0504ff");
  for (const char* command : {"sm050001", "sf050000", "se0501", "sm040000", "sf0401f4", "se0401"})
    REQUIRE(host.ask(command) == command);
  host.ticks(100);
  for (int i = 0; i < 7; ++i) pulse(host, TestType::PulsePort4::mask, 30);
  for (int i = 0; i < 5; ++i) pulse(host, TestType::PulsePort5::mask, 30);
  const std::string data = host.ask("gd");
  REQUIRE(data.size() == 2 + 2 * 22);
  CHECK(number(data, 2, 2) == 4);
  CHECK(number(data, 4, 8) == 2);  // 5 pulses of 0.5
  CHECK(number(data, 12, 4) == 500);
  CHECK(number(data, 24, 2) == 5);
  CHECK(number(data, 26, 8) == 7);
  CHECK(number(data, 34, 4) == 0);
}

TEMPLATE_TEST_CASE("a pulse's stamp is when the contact closed, whatever its debounce time", "", Flm02a,
                   Flm02b) {
  for (const char* debounce : {"sj03000f", "sj0300fa"}) {  // 1.5 ms, 25 ms
    CAPTURE(debounce);
    BoardOnLink<TestType> host;
    for (const char* command : {"spffffff03ffff", "sm030001", "se0301", debounce})
      REQUIRE(host.ask(command) == command);
    host.ticks(host.ticks_a_second);
    pulse(host, TestType::PulsePort4::mask, 60);
    CHECK(number(host.ask("gd"), 16, 8) == Approx(1000).margin(2));
  }
}

TEMPLATE_TEST_CASE("a contact that is closed at power-up is not a pulse; the next closing is", "", Flm02a,
                   Flm02b) {
  BoardOnLink<TestType> host(static_cast<std::uint8_t>(~TestType::PulsePort4::mask));
  for (const char* command : {"spffffff03ffff", "sm030001", "se0301"}) REQUIRE(host.ask(command) == command);
  host.ticks(host.ticks_a_second);
  CHECK(host.ask("gd") == "gd");
  host.board.hal().levels = 0xFF;
  host.ticks(200);
  CHECK(host.ask("gd") == "gd");
  pulse(host, TestType::PulsePort4::mask, 30);
  CHECK(number(host.ask("gd"), 4, 8) == 1);
}

TEST_CASE(
    "switching ports 2 and 3 to pulses counts nothing by itself, whatever their level; then they count") {
  const std::uint8_t both = Flm02b::PulsePort2::mask | Flm02b::PulsePort3::mask;
  for (const bool low : {false, true}) {
    CAPTURE(low);
    BoardOnLink<Flm02b> host;
    for (const char* command : {"spff0102ffffff", "sm010001", "sm020001", "se0101", "se0201"})
      REQUIRE(host.ask(command) == command);
    host.board.hal().levels = static_cast<std::uint8_t>(low ? ~both : 0xFF);
    host.ticks(300);
    REQUIRE(host.ask("sk000000") == "sk000000");
    host.ticks(300);
    CHECK(host.ask("gd") == "gd");
    host.board.hal().levels = 0xFF;
    host.ticks(300);
    pulse(host, Flm02b::PulsePort2::mask, 30);
    pulse(host, Flm02b::PulsePort3::mask, 30);
    CHECK(host.ask("gd").size() == 2 + 2 * 22);
    REQUIRE(host.ask("sk010000") == "sk010000");
    pulse(host, both, 30);
    CHECK(host.ask("gd") == "gd");
  }
}

TEST_CASE("the analog front end off and on again leaves all three clamps measuring") {
  // The stock board has one clamp of three then.
  BoardOnLink<Flm02b> host;
  for (const char* command :
       {"sp000102ffffff", "sm001429", "sm011429", "sm021429", "se0001", "se0101", "se0201", "sk000000"})
    REQUIRE(host.ask(command) == command);
  host.ticks(3 * host.ticks_a_second, 500);
  CHECK(host.ask("gd").size() == 2 + 22);
  REQUIRE(host.ask("sk010000") == "sk010000");
  host.ticks(3 * host.ticks_a_second, 500);
  CHECK(host.ask("gd").size() == 2 + 3 * 22);
}

TEST_CASE("the watchdog is fed while samples come, and starves without them, however busy the link is") {
  BoardOnLink<Flm02b> host;
  host.ticks(host.ticks_a_second);
  host.board.hal().watchdog_fed = false;
  for (int i = 0; i < 10; ++i) REQUIRE(host.ask("gm00") == "gm000000");
  CHECK_FALSE(host.board.hal().watchdog_fed);
  host.ticks(host.ticks_a_second / 500);
  CHECK(host.board.hal().watchdog_fed);
}

TEST_CASE("the LED goes dark at a poll for 33 ms and is lit otherwise") {
  BoardOnLink<Flm02b> host;
  CHECK(host.board.hal().led_lit);
  host.write(message("gd"));
  CHECK_FALSE(host.board.hal().led_lit);
  host.ticks(32 * host.ticks_a_second / 1000);
  CHECK_FALSE(host.board.hal().led_lit);
  host.ticks(2 * host.ticks_a_second / 1000);
  CHECK(host.board.hal().led_lit);
}

TEST_CASE("the converter's next input is selected before a sample is added, in turn") {
  BoardOnLink<Flm02b> host;
  CHECK(host.board.hal().selected_clamp == 0);
  for (const int clamp : {1, 2, 0, 1, 2, 0}) {
    host.tick();
    CHECK(host.board.hal().selected_clamp == clamp);
  }
}

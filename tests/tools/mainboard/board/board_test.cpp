#include "tools/mainboard/board/board.hpp"

#include <fmt/format.h>
#include <catch2/catch.hpp>

#include <csignal>

#include "tests/tools/mainboard/bus/faulty_bus.hpp"
#include "tools/common/stop_on_signal.hpp"
#include "tools/mainboard/board/poller.hpp"
#include "tools/mainboard/bus/clock.hpp"

using namespace flm;
using namespace flm::mainboard;

TEST_CASE("a board on a clean line is understood without a second try") {
  test::FaultyBus bus(test::small_house(), 0.0);
  Board board(bus, "bench");
  CHECK(board.identify().board() == "flm02b");
  CHECK(board.request("gm 0") == "gm 0 5163");
  CHECK_FALSE(board.ask(get_message('m', 6)));
  CHECK_THROWS_AS(board.request("gm 6"), BoardRefused);
  CHECK_THROWS_AS(board.request("gm"), InputError);
  const Layout layout = board.layout();
  CHECK(layout.sensor_kind(1) == SensorKind::clamp);
  CHECK(layout.sensor_kind(4) == SensorKind::pulse);
  CHECK(layout.sensor_kind(6) == SensorKind::none);
  bus.wait(3s);
  const auto readings = board.poll(layout);
  REQUIRE(readings.size() == 2);
  CHECK(readings[0].sensor == 1);
  CHECK(readings[0].power() == Approx(1150).epsilon(0.005));
  CHECK(board.statistics(1).samples > 1500);
  board.commit();
  CHECK(board.counters().retries == 0);
}

TEST_CASE("noise costs retries, which are counted, and never gives a wrong answer") {
  // A bit in a byte of two hundred: one exchange of six is spoilt. CRC-8 lets one spoilt reply of 256
  // through, where two bits were flipped; a single one it always finds.
  test::FaultyBus bus(test::small_house(), 0.005);
  Board board(bus, "bench");
  int refused = 0;
  for (int i = 0; i < 400; ++i) {
    try {
      const auto reply = board.request("gm 0");
      CHECK(reply == "gm 0 5163");
    } catch (const BoardRefused&) {
      ++refused;
    }
  }
  CHECK(refused == 0);
  CHECK(board.counters().retries > 20);
  CHECK(board.counters().retries < 200);
  CHECK(board.counters().garbled + board.counters().rejected > 10);
}

namespace {

/// What a poller of the small house has recorded: "t sensor".
struct Polled {
  explicit Polled(Board& board)
      : poller(
            board,
            [] {
              PollPlan plan;
              plan.kind_of = [](int sensor) { return sensor == 4 ? SensorKind::pulse : SensorKind::clamp; };
              plan.is_clipped = [](const Health&, int) { return false; };
              plan.asks_health = [] { return true; };
              return plan;
            }(),
            [this](const Record& record) {
              if (const auto* reading = std::get_if<Reading>(&record))
                log += fmt::format("{:.0f}s {} ", reading->t, reading->sensor);
            },
            board.now()) {}
  std::string log;
  Poller poller;
};

}  // namespace

TEST_CASE("readings that have come are kept when the question after them is not answered") {
  test::FaultyBus bus(test::small_house(), 0.0);
  Board board(bus, "bench");
  bus.wait(2s);
  Polled polled(board);
  bus.tamper = [](const Message& sent, Message&) {
    if (sent == get_message('r')) throw NoAnswer("gone");
  };
  bus.wait(1s);
  polled.poller.step();
  CHECK(polled.log == "1s 1 1s 2 ");
}

TEST_CASE("a time for readings that was missed is left out, and the next is the next whole one") {
  test::FaultyBus bus(test::small_house(), 0.0);
  Board board(bus, "bench");
  bus.wait(2s);
  Polled polled(board);
  const Time start = bus.now();
  bus.wait(3400ms);
  polled.poller.step();
  CHECK(polled.log == "1s 1 1s 2 ");
  CHECK(polled.poller.next() - start == 4s);
}

TEST_CASE("a board that gives no readings is reported, and asked again at the next whole second") {
  test::FaultyBus bus(test::small_house(), 0.0);
  Board board(bus, "bench");
  bus.wait(2s);
  Polled polled(board);
  const Time start = bus.now();
  bus.wait(1s);
  bus.silent = true;
  CHECK_THROWS_AS(polled.poller.step(), NoAnswer);
  const Time next = polled.poller.next() - start;
  CHECK(next >= 2s);
  CHECK(next % 1s == 0ns);
  bus.silent = false;
  bus.wait(start + next - bus.now());
  polled.poller.step();
  CHECK(polled.log == fmt::format("{0}s 1 {0}s 2 ", next / 1s));
}

namespace {
/// Writes down what is clocked.
struct RecordingBus : Bus {
  explicit RecordingBus(std::string& log) : log_(log) {}
  [[nodiscard]] std::string clock(std::string_view bytes) override {
    log_ += std::string(bytes) + ' ';
    return std::string(bytes.size(), '\0');
  }
  void wait(Time span) override { time_ += span; }
  [[nodiscard]] Time now() override { return time_; }
  std::string& log_;
  Time time_{};
};
/// Bytes at times.
struct ScriptedLine : MeterLine {
  explicit ScriptedLine(std::vector<std::string> parts) : parts_(std::move(parts)) {}
  [[nodiscard]] std::string read() override {
    return next_ < parts_.size() ? parts_[next_++] : std::string();
  }
  std::vector<std::string> parts_;
  std::size_t next_ = 0;
};
}  // namespace

TEST_CASE("a smart meter's bytes go to the board in order, in messages of 32, whenever the bus waits") {
  std::string log;
  const auto bus = forwarding(
      std::make_unique<RecordingBus>(log),
      std::make_unique<ScriptedLine>(std::vector<std::string>{"/A", "", std::string(33, '\x80') + "\n"}));
  CHECK(bus->clock("lgc").size() == 3);
  CHECK(log == "lgc ");
  bus->wait(0s);
  CHECK(log == "lgc p2f41. ");
  bus->wait(25ms);
  std::string all = "lgc p2f41. p";
  for (int i = 0; i < 32; ++i) all += "80";
  CHECK(log == all + ". p800a. ");
  CHECK(bus->now() == 25ms);
}

TEST_CASE("a ctrl-C ends a wait of the user, but not that for a reply") {
  test::FaultyBus bus(test::small_house(), 0.0);
  Board board(bus, "bench");
  const StopOnSignal stop;
  CHECK(wait_unless_stopped(bus, 350ms));
  std::raise(SIGINT);
  CHECK(stopped());
  const Time before = bus.now();
  CHECK_FALSE(wait_unless_stopped(bus, 5s));
  CHECK(bus.now() == before);
  CHECK(board.request("gm 0") == "gm 0 5163");
  const Time slept_from = steady_now();
  sleep_for(50ms);
  CHECK(steady_now() - slept_from >= 50ms);
}

TEST_CASE("ports are read as they are written") {
  CHECK(parse_port("spi:/dev/spidev0.0").kind == Port::Kind::spi);
  CHECK(parse_port("spi:/dev/spidev0.0,board=flm02a").board->name == "flm02a");
  CHECK(parse_port("/dev/ttyUSB0,baud=9600").baud == 9600);
  const Port meter = parse_port("spi:/dev/spidev0.0,meter=/dev/ttyS0,meter_baud=9600");
  CHECK(meter.meter == "/dev/ttyS0");
  CHECK(meter.meter_baud == 9600);
  CHECK_THROWS_AS(parse_port("sim:a,meter=b"), InputError);
  const Port sim = parse_port("sim:a,engine=image,eeprom=b,configure=no,speed=2.5");
  CHECK(sim.path == "a");
  CHECK(sim.engine == "image");
  CHECK(sim.eeprom == "b");
  CHECK_FALSE(sim.configure);
  CHECK(sim.speed == 2.5);
  CHECK_THROWS_AS(parse_port("sim:a,speed=0"), InputError);
  CHECK_THROWS_AS(parse_port(""), InputError);
}

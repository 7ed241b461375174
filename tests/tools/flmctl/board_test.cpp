#include "tools/flmctl/board.hpp"

#include <catch2/catch.hpp>

#include "tests/tools/flmctl/engine_bus.hpp"

using namespace flm;
using namespace flm::ctl;

TEST_CASE("a board on a clean line is understood without a second try") {
  test::EngineBus bus(test::small_house(), 0.0);
  Board board(bus, "bench");
  CHECK(board.identify().board() == "flm02b");
  CHECK(board.request("gm 0") == "gm 0 5163");
  CHECK_FALSE(board.ask("gm 6"));
  CHECK_THROWS_AS(board.request("gm 6"), BoardRefused);
  CHECK_THROWS_AS(board.request("gm"), InputError);
  const Layout layout = board.layout();
  CHECK(layout.sensor_kind(1) == SensorKind::clamp);
  CHECK(layout.sensor_kind(4) == SensorKind::pulse);
  CHECK(layout.sensor_kind(6) == SensorKind::none);
  bus.wait(3.0);
  const auto readings = board.poll();
  REQUIRE(readings.size() == 2);
  CHECK(readings[0].sensor == 1);
  CHECK(readings[0].power(SensorKind::clamp) == Approx(1150).epsilon(0.005));
  CHECK(board.statistics(1).samples > 1500);
  board.commit();
  CHECK(board.counters().retries == 0);
}

TEST_CASE("noise costs retries, which are counted, and never gives a wrong answer") {
  // A bit in a byte of two hundred: one exchange of six is spoilt. CRC-8 lets one spoilt reply of 256 through, where two bits were flipped;
  // a single one it always finds.
  test::EngineBus bus(test::small_house(), 0.005);
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

TEST_CASE("a meter's counter and power have a sign") {
  const Reading reading{6, 0xFFFFFFFF, 0, 0xFFFFFC18};
  CHECK(reading.count(SensorKind::meter) == -1.0);
  CHECK(reading.power(SensorKind::meter) == -1000);
  CHECK(reading.count(SensorKind::clamp) == 4294967295.0);
}

TEST_CASE("ports are read as they are written") {
  CHECK(parse_port("spi:/dev/spidev0.0").kind == Port::Kind::spi);
  CHECK(parse_port("spi:/dev/spidev0.0,board=flm02a").board->name == "flm02a");
  CHECK(parse_port("/dev/ttyUSB0,baud=9600").baud == 9600);
  const Port sim = parse_port("sim:a,engine=image,eeprom=b,configure=no,speed=2.5");
  CHECK(sim.path == "a");
  CHECK(sim.engine == "image");
  CHECK(sim.eeprom == "b");
  CHECK_FALSE(sim.configure);
  CHECK(sim.speed == 2.5);
  CHECK_THROWS_AS(parse_port("sim:a,speed=0"), InputError);
  CHECK_THROWS_AS(parse_port(""), InputError);
}

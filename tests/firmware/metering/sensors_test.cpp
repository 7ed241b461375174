#include "firmware/metering/sensors.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <random>

using namespace flm::metering;

namespace {
Sensors started() {
  Sensors sensors;
  sensors.start();
  return sensors;
}
constexpr std::uint8_t pulse_ports = 1 << 3 | 1 << 4;
/// A sensor fed by a pulse port, enabled.
Sensors pulse_sensor(std::uint8_t port, std::uint8_t sensor, std::uint16_t constant, std::uint16_t fraction) {
  Sensors sensors = started();
  sensors.settings().map[port] = sensor;
  sensors.settings().constant[sensor] = constant;
  sensors.settings().fraction[sensor] = fraction;
  sensors.settings().enabled[sensor] = 1;
  sensors.classify(pulse_ports);
  return sensors;
}
}  // namespace

TEST_CASE("a clamp's counter is the integral of its reported watts, exactly, over 2 million seconds") {
  std::mt19937 random(1);
  std::uniform_real_distribution<double> magnitude(0, 24);
  Sensors sensors = started();
  std::uint64_t reported = 0, fed_q8 = 0;
  for (int second = 0; second < 2000000; ++second) {
    const auto power_q8 = static_cast<std::uint32_t>(std::exp2(magnitude(random))) - 1;
    sensors.add_power(3, power_q8);
    reported += sensors[3].extra;
    fed_q8 += power_q8;
    if (sensors[3].counter != static_cast<std::uint32_t>(reported / 3600) ||
        sensors[3].remainder != reported % 3600)
      FAIL("counter " << sensors[3].counter << " after " << reported << " W s");
    if (fed_q8 / 256 != reported) FAIL("reported " << reported << " W s of " << fed_q8 << " / 256");
  }
}

TEST_CASE("a power under one watt is carried until it makes one") {
  Sensors sensors = started();
  for (int second = 1; second <= 1024; ++second) {
    sensors.add_power(0, 64);
    CHECK(sensors[0].extra == (second % 4 == 0 ? 1u : 0u));
  }
}

TEST_CASE("a clamp's counter wraps at 2^32 Wh") {
  Sensors sensors = started();
  sensors.total(0).counter = 0xFFFFFFFFu;
  for (int second = 0; second < 3600; ++second) sensors.add_power(0, 2 << 8);
  CHECK(sensors[0].counter == 1u);
}

TEST_CASE("pulses count constant and thousandths, with a carry, however many come at once") {
  std::mt19937 random(2);
  std::uniform_int_distribution<unsigned> how_many(1, 255);
  for (const unsigned constant : {0u, 1u, 65535u}) {
    for (const unsigned fraction : {0u, 1u, 200u, 500u, 999u}) {
      Sensors sensors =
          pulse_sensor(4, 2, static_cast<std::uint16_t>(constant), static_cast<std::uint16_t>(fraction));
      std::uint64_t thousandths = 0;
      for (int i = 0; i < 2000; ++i) {
        const unsigned pulses = how_many(random);
        thousandths += std::uint64_t{pulses} * (1000 * std::uint64_t{constant} + fraction);
        sensors.add_pulses(4, static_cast<std::uint8_t>(pulses), static_cast<std::uint32_t>(i));
        REQUIRE(sensors[2].counter == static_cast<std::uint32_t>(thousandths / 1000));
        REQUIRE(sensors.milli(2) == thousandths % 1000);
        REQUIRE(sensors[2].extra == static_cast<std::uint32_t>(i));
      }
    }
  }
}

TEST_CASE("pulses per kWh count exactly: no part of a count is lost or made, however many pulses come") {
  // Meters in the field: 3200, 6400 (625/4000), 75 (40000/3000) and 187.5 turns a kWh (16000/3000); and the
  // ends of what a divisor can be.
  struct Ratio {
    std::uint16_t constant, divisor;
  };
  std::mt19937 random(3);
  std::uniform_int_distribution<unsigned> how_many(1, 255);
  for (const Ratio ratio : {Ratio{1000, 3200}, Ratio{625, 4000}, Ratio{40000, 3000}, Ratio{16000, 3000},
                            Ratio{1, 1001}, Ratio{65535, 4095}, Ratio{0, 4095}}) {
    Sensors sensors = pulse_sensor(4, 2, ratio.constant, ratio.divisor);
    std::uint64_t parts = 0;
    for (int i = 0; i < 2000; ++i) {
      const unsigned pulses = how_many(random);
      parts += std::uint64_t{pulses} * ratio.constant;
      sensors.add_pulses(4, static_cast<std::uint8_t>(pulses), 0);
      REQUIRE(sensors[2].counter == static_cast<std::uint32_t>(parts / ratio.divisor));
      REQUIRE(sensors.milli(2) == parts % ratio.divisor * 1000 / ratio.divisor);
      REQUIRE(sensors[2].remainder < 4096);  // what a failure record holds
    }
  }
}

TEST_CASE("what is kept of a remainder stays when its divisor allows it, and is dropped when it does not") {
  Sensors sensors = pulse_sensor(4, 2, 1000, 3200);
  sensors.total(2).remainder = 3199;
  sensors.check_remainders();
  CHECK(sensors[2].remainder == 3199);
  sensors.total(2).remainder = 3200;
  sensors.check_remainders();
  CHECK(sensors[2].remainder == 0);
  sensors.settings().fraction[2] = 999;
  sensors.total(2).remainder = 1000;
  sensors.check_remainders();
  CHECK(sensors[2].remainder == 0);
}

TEST_CASE("pulses of a port that feeds nothing, or a disabled sensor, count nothing") {
  Sensors sensors = pulse_sensor(4, 2, 1, 0);
  sensors.add_pulses(3, 9, 0);
  sensors.settings().enabled[2] = 0;
  sensors.add_pulses(4, 9, 0);
  for (std::uint8_t sensor = 0; sensor < sensor_count; ++sensor) CHECK(sensors[sensor].counter == 0u);
  CHECK(sensors.changed() == 0);
}

TEST_CASE(
    "a sensor that turns from pulses to a clamp or back starts without a remainder, and with the same ports "
    "keeps it") {
  Sensors sensors = pulse_sensor(4, 2, 0, 999);
  sensors.add_pulses(4, 1, 0);
  sensors.classify(pulse_ports);
  CHECK(sensors.milli(2) == 999u);
  sensors.settings().map[4] = no_sensor;
  sensors.settings().map[0] = 2;
  sensors.classify(pulse_ports);
  CHECK(sensors[2].remainder == 0u);
  sensors.add_power(2, 1000 << 8);
  CHECK(sensors.milli(2) == 0u);
  CHECK(sensors[2].remainder == 1000u);
  sensors.settings().map[0] = no_sensor;
  sensors.settings().map[4] = 2;
  sensors.classify(pulse_ports);
  sensors.add_pulses(4, 1, 0);
  CHECK(sensors.milli(2) == 999u);
  CHECK(sensors[2].counter == 0u);
}

TEST_CASE("a clamp's thousandths read 0") {
  Sensors sensors = started();
  sensors.add_power(1, 1234 << 8);
  CHECK(sensors.milli(1) == 0u);
}

TEST_CASE("changes stay until they are delivered, each sensor by itself") {
  Sensors sensors = started();
  sensors.add_power(0, 256);
  sensors.add_power(3, 256);
  CHECK(sensors.changed() == 0b001001);
  sensors.in_delivery(sensors.changed());
  sensors.add_power(3, 256);
  sensors.add_power(5, 256);
  CHECK(sensors.changed() == 0b101001);
  sensors.delivered();
  CHECK(sensors.changed() == 0b101000);
  sensors.delivered();
  CHECK(sensors.changed() == 0b101000);
}

TEST_CASE("a delivery that is taken back delivers nothing") {
  Sensors sensors = started();
  sensors.add_power(0, 256);
  sensors.in_delivery(sensors.changed());
  sensors.in_delivery(0);
  sensors.delivered();
  CHECK(sensors.changed() == 1);
}

TEST_CASE("a sensor's second counts when it was enabled and undisturbed from its start to its end") {
  Sensors sensors = started();
  sensors.settings().enabled[1] = 1;
  CHECK_FALSE(sensors.settled(1));
  sensors.settle();
  CHECK(sensors.settled(1));
  CHECK_FALSE(sensors.settled(0));
  sensors.settings().enabled[5] = 1;
  sensors.unsettle(1);
  CHECK_FALSE(sensors.settled(1));
  sensors.settle();
  CHECK(sensors.settled(1));
  CHECK(sensors.settled(5));
  sensors.unsettle_all();
  CHECK_FALSE(sensors.settled(1));
  CHECK_FALSE(sensors.settled(5));
}

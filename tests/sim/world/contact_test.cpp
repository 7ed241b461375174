// A contact at an input with a capacitor, and how fast a meter may pulse there.
#include "sim/world/contact.hpp"

#include <fmt/format.h>

#include <catch2/catch.hpp>

#include "sim/run/main_board.hpp"
#include "sim/world/environment.hpp"
#include "tests/sim/temporary_folder.hpp"

using namespace flm::sim;

namespace {

constexpr Nanoseconds us = 1'000, ms = 1'000'000;

/// 0.916 * 35 kohm * 100 nF: 1 - e^-0.916 is 0.6.
constexpr Nanoseconds nominal = 3'207 * us;

/// A file's contact closes at 10 ms, and is as long closed and open by turns as the numbers say, in us.
Contact contact_of(const TemporaryFolder& folder, std::vector<int> lengths) {
  std::string csv;
  double at = 0.010;
  bool level = false;
  csv += fmt::format("{:.6f},0\n", at);
  for (const int length : lengths) {
    level = !level;
    at += length * 1e-6;
    csv += fmt::format("{:.6f},{:d}\n", at, level);
  }
  Pulses pulses;
  pulses.port = 4;
  pulses.file = folder.file("edges.csv", csv);
  return {pulses, 1, Contact::charging_time(35e3, 100.0)};
}

/// Pulses that a board counts of 300 at a rate, half of the time closed.
double counted(const std::string& board, double hz, double pull_up, double clock_ppm) {
  Scenario s;
  s.board = board;
  s.duration = 1.0 + 300.5 / hz + 1.0;
  s.parts.pull_up = pull_up;
  s.parts.clock_ppm = clock_ppm;
  Sensor sensor;
  sensor.id = 4;
  sensor.sensor_class = SensorClass::pulse;
  sensor.ports = {4};
  sensor.constant = 1.0;
  s.sensors = {sensor};
  const TemporaryFolder folder;
  std::string csv;
  for (int n = 0; n < 300; ++n)
    csv += fmt::format("{:.7f},0\n{:.7f},1\n", 1.0 + n / hz, 1.0 + (n + 0.5) / hz);
  Pulses pulses;
  pulses.port = 4;
  pulses.file = folder.file("edges.csv", csv);
  s.pulses = {pulses};
  const BoardModel& model = board_model(board);
  Environment environment(s, model);
  const auto engine = make_native_engine(model, environment);
  double count = 0.0;
  LinkObserver observer;
  observer.record = [&](const Record& record) {
    if (const Reading* r = std::get_if<Reading>(&record)) count = r->counter;
  };
  MainBoard(s, model, *engine, observer).run(nanoseconds(s.duration));
  return count;
}

}  // namespace

TEST_CASE(
    "a pin is read high once its contact has been open for 0.916 RC: 1.8, 3.2 and 4.6 ms at 20, 35 and 50 "
    "kohm") {
  CHECK(Contact::charging_time(20e3, 100.0) / us == 1'832);
  CHECK(Contact::charging_time(35e3, 100.0) / us == 3'207);
  CHECK(Contact::charging_time(50e3, 100.0) / us == 4'581);
  CHECK(Contact::charging_time(35e3, 0.0) == 0);
}

TEST_CASE("a pin falls with its contact, and rises late") {
  const TemporaryFolder folder;
  const Contact contact = contact_of(folder, {20'000});
  CHECK(contact.level(10 * ms - 1));
  CHECK_FALSE(contact.level(10 * ms));
  CHECK_FALSE(contact.level(30 * ms + nominal));
  CHECK(contact.level(30 * ms + nominal + us));
  CHECK(contact.next_edge(0) == 10 * ms);
  CHECK(contact.next_edge(10 * ms) / us == (30 * ms + nominal) / us);
}

TEST_CASE("a closing of any length discharges the input, and charging begins anew") {
  const TemporaryFolder folder;
  const Contact contact = contact_of(folder, {20'000, 3'200, 10, 3'200, 10, 10'000});
  CHECK(contact.next_edge(10 * ms) / us ==
        (36'420 * us + nominal) / us);  // It opens at 30, 33.21 and 36.42 ms.
  const TemporaryFolder other;
  const Contact longer = contact_of(other, {20'000, 3'210});
  CHECK(longer.next_edge(10 * ms) / us == (30 * ms + nominal) / us);
  CHECK(longer.next_edge(33'208 * us) == 33'210 * us);
}

TEST_CASE("synthetic pulses rise late as well, and never when the contact closes again before") {
  Pulses p;
  p.port = 4;
  p.every = 0.010;
  p.width = 0.005;
  const Contact slow(p, 1, Contact::charging_time(35e3, 100.0));
  CHECK_FALSE(slow.level(15 * ms + nominal));
  CHECK(slow.level(15 * ms + nominal + us));
  CHECK_FALSE(slow.level(20 * ms));
  CHECK(slow.pulses(0, 1'000 * ms) == 99);
  p.width = 0.007;
  const Contact never(p, 1, Contact::charging_time(35e3, 100.0));
  for (Nanoseconds t = 10 * ms; t < 100 * ms; t += 100 * us) REQUIRE_FALSE(never.level(t));
  CHECK(never.pulses(0, 1'000 * ms) == 99);  // that is the contact's number
}

TEST_CASE(
    "60 pulses a second at half duty are lost on FLM02A with a nominal pull-up, and counted on FLM02B") {
  // 8.3 ms open: 3.2 ms for the capacitor leave less than the debounce time of 6 ms.
  CHECK(counted("flm02a", 60.0, 35e3, 0.0) <= 1.0);
  CHECK(counted("flm02b", 60.0, 50e3, 0.0) == 300.0);
}

TEST_CASE("40 pulses a second at half duty are counted by every FLM02A, whatever its pull-up and resonator") {
  const double pull_up = GENERATE(20e3, 35e3, 50e3), clock_ppm = GENERATE(-5000.0, 0.0, 5000.0);
  CAPTURE(pull_up, clock_ppm);
  CHECK(counted("flm02a", 40.0, pull_up, clock_ppm) == 300.0);
}

TEST_CASE(
    "a sparse bounce changes the contact's mind as often as it is set to, at either end, and ends in the new "
    "level") {
  Pulses pulses;
  pulses.port = 4;
  pulses.every = 10.0;
  pulses.width = 4.0;
  pulses.bounce = 0.8;
  pulses.bounces = 3;
  const Contact contact(pulses, 7);
  for (Nanoseconds start = 10'000 * ms; start <= 100'000 * ms; start += 10'000 * ms) {
    for (const Nanoseconds edge : {start, start + 4'000 * ms}) {
      const bool before = contact.level(edge - 1), after = contact.level(edge + 800 * ms);
      CHECK(before == (edge == start));
      CHECK(after != before);
      int changes = 0;
      Nanoseconds last = edge - 1, shortest = 800 * ms;
      for (Nanoseconds t = contact.next_edge(edge - 1); t <= edge + 800 * ms; t = contact.next_edge(t)) {
        if (++changes > 1) shortest = std::min(shortest, t - last);
        last = t;
      }
      CHECK(changes == 7);
      CHECK(shortest > 10 * ms);  // a share is 133 ms, and a fifth of it stays free
    }
  }
}

TEST_CASE("pulses of a file are those that outlast the port's debounce time") {
  const TemporaryFolder folder;
  Pulses pulses;
  pulses.port = 4;
  pulses.file = folder.file("wheel.csv", "1.0,0\n1.2,1\n1.3,0\n6.0,1\n6.4,0\n6.5,1\n20,0\n25,1\n");
  CHECK(Contact(pulses, 1).pulses(0, 30'000 * ms) == 4);
  pulses.lasting = 1.0;
  CHECK(Contact(pulses, 1).pulses(0, 30'000 * ms) == 2);
}

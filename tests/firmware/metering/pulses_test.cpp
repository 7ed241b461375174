#include "firmware/metering/pulses.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <random>

#include "boards/flm02a/board.hpp"
#include "boards/flm02b/board.hpp"
#include "tests/firmware/metering/contacts.hpp"

using namespace flm::test;
using flm::boards::Flm02a;
using flm::boards::Flm02b;

TEST_CASE("the boards' pulse inputs are the documented ports") {
  // boards/README.md: FLM02A ports 4, 5; FLM02B ports 2, 3 (analog front end off), 4, 5.
  CHECK((PulseBench<Flm02a>::ports() == std::vector<std::uint8_t>{3, 4}));
  CHECK((PulseBench<Flm02b>::ports() == std::vector<std::uint8_t>{1, 2, 3, 4}));
}

TEMPLATE_TEST_CASE("pulses of 0.1 to 60 Hz at half duty count exactly, at every phase against the scan", "",
                   Flm02a, Flm02b) {
  struct Rate {
    double hz;
    int count;
  };
  for (const Rate rate :
       {Rate{0.1, 2}, {1, 5}, {10, 20}, {25, 40}, {33.3, 50}, {50, 80}, {59.9, 100}, {60, 120}}) {
    constexpr int phases = 16;
    for (Nanoseconds phase = 0; phase < phases; ++phase) {
      const auto period = static_cast<Nanoseconds>(1e9 / rate.hz);
      PulseBench<TestType> bench;
      for (const std::uint8_t port : bench.ports())
        bench.attach(port, pulses(20 * ms + phase * bench.scan / phases, period, period / 2, rate.count));
      bench.run();
      CAPTURE(rate.hz, phase);
      for (const std::uint8_t port : bench.ports())
        CHECK(bench.counted(port).pulses == static_cast<unsigned>(rate.count));
    }
  }
}

TEMPLATE_TEST_CASE(
    "S0 pulses of 30 ms that bounce for up to 5 ms at both edges count once, on all ports at once", "",
    Flm02a, Flm02b) {
  // DIN EN 62053-31: at least 30 ms low and 30 ms high.
  std::mt19937 random(7);
  std::uniform_int_distribution<Nanoseconds> start(20 * ms, 60 * ms);
  for (int round = 0; round < 20; ++round) {
    PulseBench<TestType> bench;
    for (const std::uint8_t port : bench.ports())
      bench.attach(port, bouncing(pulses(start(random), 60 * ms, 30 * ms, 100), 5 * ms, random));
    bench.run();
    for (const std::uint8_t port : bench.ports()) CHECK(bench.counted(port).pulses == 100u);
  }
}

TEMPLATE_TEST_CASE("pulses of all ports at the same instant all count", "", Flm02a, Flm02b) {
  PulseBench<TestType> bench;
  for (const std::uint8_t port : bench.ports()) bench.attach(port, pulses(20 * ms, 20 * ms, 10 * ms, 500));
  bench.run();
  for (const std::uint8_t port : bench.ports()) CHECK(bench.counted(port).pulses == 500u);
}

TEMPLATE_TEST_CASE("spikes of 1 us to 1 ms never count, neither low ones nor high ones inside a pulse", "",
                   Flm02a, Flm02b) {
  std::mt19937 random(8);
  std::uniform_real_distribution<double> decade(3.0, 6.0);
  std::uniform_int_distribution<Nanoseconds> pause(1 * ms, 40 * ms);
  for (const bool inside_pulse : {false, true}) {
    PulseBench<TestType> bench;
    for (const std::uint8_t port : bench.ports()) {
      Edges edges;
      Nanoseconds t = 20 * ms;
      if (inside_pulse) edges.push_back(t);
      // A pulse must have been seen before spikes come; then they may come 1 ms apart.
      t += 10 * ms;
      for (int spike = 0; spike < 2000; ++spike) {
        t += pause(random);
        edges.push_back(t);
        t += static_cast<Nanoseconds>(std::pow(10.0, decade(random)));
        edges.push_back(t);
      }
      if (inside_pulse) edges.push_back(t + 20 * ms);
      bench.attach(port, edges);
    }
    bench.run();
    for (const std::uint8_t port : bench.ports())
      CHECK(bench.counted(port).pulses == (inside_pulse ? 1u : 0u));
  }
}

TEMPLATE_TEST_CASE("a spike of exactly 1 ms never counts at the shortest debounce time either", "", Flm02a,
                   Flm02b) {
  for (Nanoseconds phase = 0; phase < 64; ++phase) {
    PulseBench<TestType> bench(flm::metering::shortest_debounce_tenths_ms);
    bench.attach(3, pulses(20 * ms + phase * bench.scan / 64, 10 * ms, 1 * ms, 20));
    bench.run();
    REQUIRE(bench.counted(3).pulses == 0u);
  }
}

TEMPLATE_TEST_CASE(
    "with the shortest debounce time 250 Hz count exactly on every port at once, at every phase", "", Flm02a,
    Flm02b) {
  for (Nanoseconds phase = 0; phase < 32; ++phase) {
    PulseBench<TestType> bench(flm::metering::shortest_debounce_tenths_ms);
    for (const std::uint8_t port : bench.ports())
      bench.attach(port, pulses(20 * ms + port * (333 * us) + phase * bench.scan / 32, 4 * ms, 2 * ms, 250));
    bench.run();
    for (const std::uint8_t port : bench.ports()) REQUIRE(bench.counted(port).pulses == 250u);
  }
}

TEMPLATE_TEST_CASE(
    "a level counts from its debounce time on, not earlier than a scan before (of seconds: two) and not "
    "later than one after",
    "", Flm02a, Flm02b) {
  using namespace flm::metering;
  for (const std::uint16_t tenths :
       {shortest_debounce_tenths_ms, default_debounce_tenths_ms, longest_debounce_tenths_ms}) {
    for (Nanoseconds phase = 0; phase < 16; ++phase) {
      for (const bool longer : {false, true}) {
        PulseBench<TestType> bench(tenths);
        const Nanoseconds width = tenths * (100 * us) + (longer ? 2 : tenths > 1000 ? -2 : -1) * bench.scan;
        bench.attach(4, pulses(100 * ms + phase * bench.scan / 16, 200 * ms + 2 * width, width, 5));
        bench.run();
        CAPTURE(tenths, phase);
        CHECK(bench.counted(4).pulses == (longer ? 5u : 0u));
      }
    }
  }
}

TEMPLATE_TEST_CASE("a port's debounce time is set without touching the others", "", Flm02a, Flm02b) {
  PulseBench<TestType> bench;
  std::vector<std::uint16_t> tenths;  // of the ports from the first one on
  for (const std::uint8_t port : bench.ports()) tenths.push_back(port == 4 ? 15 : 60);
  bench.inputs.template set_debounce<typename PulseBench<TestType>::Clock>(tenths.data());
  for (const std::uint8_t port : bench.ports()) bench.attach(port, pulses(20 * ms, 10 * ms, 3 * ms, 50));
  bench.run();
  for (const std::uint8_t port : bench.ports()) CHECK(bench.counted(port).pulses == (port == 4 ? 50u : 0u));
}

TEMPLATE_TEST_CASE(
    "a contact that is closed at power-up is not a pulse, also when it bounces open; the next closing is one",
    "", Flm02a, Flm02b) {
  PulseBench<TestType> bench(flm::metering::default_debounce_tenths_ms, 0x00);
  bench.run_until(50 * ms);
  CHECK(bench.counted(3).pulses == 0u);
  bench.attach(3, {60 * ms, 62 * ms, 100 * ms, 130 * ms});  // starts low here: open, closed, open, closed
  bench.run();
  CHECK(bench.counted(3).pulses == 1u);
}

TEMPLATE_TEST_CASE("switching an input on is not a pulse, and what it held before is forgotten", "", Flm02a,
                   Flm02b) {
  const std::uint8_t mask = PulseBench<TestType>::mask_of(3);
  for (const std::uint8_t level : {std::uint8_t{0}, mask}) {
    PulseBench<TestType> bench;
    bench.inputs.watch(0, 0xFF);
    bench.set_levels(level);
    bench.run_until(50 * ms);
    bench.inputs.watch(mask, level);
    bench.run_until(100 * ms);
    CHECK(bench.counted(3).pulses == 0u);
  }
  // Nearly debounced, switched off and on again: it starts anew.
  PulseBench<TestType> bench;
  bench.run_until(20 * ms);
  bench.set_levels(static_cast<std::uint8_t>(~mask));
  bench.run_until(25 * ms);
  bench.inputs.watch(0, 0xFF);
  bench.inputs.watch(mask, 0xFF);
  bench.run_until(30 * ms);
  CHECK(bench.counted(3).pulses == 0u);
  bench.run_until(32 * ms);
  CHECK(bench.counted(3).pulses == 1u);
}

TEMPLATE_TEST_CASE("switching one input on or off leaves a pulse of the other one alone", "", Flm02a,
                   Flm02b) {
  using Bench = PulseBench<TestType>;
  Bench bench;
  bench.attach(3, pulses(20 * ms, 60 * ms, 30 * ms, 1));
  bench.run_until(23 * ms);
  bench.inputs.watch(Bench::mask_of(3), 0xFF);
  bench.run_until(25 * ms);
  bench.inputs.watch(Bench::Inputs::mask(true), static_cast<std::uint8_t>(~Bench::mask_of(3)));
  bench.run_until(27 * ms);
  CHECK(bench.counted(3).pulses == 1u);
  bench.run();
  CHECK(bench.counted(3).pulses == 1u);
  CHECK(bench.counted(4).pulses == 0u);
}

TEMPLATE_TEST_CASE("a pulse's time stamp is within 1 ms of its falling edge", "", Flm02a, Flm02b) {
  std::mt19937 random(9);
  std::uniform_int_distribution<Nanoseconds> jitter(0, 20 * ms);
  PulseBench<TestType> bench;
  Edges edges;
  for (Nanoseconds i = 0; i < 3000; ++i) {
    edges.push_back(20 * ms + i * (60 * ms) + jitter(random));
    edges.push_back(edges.back() + 30 * ms);
  }
  bench.attach(3, edges);
  bench.run();
  const auto& stamps = bench.counted(3).stamps;
  REQUIRE(stamps.size() == 3000);
  for (std::size_t i = 0; i < stamps.size(); ++i) {
    const Nanoseconds error = Nanoseconds{stamps[i]} * ms - edges[2 * i];
    if (error < -1 * ms || error > 1 * ms)
      FAIL("stamp " << stamps[i] << " ms for an edge at " << edges[2 * i] << " ns");
  }
}

TEMPLATE_TEST_CASE(
    "a wheel whose magnet creeps past its reed contact counts once a turn, with the time of the closing that "
    "lasts",
    "", Flm02a, Flm02b) {
  // Gas meters in the field: a turn takes a minute, the contact is closed for 8 s of it, and chatters for
  // most of a second at either end.
  PulseBench<TestType> bench(20000);  // 2 s
  Edges edges;
  std::vector<Nanoseconds> closings;
  for (Nanoseconds turn = 0; turn < 20; ++turn) {
    const Nanoseconds start = 5'000 * ms + turn * 60'000 * ms;
    for (const Nanoseconds edge : {0, 310, 490, 700, 1'120})
      edges.push_back(start + edge * ms);  // closed, open, closed, open, closed
    for (const Nanoseconds edge : {8'000, 8'240, 8'300, 8'900, 8'990})
      edges.push_back(start + edge * ms);  // open, closed, open, closed, open
    closings.push_back(start + 1'120 * ms);
  }
  bench.attach(4, edges);
  bench.run();
  CHECK(bench.counted(4).pulses == 20u);
  const auto& stamps = bench.counted(4).stamps;
  REQUIRE(stamps.size() == closings.size());
  for (std::size_t i = 0; i < stamps.size(); ++i)
    CHECK(std::abs(Nanoseconds{stamps[i]} * ms - closings[i]) <= 1 * ms);
}

TEMPLATE_TEST_CASE("a slow port beside a fast one: each has its own debounce time", "", Flm02a, Flm02b) {
  using Bench = PulseBench<TestType>;
  Bench bench(50000);                 // 5 s
  std::vector<std::uint16_t> tenths;  // of the ports from the first one on
  for (const std::uint8_t port : bench.ports()) tenths.push_back(port == 3 ? 15 : 50000);
  bench.inputs.template set_debounce<typename Bench::Clock>(tenths.data());
  bench.attach(3, pulses(20 * ms, 4 * ms, 2 * ms, 5000));           // 250 Hz for 20 s
  bench.attach(4, pulses(1'000 * ms, 15'000 * ms, 5'003 * ms, 1));  // just long enough
  bench.run();
  CHECK(bench.counted(3).pulses == 5000u);
  CHECK(bench.counted(4).pulses == 1u);
}

TEST_CASE("pulses that the main loop takes late are all there, with the time of the last") {
  using Bench = PulseBench<Flm02b>;
  struct NothingInterrupts {
    NothingInterrupts() {}
  };
  Bench::Inputs inputs;
  inputs.start();
  const std::uint16_t one_scan[] = {1, 1, 1, 1};
  inputs.set_debounce<Bench::Clock>(one_scan);
  inputs.watch(Bench::Inputs::mask(true), 0xFF);
  for (std::uint32_t i = 0; i < 200; ++i) {
    inputs.sample(0x00, i);
    inputs.sample(0xFF, i);
  }
  unsigned calls = 0;
  inputs.take<NothingInterrupts>(
      [&](std::uint8_t port, std::uint8_t pulses, std::uint16_t last_ms, std::uint16_t) {
        CHECK(port == 1 + calls++);
        CHECK(pulses == 200);
        CHECK(last_ms == 199);
      });
  CHECK(calls == 4);
  CHECK_FALSE(inputs.any());
  inputs.take<NothingInterrupts>(
      [&](std::uint8_t, std::uint8_t, std::uint16_t, std::uint16_t) { FAIL("taken twice"); });
}

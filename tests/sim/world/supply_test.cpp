// The supply as the comparator sees it, and the changes that a board's engine gets.
#include <fmt/format.h>

#include <catch2/catch.hpp>

#include <cmath>
#include <numbers>

#include "sim/engine/supplied_engine.hpp"
#include "sim/world/environment.hpp"
#include "sim/world/supply_plan.hpp"

using namespace flm::sim;

namespace {

constexpr Nanoseconds us = 1'000, ms = 1'000'000, second = 1'000'000'000;

Scenario nothing(double volts = 5.0) {
  Scenario s;
  s.board = "flm02b";
  s.duration = 10.0;
  s.parts.rise = 0.0;
  s.supply.volts = volts;
  return s;
}

SupplyPlan plan_of(const Scenario& s) { return {board_model(s.board), s}; }

/// "t in us: low" or "good", "off", "on", for every change up to a time.
std::vector<std::string> changes(const SupplyPlan& plan, Nanoseconds end) {
  std::vector<std::string> list;
  bool low = plan.low(0), powered = true;
  for (Nanoseconds t = 0; (t = plan.next_change(t)) <= end;) {
    if (plan.powered(t) != powered) list.push_back(fmt::format("{} {}", t / us, powered ? "off" : "on"));
    if (plan.low(t) != low) list.push_back(fmt::format("{} {}", t / us, low ? "good" : "low"));
    powered = plan.powered(t);
    low = plan.low(t);
  }
  return list;
}

/// A board that only notes what happens to it.
class NotingEngine final : public SuppliedEngine {
 public:
  NotingEngine(const BoardModel& model, const Environment& environment)
      : SuppliedEngine(model, environment) {}
  std::vector<std::string> notes;
  Nanoseconds ran = 0;

  [[nodiscard]] bool analog_front_end() const override { return true; }
  [[nodiscard]] bool inverts_rx() const override { return false; }
  [[nodiscard]] std::vector<std::uint8_t> serial_sent() const override { return {}; }
  [[nodiscard]] std::vector<std::uint8_t> eeprom() const override { return {}; }
  [[nodiscard]] const std::vector<CellWrite>& eeprom_log() const override { return log_; }

 protected:
  void run_board(Nanoseconds t) override { ran = t; }
  std::uint8_t byte_begins() override { return 0; }
  void byte_ends(std::uint8_t) override {}
  [[nodiscard]] bool board_led() const override { return false; }
  void set_supply_low(bool low) override {
    notes.push_back(fmt::format("{} {}", ran / us, low ? "low" : "good"));
  }
  void power_off(Nanoseconds now) override { notes.push_back(fmt::format("{} off", now / us)); }
  void power_on(Nanoseconds now) override {
    ran = now;
    notes.push_back(fmt::format("{} on, {}", now / us, supply_low() ? "low" : "good"));
  }
  void fill_eeprom(const std::vector<std::uint8_t>&) override {}

 private:
  std::vector<CellWrite> log_;
};

}  // namespace

TEST_CASE(
    "at power-up the supply is low until it has risen to the threshold, and is good from the next converter "
    "trigger on") {
  Scenario s = nothing();
  s.parts.rise = 0.005;
  const SupplyPlan plan = plan_of(s);
  CHECK(plan.low(0));
  // 4.85 V of 5 V after 4.85 ms; FLM02B's triggers are every 160 us, one of them at 30 ms: 30 000 - 157 *
  // 160.
  CHECK(changes(plan, 10 * second) == std::vector<std::string>{"4880 good"});
}

TEST_CASE("a supply below the threshold is low from the start, and stays it") {
  CHECK(plan_of(nothing(4.8)).low(0));
  CHECK(changes(plan_of(nothing(4.8)), 10 * second).empty());
  CHECK_FALSE(plan_of(nothing(4.9)).low(0));
  Scenario corner = nothing(4.9);
  corner.parts.threshold = 5.29;  // the data sheet's highest bandgap, 1.2 V
  CHECK(plan_of(corner).low(0));
}

TEST_CASE(
    "a failure begins and ends at converter triggers, and the CPU stops exactly when its hold-up time is "
    "over") {
  Scenario s = nothing();
  s.power = {{1.0, 2.0, 0.0501}, {3.0, 3.05, 0.16}};
  // 1 s is 30 ms + 6062.5 * 160 us. Reset is released at the first multiple of 160 us, which 2 s are.
  CHECK(changes(plan_of(s), 10 * second) == std::vector<std::string>{"1000080 low", "1050100 off",
                                                                     "2000000 on", "2000080 good",
                                                                     "3000080 low", "3050000 good"});
  s.parts.rise = 0.005;
  CHECK(changes(plan_of(s), 2'500 * ms).back() == "2004880 good");  // it rises again
}

TEST_CASE("a CPU that lives through a failure does so whatever the times are rounded to") {
  Scenario s = nothing();
  for (int i = 0; i < 1000; ++i) {
    const double at = 1.0 + i * 0.01234567891, length = 0.0001 + i * 1.23456e-5;
    s.power = {{at, at + length, 1e6}};
    const SupplyPlan plan = plan_of(s);
    for (Nanoseconds t = 0; (t = plan.next_change(t)) != kNever;) REQUIRE(plan.powered(t));
  }
}

TEST_CASE(
    "a dip that falls between two triggers lasts from one to the next, and a train of dips is as long as it "
    "says") {
  Scenario s = nothing();
  s.power = {{1.0, 1.00005, 0.16, 0.25, 2.0}};
  CHECK(changes(plan_of(s), 10 * second) ==
        std::vector<std::string>{"1000080 low", "1000240 good", "1250000 low", "1250160 good", "1500080 low",
                                 "1500240 good", "1750000 low", "1750160 good"});
}

TEST_CASE("ripple crosses the threshold where the sine does, at 1 Hz as at 100 kHz") {
  const double volts = GENERATE(4.75, 4.85, 5.0), hz = GENERATE(1.0, 333.0, 100e3),
               ppm = GENERATE(0.0, 5000.0);
  CAPTURE(volts, hz, ppm);
  Scenario s = nothing(volts);
  s.supply.ripple = 0.2;
  s.supply.hz = hz;
  s.parts.clock_ppm = ppm;
  const SupplyPlan plan = plan_of(s);
  const double period = 1e9 / hz * (1.0 + ppm * 1e-6);
  const auto above = [&](Nanoseconds t) {
    return volts +
           0.2 * std::sin(2.0 * std::numbers::pi * std::fmod(static_cast<double>(t), period) / period) -
           s.parts.threshold;
  };
  const Nanoseconds from = 5 * second;
  Nanoseconds t = from;
  int edges = 0;
  for (bool low = plan.low(t); edges < 100; ++edges, low = !low) {
    const Nanoseconds next = plan.next_change(t);
    REQUIRE(next > t);
    REQUIRE(plan.low(t) == low);
    REQUIRE(plan.low(next - 1) == low);
    REQUIRE((above((t + next) / 2) < 0.0) == low);
    REQUIRE(std::abs(above(next)) < 0.2 * 2.0 * std::numbers::pi * 2.0 / period);  // within 2 ns
    t = next;
  }
  CHECK(std::abs(static_cast<double>(t - from) - 50.0 * period) <= period);  // two a period
}

TEST_CASE("ripple that does not reach the threshold is not a failure") {
  Scenario s = nothing(5.0);
  s.supply.ripple = 0.149;
  CHECK(changes(plan_of(s), 10 * second).empty());
  s.supply.ripple = 0.151;
  CHECK(changes(plan_of(s), second).size() == 2000);
}

TEST_CASE("a fast clock counts more of its own seconds until the supply fails") {
  Scenario s = nothing();
  s.power = {{1.0, 2.0, 3.0}};
  s.parts.clock_ppm = 10000.0;
  const auto list = changes(plan_of(s), 10 * second);
  REQUIRE(list.size() == 2);
  CHECK(list[0] == "1010000 low");  // 1.01 s; a trigger: 30 ms + 6125 * 160 us
  CHECK(list[1] == "2020080 good");
}

TEST_CASE(
    "an engine learns how the supply is at the start, at each change, and before the CPU starts again") {
  Scenario s = nothing();
  s.parts.rise = 0.005;
  s.power = {{1.0, 2.0, 0.05}};
  const BoardModel& board = board_model(s.board);
  const Environment environment(s, board);
  NotingEngine engine(board, environment);
  engine.run_until(500 * ms);
  CHECK(engine.notes == std::vector<std::string>{"0 low", "4880 good"});
  CHECK(engine.ran == 500 * ms);
  engine.run_until(3 * second);
  engine.cut_power_at(3'100 * ms, 3'200 * ms, 0);
  engine.run_until(4 * second);
  CHECK(std::vector<std::string>(engine.notes.begin() + 2, engine.notes.end()) ==
        std::vector<std::string>{"1000080 low", "1050000 off", "2000000 on, low", "2004880 good",
                                 "3100000 off", "3100000 low", "3200000 on, low", "3204880 good"});
}

TEST_CASE("an engine runs in its board's time, and its callers in the world's") {
  Scenario s = nothing();
  s.parts.clock_ppm = -5000.0;
  const BoardModel& board = board_model(s.board);
  const Environment environment(s, board);
  NotingEngine engine(board, environment);
  engine.run_until(2 * second);
  CHECK(engine.ran == 1'990 * ms);
  CHECK(environment.clock().world(1'990 * ms) == 2 * second);
}

#include "tools/flmctl/console/selftest.hpp"

#include <catch2/catch.hpp>

#include "tests/tools/mainboard/bus/faulty_bus.hpp"

using namespace flm;
using namespace flm::ctl;

namespace {

/// This machine's clock goes wrong by so much.
class WrongClock : public test::FaultyBus {
 public:
  explicit WrongClock(double ppm) : FaultyBus(test::small_house(), 0.0), factor_(1.0 + ppm * 1e-6) {}
  [[nodiscard]] mainboard::Time now() override {
    return mainboard::time_of(in_seconds(FaultyBus::now()) * factor_);
  }

 private:
  double factor_;
};

SelfTestRow row(const std::vector<SelfTestRow>& rows, const std::string& name) {
  for (const SelfTestRow& one : rows)
    if (name == one.name) return one;
  return {"", "", Verdict::unknown, "no such row"};
}

SelfTest measured(mainboard::Bus& bus, double seconds) {
  Board board(bus, "bench");
  board.identify();
  return run_self_test(board, seconds, [](double) {});
}

/// A board without a fault, ten minutes long.
SelfTest faultless() {
  SelfTest t;
  t.seconds = 600.0;
  t.clock = SelfTest::Clock{10.0, 25.0};
  for (auto& samples : t.samples) samples = SelfTest::Samples{2083, 2084};
  Health health;
  health.reset_cause = 1;
  health.uptime_s = 1000;
  health.now = Health::Now{};
  health.now->unused_stack = 40;
  t.first = t.last = health;
  t.channel_wrong = 170;  // noise that looks like a packet, once in 3.4 s
  t.link.messages = 1000;
  return t;
}

Verdict verdict(const SelfTest& t, const std::string& name, const std::string& board = "flm02b") {
  return row(judge(t, *find_board(board)), name).verdict;
}

}  // namespace

TEST_CASE("a board whose clock is this machine's passes, and a crystal that is 600 ppm off does not") {
  WrongClock right(0.0);
  const SelfTest good = measured(right, 600.0);
  REQUIRE(good.clock);
  CHECK(std::abs(good.clock->ppm) < good.clock->uncertainty);
  CHECK(good.clock->uncertainty < 30.0);  // two questions of 7 ms at either end of ten minutes
  CHECK(verdict(good, "clock") == Verdict::good);
  REQUIRE(good.samples[2]);
  CHECK(good.samples[2]->least == 2083);
  CHECK(verdict(good, "samples") == Verdict::good);
  CHECK(verdict(good, "link") == Verdict::good);
  WrongClock fast(-600.0);
  const SelfTest bad = measured(fast, 600.0);
  REQUIRE(bad.clock);
  CHECK(bad.clock->ppm == Approx(600.0).margin(bad.clock->uncertainty));
  CHECK(verdict(bad, "clock") == Verdict::bad);
  CHECK(verdict(bad, "clock", "flm02a") == Verdict::good);  // a ceramic resonator may be 0.5 % off
}

TEST_CASE("a test that is too short to see 100 ppm says so instead of passing") {
  WrongClock right(0.0);
  CHECK(verdict(measured(right, 6.0), "clock") == Verdict::unknown);
}

TEST_CASE("each fault fails its own row and no other") {
  const SelfTest none = faultless();
  for (const SelfTestRow& one : judge(none, *find_board("flm02b"))) {
    CAPTURE(one.name, one.value, one.meaning);
    CHECK(one.verdict == Verdict::good);
  }
  const auto fails = [&](const char* name, auto spoil) {
    SelfTest t = faultless();
    spoil(t);
    for (const SelfTestRow& one : judge(t, *find_board("flm02b"))) {
      CAPTURE(name, one.name, one.value);
      CHECK((one.verdict == Verdict::bad) == (std::string(one.name) == name));
    }
  };
  fails("samples", [](SelfTest& t) { t.samples[1]->least = 2081; });
  fails("stack", [](SelfTest& t) { t.last->now->unused_stack = 0; });
  fails("eeprom", [](SelfTest& t) { t.worn = true; });
  fails("eeprom", [](SelfTest& t) {
    t.last->now->eeprom_writes = 4783;
  });  // ripple on the supply wore a cell so fast once
  fails("supply", [](SelfTest& t) { t.supply_was_low = t.last->now->supply_low = true; });
  fails("resets", [](SelfTest& t) { t.power_failures = 1; });
  fails("resets", [](SelfTest& t) { t.watchdog_resets = 1; });
  fails("link", [](SelfTest& t) { t.link.retries = 11; });
  fails("link", [](SelfTest& t) { t.lost = true; });
  fails("radio", [](SelfTest& t) { t.radio_restarts = 1; });
}

TEST_CASE(
    "a value near a fault is to be looked at, and one that an old firmware does not report is unknown") {
  SelfTest t = faultless();
  t.last->now->unused_stack = 7;
  CHECK(verdict(t, "stack") == Verdict::look);
  t.last->now->unused_stack = 8;
  CHECK(verdict(t, "stack") == Verdict::good);
  t.channel_wrong = 0;
  CHECK(verdict(t, "radio") == Verdict::look);
  t.link.retries = 10;
  CHECK(verdict(t, "link") == Verdict::look);
  t.last->reset_cause = 4;
  CHECK(verdict(t, "resets") == Verdict::look);
  t.first->now.reset();
  t.last->now.reset();
  for (const char* name : {"stack", "eeprom", "supply"}) CHECK(verdict(t, name) == Verdict::unknown);
}

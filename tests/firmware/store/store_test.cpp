#include "firmware/store/store.hpp"

#include <catch2/catch.hpp>
#include <memory>
#include <random>
#include <vector>

#include "boards/flm02a/board.hpp"
#include "boards/flm02b/board.hpp"
#include "tests/firmware/store/powered_board.hpp"

using namespace flm;
using boards::Flm02a;
using boards::Flm02b;
using test::Cut;
using test::PoweredBoard;
using test::same;
using test::State;

namespace {

/// An hour in the life of a board: configured, counting, its supply failing for a moment and for good, in one
/// go and again and again.
template <class Facts>
void live(PoweredBoard<Facts>& board) {
  board.power_up();
  board.saved();
  metering::Settings& settings = board.board->sensors().settings();
  for (std::uint8_t i = 0; i < 6; ++i) {
    settings.constant[i] = static_cast<std::uint16_t>(5163 + i);
    settings.map[i] = i;
    settings.enabled[i] = 1;
  }
  board.commit();
  for (std::uint8_t i = 0; i < 6; ++i) board.count(i, 1000u * i + 7, static_cast<std::uint16_t>(160 * i + 1));
  board.commit();
  settings.fraction[2] = 500;
  board.count(3, 0xFFFFFFFFu, 0);  // one back, as a smart meter's does
  board.commit();
  for (int failure = 0; failure < 7; ++failure) {
    for (std::uint8_t i = 0; i < 6; ++i)
      if ((failure + i) % 3 != 0)
        board.count(i, failure == 4 ? 0xFFFFu : 3u + i,
                    static_cast<std::uint16_t>((611 * (failure + i)) % 1000));
    board.fail();
    if (failure % 3 == 2) {  // The supply comes back without a reset.
      board.recover();
      continue;
    }
    board.cut();
    board.power_up();
    board.saved();
  }
  board.count(0, 12, 34);
  board.commit();
}

}  // namespace

TEMPLATE_TEST_CASE(
    "a cut after any byte, in any way, leaves each counter and the settings as they were before or after", "",
    Flm02a, Flm02b) {
  PoweredBoard<TestType> whole;
  live(whole);
  REQUIRE(whole.writes > 500);
  for (int tear = 0; tear < 4; ++tear) {
    for (long cut_after = 0; cut_after < whole.writes; ++cut_after) {
      PoweredBoard<TestType> board;
      board.cut_after = cut_after;
      board.tear = tear;
      CHECK_THROWS_AS(live(board), Cut);
      board.cut();
      board.power_up();
      const State found = board.state();
      CAPTURE(tear, cut_after);
      for (std::uint8_t sensor = 0; sensor < metering::sensor_count; ++sensor) {
        CAPTURE(int{sensor}, found.totals[sensor].counter, found.totals[sensor].remainder,
                board.safe.totals[sensor].counter, board.safe.totals[sensor].remainder,
                board.now.totals[sensor].counter, board.now.totals[sensor].remainder);
        const bool before = same(found.totals[sensor], board.safe.totals[sensor]),
                   after = same(found.totals[sensor], board.now.totals[sensor]);
        if (!before && !after) FAIL("neither the old nor the new counter");
      }
      const bool defaults = found.settings.constant[0] == 0 && board.safe.settings.constant[0] == 0;
      if (!defaults && !same(found.settings, board.safe.settings) &&
          !same(found.settings, board.now.settings))
        FAIL("neither the old nor the new settings");
      // Cut again while what was found is put in order: nothing is added twice.
      board.cut_after = board.writes + cut_after % 40;
      board.tear = 3;
      try {
        board.drain();
      } catch (const Cut&) {
      }
      board.cut();
      board.power_up();
      const State again = board.state();
      for (std::uint8_t sensor = 0; sensor < metering::sensor_count; ++sensor)
        if (!same(found.totals[sensor], again.totals[sensor]))
          FAIL("sensor " << int{sensor} << " changed when the power was cut again");
    }
  }
}

TEST_CASE("more than fits a failure record is saved as a whole record") {
  PoweredBoard<Flm02b> board;
  board.power_up();
  board.drain();
  board.count(1, 65536, 5);
  board.count(2, 65535, 6);
  board.fail();
  board.cut();
  board.power_up();
  CHECK(board.board->sensors()[1].counter == 65536u);
  CHECK(board.board->sensors()[1].remainder == 5u);
  CHECK(board.board->sensors()[2].counter == 65535u);
}

TEST_CASE("a counter that is back at what its slot says, after a failure that has said more, stays there") {
  PoweredBoard<Flm02b> board;
  board.power_up();
  board.count(3, 100, 0);
  board.commit();
  board.count(3, 1, 0);
  board.fail();  // its failure record: one more
  board.board->hal().supply_is_low = board.board->hal().riding_out = false;
  board.drain();
  board.count(3, 0xFFFFFFFFu, 0);  // one back, as a smart meter's does, or by a host's `sc`
  board.commit();
  board.cut();  // before the failure records are erased
  board.power_up();
  CHECK(board.board->sensors()[3].counter == 100u);
}

TEST_CASE("a commit that changes nothing writes nothing") {
  PoweredBoard<Flm02b> board;
  board.power_up();
  board.count(4, 77, 3);
  board.commit();
  const long before = board.writes;
  board.commit();
  CHECK(board.writes == before);
}

TEST_CASE("EEPROM with random contents counts from zero, takes settings, and keeps them") {
  std::mt19937 random(7);
  std::uniform_int_distribution<int> byte(0, 255);
  for (int run = 0; run < 2000; ++run) {
    PoweredBoard<Flm02b> board;
    for (std::uint8_t& cell : board.eeprom.bytes) cell = static_cast<std::uint8_t>(byte(random));
    const auto is_version = [&](unsigned address) {
      return board.eeprom.bytes[address] == static_cast<std::uint8_t>(~board.eeprom.bytes[address + 1]);
    };
    if (is_version(store::version_address) || is_version(store::second_version_address)) continue;
    board.power_up();
    for (std::uint8_t sensor = 0; sensor < 6; ++sensor) {
      REQUIRE(board.board->sensors()[sensor].counter == 0u);
      REQUIRE_FALSE(board.board->sensors().enabled(sensor));
    }
    board.count(5, 1, 1);
    board.board->sensors().settings().constant[0] = 4711;
    board.commit();
    board.cut();
    board.power_up();
    REQUIRE(board.board->sensors()[5].counter == 1u);
    REQUIRE(board.board->sensors().constant(0) == 4711);
  }
}

TEST_CASE("a newer firmware's EEPROM is left as it is, and a commit to it is refused") {
  PoweredBoard<Flm02b> board;
  board.power_up();
  board.count(5, 1, 1);
  board.commit();
  for (const unsigned address : {store::version_address, store::second_version_address}) {
    board.eeprom.bytes[address] = store::layout_version + 1;
    board.eeprom.bytes[address + 1] = static_cast<std::uint8_t>(~(store::layout_version + 1));
  }
  board.cut();
  const std::vector<std::uint8_t> before(board.eeprom.bytes, board.eeprom.bytes + hal::eeprom_size);
  board.power_up();
  board.drain();
  CHECK(board.board->sensors()[5].counter == 0u);
  CHECK_FALSE(board.board->commit());
  board.fail();
  CHECK(before == std::vector<std::uint8_t>(board.eeprom.bytes, board.eeprom.bytes + hal::eeprom_size));
}

TEST_CASE(
    "a hang is saved before the watchdog resets, and counted as a watchdog reset, not as a power failure") {
  PoweredBoard<Flm02b> board;
  board.power_up();
  board.drain();
  board.count(2, 9, 1234);
  board.board->hal().supply_is_low = false;
  board.eeprom.instant = true;  // on_hang() waits for each write by itself.
  board.board->on_hang();
  board.eeprom.instant = false;
  board.cut();
  board.board = std::make_unique<PoweredBoard<Flm02b>::Board>();
  board.board->hal().eeprom = &board.eeprom;
  board.board->hal().cause = hal::reset_cause::watchdog;
  board.board->start();
  CHECK(board.board->sensors()[2].counter == 9u);
  CHECK(board.board->sensors()[2].remainder == 1234u);
  CHECK(board.board->events() == 0x10000);
  board.count(2, 1, 1);
  board.board->on_hang();  // It hangs again at once: that must not wear the EEPROM out.
  CHECK_FALSE(board.eeprom.busy);
}

TEST_CASE(
    "20 years of life and half an hour at most without a warning, from the constants that the firmware "
    "uses") {
  // 4 slots of 100 000 writes, one each half hour.
  CHECK(store::life_years == Approx(4 * 100000.0 * 0.5 / (24 * 365.25)));
  CHECK(store::life_years > 20);
  CHECK(store::checkpoint_seconds == 1800);
  CHECK(store::failure_save_ms == Approx(30 * 1.85));
}

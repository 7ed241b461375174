// Costs of a failing supply, and of noise on it.
#include <catch2/catch.hpp>
#include <memory>
#include <vector>

#include "boards/flm02a/board.hpp"
#include "boards/flm02b/board.hpp"
#include "tests/firmware/store/powered_board.hpp"

using namespace flm;
using boards::Flm02a;
using boards::Flm02b;
using test::PoweredBoard;

TEMPLATE_TEST_CASE(
    "a failing supply costs at most 30 writes of 1.8 ms, all into erased cells, for six changed sensors", "",
    Flm02a, Flm02b) {
  PoweredBoard<TestType> board;
  board.power_up();
  board.drain();
  for (std::uint8_t sensor = 0; sensor < 6; ++sensor) board.count(sensor, 60000, 999);
  board.fall();
  int writes = 0;
  for (int pass = 0; pass < 100; ++pass) {
    if (board.eeprom.busy) {
      CHECK(board.eeprom.mode == hal::EepromWrite::write);
      CHECK(board.eeprom.bytes[board.eeprom.address] == 0xFF);
      board.eeprom.finish();
      ++writes;
    }
    board.board->step();
  }
  CHECK(writes == 30);
  board.cut();
  board.power_up();
  for (std::uint8_t sensor = 0; sensor < 6; ++sensor) {
    CHECK(board.board->sensors()[sensor].counter == 60000u);
    CHECK(board.board->sensors()[sensor].remainder == 999u);
  }
}

TEMPLATE_TEST_CASE(
    "a life that ended without power is a power failure; a board's first life, and a reset by the main "
    "board, are ignored",
    "", Flm02a, Flm02b) {
  PoweredBoard<TestType> board;
  board.power_up();
  CHECK(board.board->events() == 0);
  board.count(0, 1, 0);
  board.commit();
  board.cut();  // without notice
  board.power_up();
  CHECK(board.board->events() == 1);
  board.drain();
  board.fail();  // with notice
  board.cut();
  board.power_up();
  CHECK(board.board->events() == 2);
  board.drain();
  board.cut();
  board.board = std::make_unique<typename PoweredBoard<TestType>::Board>();
  board.board->hal().eeprom = &board.eeprom;
  board.board->hal().cause = hal::reset_cause::external;
  board.board->start();
  CHECK(board.board->events() == 2);
}

TEMPLATE_TEST_CASE("a dip of less than 1.4 ms saves nothing and counts no power failure, one of 2 ms does",
                   "", Flm02a, Flm02b) {
  PoweredBoard<TestType> board;
  board.power_up();
  board.drain();
  const long before = board.writes;
  board.count(0, 5, 5);
  auto& hal = board.board->hal();
  hal.supply_is_low = hal.supply_has_fallen = true;
  board.scans(3);  // 0.47 or 0.48 ms each
  hal.supply_is_low = false;
  board.scans(20);
  CHECK(board.writes == before);
  CHECK(board.board->events() == 0);
  hal.supply_is_low = hal.supply_has_fallen = true;
  board.scans(4);
  hal.supply_is_low = false;
  board.scans(20);
  CHECK(board.writes == before + 5);
  CHECK(board.board->events() == 1);
}

TEMPLATE_TEST_CASE("ripple that is low at each look never counts as a failure", "", Flm02a, Flm02b) {
  PoweredBoard<TestType> board;
  board.power_up();
  board.drain();
  board.count(0, 5, 5);
  const long before = board.writes;
  for (int scan = 0; scan < 5000; ++scan) {
    board.board->hal().supply_is_low = board.board->hal().supply_has_fallen = true;
    board.scans(1);
  }
  CHECK(board.writes == before);
  CHECK(board.board->events() == 0);
}

TEMPLATE_TEST_CASE(
    "two failures in a row are saved; a third within half an hour is counted, and metering goes on", "",
    Flm02a, Flm02b) {
  PoweredBoard<TestType> board;
  const unsigned second_area = store::failure_address + store::failure_area_size + store::failure_record_size;
  board.power_up();
  board.drain();
  board.count(1, 10, 0);
  board.fail();
  board.board->hal().supply_is_low = board.board->hal().riding_out = false;
  board.scans(40);  // good again, and not tidied up yet
  CHECK(board.eeprom.bytes[second_area] == 0xFF);
  board.count(1, 10, 0);
  board.fail();
  CHECK(board.eeprom.bytes[second_area] == 20);
  {
    PoweredBoard<TestType> other;  // cut now: the younger record counts
    std::copy(std::begin(board.eeprom.bytes), std::end(board.eeprom.bytes), std::begin(other.eeprom.bytes));
    other.power_up();
    CHECK(other.board->sensors()[1].counter == 20u);
  }
  board.recover();
  const long tidy = board.writes;
  board.count(1, 10, 0);
  board.fail();
  CHECK(board.writes == tidy);
  CHECK(board.board->events() == 3);
  CHECK_FALSE(board.board->hal().riding_out);
  board.cut();
  board.power_up();
  CHECK(board.board->sensors()[1].counter == 20u);
}

TEMPLATE_TEST_CASE("a failure that begins while an earlier one is saved is saved after it, and counted", "",
                   Flm02a, Flm02b) {
  PoweredBoard<TestType> board;
  board.power_up();
  board.drain();
  for (std::uint8_t sensor = 0; sensor < metering::sensor_count; ++sensor) board.count(sensor, 10, 0);
  board.fall();
  while (board.eeprom.bytes[store::failure_address + 2 * store::failure_record_size - 1] == 0xFF)
    board.step();
  board.board->hal().supply_is_low = false;  // for two scans; the save goes on
  board.scans(2);
  board.count(1, 5, 0);
  board.fail();
  CHECK(board.board->events() == 2);
  board.cut();
  board.power_up();
  CHECK(board.board->sensors()[1].counter == 15u);
}

TEMPLATE_TEST_CASE("an hour of dips writes no cell more than eight times", "", Flm02a, Flm02b) {
  PoweredBoard<TestType> board;
  board.power_up();
  for (std::uint8_t sensor = 0; sensor < 6; ++sensor) board.count(sensor, 1, 0);
  board.commit();
  std::vector<int> writes(hal::eeprom_size);
  int worst = 0;
  for (int second = 0; second < 3600; ++second) {
    for (std::uint8_t sensor = 0; sensor < 6; ++sensor)
      board.count(sensor, 1, static_cast<std::uint16_t>(second % 1000));
    for (int scan = 0; scan < PoweredBoard<TestType>::second; ++scan) {
      const bool low = second % 2 == 0 && scan < 100;
      board.board->hal().supply_has_fallen = low && !board.board->hal().supply_is_low;
      board.board->hal().supply_is_low = low;
      if (!low) board.board->hal().riding_out = false;
      for (int conversion = 0; conversion < 3; ++conversion) {
        hal::raise_conversion_complete(*board.board, 0);
        if (!board.step()) continue;
        worst = std::max(worst, ++writes[board.eeprom.address]);
      }
    }
  }
  CHECK(board.board->events() == 1800);
  CHECK(worst <= 8);
  CHECK(worst > 2);
}

TEMPLATE_TEST_CASE(
    "a supply that stays low is lived with: records keep what they say until their slots have successors, "
    "and counters are saved twice as often",
    "", Flm02a, Flm02b) {
  PoweredBoard<TestType> board;
  board.power_up();
  board.count(2, 100, 7);
  board.commit();
  board.count(2, 11, 8);
  board.fail();
  board.board->hal().riding_out = false;  // 0.8 s later, and still low
  CHECK((board.board->state() & protocol::state::supply_low) != 0);
  for (int second = 0; second < store::unannounced_seconds + 2; ++second) {
    if (second == 100) board.count(2, 5, 9);
    board.scans(PoweredBoard<TestType>::second);
    if (second > 5) continue;
    PoweredBoard<TestType> other;  // unplugged now
    std::copy(std::begin(board.eeprom.bytes), std::end(board.eeprom.bytes), std::begin(other.eeprom.bytes));
    other.power_up();
    CHECK(other.board->sensors()[2].counter == 111u);
    CHECK(other.board->sensors()[2].remainder == 8);
  }
  board.cut();
  board.power_up();
  CHECK(board.board->sensors()[2].counter == 116u);
}

TEMPLATE_TEST_CASE(
    "a counter's slot that is on its way when the supply fails is complete or given up, and the failure adds "
    "to the right one",
    "", Flm02a, Flm02b) {
  for (int begun = 1; begun < 14; ++begun) {
    CAPTURE(begun);
    PoweredBoard<TestType> board;
    board.power_up();
    board.drain();
    board.count(4, 1000, 1);
    REQUIRE(board.board->commit());
    board.board->step();
    for (int write = 1; write < begun && board.eeprom.busy; ++write) {
      board.eeprom.finish();
      board.board->step();
    }
    board.count(4, 3, 2);
    board.fall();  // the byte that was begun is still on its way
    board.eeprom.finish();
    // The failure's record alone, before what was asked for goes on.
    for (int write = 0; write < 5; ++write) {
      for (int pass = 0; pass < 10 && !board.eeprom.busy; ++pass) board.board->step();
      board.eeprom.finish();
    }
    board.cut();
    board.power_up();
    CHECK(board.board->sensors()[4].counter == 1003u);
    CHECK(board.board->sensors()[4].remainder == 2);
  }
}

TEMPLATE_TEST_CASE(
    "pulses that were accepted, and the energy of the second that a failure cuts short, are saved", "",
    Flm02a, Flm02b) {
  PoweredBoard<TestType> board;
  board.power_up();
  board.drain();
  metering::Settings& settings = board.board->sensors().settings();
  settings.map[0] = 0;
  settings.map[3] = 3;
  settings.enabled[0] = settings.enabled[3] = 1;
  settings.constant[0] = 5163;
  settings.constant[3] = 1;
  board.board->apply_settings();
  board.saved();
  const auto current = [&](int scans, std::uint8_t levels) {
    board.board->hal().levels = levels;
    for (int conversion = 0; conversion < 3 * scans; ++conversion) {
      hal::raise_conversion_complete(*board.board,
                                     conversion % 3 == 0 ? 600 : 0);  // a steady code is its own mean and RMS
      board.step();
    }
  };
  current(3 * PoweredBoard<TestType>::second, 0xFF);
  const auto watt_seconds = [&](const metering::Total& total) {
    return 3600.0 * total.counter + total.remainder;
  };
  const double power = board.board->sensors()[0].extra;
  REQUIRE(power > 5000);
  // Align with a second's end, then half of one.
  const std::uint32_t before = board.board->uptime_s();
  while (board.board->uptime_s() == before) current(1, 0xFF);
  const double whole = watt_seconds(board.board->sensors()[0]);
  current(PoweredBoard<TestType>::second / 2, 0xFF);
  CHECK(watt_seconds(board.board->sensors()[0]) == whole);
  // A pulse that is accepted after 13 scans, while the main loop is away and the supply falls.
  current(11, 0x00);
  board.board->hal().supply_is_low = board.board->hal().supply_has_fallen = true;
  for (int conversion = 0; conversion < 3 * SupplyWatch::failing_scans; ++conversion)
    hal::raise_conversion_complete(*board.board, conversion % 3 == 0 ? 600 : 0);
  current(60, 0x00);
  board.drain();
  board.cut();
  board.power_up();
  CHECK(board.board->sensors()[3].counter == 1u);
  CHECK(watt_seconds(board.board->sensors()[0]) - whole == Approx(power / 2).epsilon(0.02));
}

TEMPLATE_TEST_CASE("a dip that is ridden through costs no energy, and the readings around it are right", "",
                   Flm02a, Flm02b) {
  PoweredBoard<TestType> board;
  board.power_up();
  board.drain();
  metering::Settings& settings = board.board->sensors().settings();
  settings.map[0] = 0;
  settings.enabled[0] = 1;
  settings.constant[0] = 5163;
  board.board->apply_settings();
  board.saved();
  const int second = PoweredBoard<TestType>::second;
  long scans = 0;
  const auto current = [&](int count) {
    scans += count;
    for (int conversion = 0; conversion < 3 * count; ++conversion) {
      hal::raise_conversion_complete(*board.board, conversion % 3 == 0 ? 600 : 0);
      board.step();
    }
  };
  const auto watt_seconds = [&] {
    return 3600.0 * board.board->sensors()[0].counter + board.board->sensors()[0].remainder;
  };
  current(3 * second);
  const double power = board.board->sensors()[0].extra;
  const std::uint32_t start = board.board->uptime_s();
  while (board.board->uptime_s() == start) current(1);
  const double before = watt_seconds();
  scans = 0;
  current(second / 3);
  board.board->hal().supply_is_low = board.board->hal().supply_has_fallen = true;
  current(20);
  board.board->hal().supply_is_low = false;
  const std::uint32_t dip = board.board->uptime_s();
  while (board.board->uptime_s() < dip + 3) {
    current(1);
    CHECK(board.board->sensors()[0].extra == Approx(power).margin(1));
  }
  CHECK(board.board->events() == 1);
  CHECK(watt_seconds() - before == Approx(power * 3).epsilon(0.0005));
  CHECK(static_cast<double>(scans) / second == Approx(3).epsilon(0.001));
}

// EEPROM with contents that were not written: bytes that changed by themselves, cells that no longer take a
// value, values that cannot be.
#include <algorithm>
#include <catch2/catch.hpp>
#include <vector>

#include "boards/flm02b/board.hpp"
#include "tests/firmware/store/powered_board.hpp"

using namespace flm;
using boards::Flm02b;
using test::PoweredBoard;
using test::State;

namespace {

using Board = PoweredBoard<Flm02b>;

/// Six counters of some age, two generations of settings, and a failure's records.
std::vector<std::uint8_t> old_contents() {
  Board board;
  board.power_up();
  board.drain();
  for (int generation = 0; generation < 6; ++generation) {
    for (std::uint8_t sensor = 0; sensor < 6; ++sensor)
      board.count(sensor, 1000, static_cast<std::uint16_t>(100 * generation + sensor));
    board.board->sensors().settings().constant[0] = static_cast<std::uint16_t>(4000 + generation);
    board.commit();
  }
  for (std::uint8_t sensor = 0; sensor < 6; ++sensor) board.count(sensor, 50, 600);
  board.fail();
  board.cut();
  return {std::begin(board.eeprom.bytes), std::end(board.eeprom.bytes)};
}

void start_with(Board& board, const std::vector<std::uint8_t>& contents) {
  std::copy(contents.begin(), contents.end(), std::begin(board.eeprom.bytes));
  board.power_up();
}
std::vector<std::uint8_t> contents_of(const Board& board) {
  return {std::begin(board.eeprom.bytes), std::end(board.eeprom.bytes)};
}

/// Writes until nothing is left to write, with cells whose bit 0 stays what it is.
void drain_with_worn_cells(Board& board, const std::vector<unsigned>& worn) {
  for (int idle = 0; idle < 3;) {
    board.board->step();
    if (!board.eeprom.busy) {
      ++idle;
      continue;
    }
    idle = 0;
    const unsigned address = board.eeprom.address;
    const std::uint8_t before = board.eeprom.bytes[address];
    board.eeprom.finish();
    ++board.writes;
    if (std::find(worn.begin(), worn.end(), address) != worn.end())
      board.eeprom.bytes[address] =
          static_cast<std::uint8_t>((board.eeprom.bytes[address] & ~1) | (before & 1));
  }
}

}  // namespace

TEST_CASE(
    "any wrong byte anywhere in the EEPROM costs one slot at most, and what it brings back is never older "
    "than the slot before") {
  const std::vector<std::uint8_t> before = old_contents();
  long costly = 0;
  for (unsigned address = 0; address < hal::eeprom_size; ++address) {
    for (unsigned change = 1; change < 256; ++change) {
      std::vector<std::uint8_t> contents = before;
      contents[address] = static_cast<std::uint8_t>(contents[address] ^ change);
      Board board;
      start_with(board, contents);
      const State found = board.state();
      int lost = 0;
      for (std::uint8_t sensor = 0; sensor < 6; ++sensor) {
        const std::uint32_t counter = found.totals[sensor].counter;
        if (counter == 6050u) continue;
        ++lost;
        // The newest slot is gone, or what was added to it.
        if (counter != 5000u && counter != 6000u)
          FAIL("address " << address << ": sensor " << int{sensor} << " has " << counter);
      }
      if (found.settings.constant[0] != 4005) {
        ++lost;
        if (found.settings.constant[0] != 4004)
          FAIL("address " << address << ": the settings are neither the last ones nor those before");
      }
      if (lost > 1) FAIL("address " << address << " costs " << lost << " records");
      costly += lost;
      if (change % 64 != 1) continue;
      // Put in order, and started once more, also when the byte is what it was: what was found stays.
      for (int second = 0; second < 2; ++second) board.scans(Board::second);
      board.drain();
      board.cut();
      const auto around = [&](const auto& bytes) {
        return std::vector<std::uint8_t>(bytes + (address < 9 ? 0 : address - 9),
                                         bytes + std::min(address + 9, 512u));
      };
      if (around(std::begin(board.eeprom.bytes)) == around(contents.data()))
        board.eeprom.bytes[address] = before[address];
      board.power_up();
      for (std::uint8_t sensor = 0; sensor < 6; ++sensor)
        if (board.state().totals[sensor].counter < found.totals[sensor].counter)
          FAIL("address " << address << ": sensor " << int{sensor} << " goes back");
    }
  }
  CHECK(costly > 0);
}

TEST_CASE("settings that no link would let in are not loaded, whatever their CRC says") {
  const auto started = [](auto change) {
    Board board;
    board.power_up();
    board.board->sensors().settings().constant[0] = 4711;
    board.commit();
    board.board->settings_changing();
    board.board->sensors().settings().constant[0] = 4712;
    change(board.board->sensors().settings());
    board.commit();
    board.cut();
    board.power_up();
    board.scans(100);
    return board.board->sensors().constant(0);
  };
  CHECK(started([](metering::Settings&) {}) == 4712);
  CHECK(started([](metering::Settings& s) { s.map[5] = 255; }) == 4712);
  CHECK(started([](metering::Settings& s) { s.map[3] = 150; }) == 4711);
  CHECK(started([](metering::Settings& s) { s.map[5] = 6; }) == 4711);
  CHECK(started([](metering::Settings& s) { s.enabled[0] = 2; }) == 4711);
  CHECK(started([](metering::Settings& s) { s.enabled[5] = 2; }) == 4711);
  CHECK(started([](metering::Settings& s) { s.fraction[5] = 1000; }) == 4711);
  CHECK(started([](metering::Settings& s) { s.debounce_tenths_ms[3] = 14; }) == 4711);
  CHECK(started([](metering::Settings& s) { s.fraction[5] = 4096; }) == 4711);
  CHECK(started([](metering::Settings& s) { s.led_port = 6; }) == 4711);
  CHECK(started([](metering::Settings& s) { s.lines[2] = 3; }) == 4711);
  CHECK(started([](metering::Settings& s) { s.port_6 = 8; }) == 4711);
  CHECK(started([](metering::Settings& s) { s.radio_rate = 2; }) == 4711);
}

TEST_CASE("a remainder that no counter can have is cleared") {
  Board board;
  board.power_up();
  board.board->sensors().settings().map[0] = 0;
  board.board->sensors().settings().map[3] = 3;
  board.count(0, 5, 3600);
  board.count(3, 5, 1000);
  board.commit();
  board.cut();
  board.power_up();
  CHECK(board.board->sensors()[0].remainder == 0);
  CHECK(board.board->sensors()[3].remainder == 0);
}

TEST_CASE("settings that no slot holds are not called safe, and the ones before stay") {
  const unsigned slots[] = {store::settings_address, store::settings_address + store::settings_slot_size};
  for (const unsigned worn : {0u, 1u}) {
    CAPTURE(worn);
    Board board;
    board.power_up();
    metering::Settings& settings = board.board->sensors().settings();
    for (const std::uint16_t constant :
         {std::uint16_t{0x1000}, std::uint16_t{0x2000}, std::uint16_t{0x3000}}) {
      settings.constant[0] = constant;
      board.commit();
    }
    const unsigned newest = board.eeprom.bytes[slots[0] + 1] == 0x30 ? 0u : 1u;
    settings.constant[0] = 0x4001;
    REQUIRE(board.board->commit());
    drain_with_worn_cells(board, {slots[worn == 0 ? newest : 1 - newest]});
    const bool held = worn == 0;  // The newest slot is not written to; the other one does not hold bit 0.
    CHECK((board.board->state() & protocol::state::worn) == (held ? 0 : protocol::state::worn));
    Board next;
    start_with(next, contents_of(board));
    CHECK(next.board->sensors().constant(0) == (held ? 0x4001 : 0x3000));
  }
}

TEST_CASE("a counter's worn slots are passed over") {
  const unsigned ring = store::counters_address + 2 * store::counter_slots * store::counter_slot_size;
  for (const auto& worn :
       {std::vector<unsigned>{ring + store::counter_slot_size},
        std::vector<unsigned>{ring + store::counter_slot_size, ring + 3 * store::counter_slot_size}}) {
    Board board;
    board.power_up();
    board.drain();
    for (std::uint32_t count = 1; count < 40; ++count) {
      board.count(2, 1, 0);
      REQUIRE(board.board->commit());
      drain_with_worn_cells(board, worn);
      Board next;
      start_with(next, contents_of(board));
      REQUIRE(next.board->sensors()[2].counter == count);
    }
    CHECK((board.board->state() & protocol::state::worn) != 0);
  }
}

TEST_CASE("a failure area with a worn cell is not used again") {
  Board board;
  board.power_up();
  board.drain();
  board.count(0, 1, 0);
  board.fail();
  board.board->hal().supply_is_low = board.board->hal().riding_out = false;
  const std::vector<unsigned> worn = {
      store::failure_address};  // keeps bit 0, which is 0 there if the count is even
  board.eeprom.bytes[store::failure_address] = 0xFE;
  for (int scan = 0; scan < 2 * Board::second; ++scan) {
    board.scans(1);
    if (board.eeprom.busy) drain_with_worn_cells(board, worn);
    board.eeprom.bytes[store::failure_address] =
        static_cast<std::uint8_t>(board.eeprom.bytes[store::failure_address] & 0xFE);
  }
  board.count(0, 1, 0);
  board.fail();
  board.cut();
  board.power_up();
  CHECK(board.board->sensors()[0].counter == 2u);
}

// Any EEPROM contents, then counting, commits, failing supplies, and cuts at any byte:
//   1. What a board starts with is, for each record by itself, zero or default, or what a slot says whose CRC
//      is right, and whose settings are such as the link lets in; without a version, or with a newer
//      firmware's, all of it is default. A failure record adds 65 535 counts at most.
// and where the slots that are right could have been written by this firmware, one after the other:
//   2. Each counter, and the settings, are after a cut what they were before the last save, or after it.
//   3. Cut again while what was found is put in order, they stay: nothing is added twice.
//   4. A newer firmware's EEPROM is left as it is.
// The first 512 bytes are the EEPROM's, the rest decides what happens.
#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "boards/flm02a/board.hpp"
#include "boards/flm02b/board.hpp"
#include "tests/firmware/store/powered_board.hpp"
#include "tests/fuzz/promise.hpp"

using namespace flm;
using fuzz::Bytes;
using fuzz::Dice;
using fuzz::promise;
using test::State;

namespace {

using Contents = std::uint8_t[hal::eeprom_size];

/// CRC-16/ARC by the bit (polynomial 0x8005, reflected).
std::uint16_t crc16(const std::uint8_t* bytes, std::size_t size, std::uint16_t crc = 0) {
  for (std::size_t i = 0; i < size; ++i) {
    crc = static_cast<std::uint16_t>(crc ^ bytes[i]);
    for (int bit = 0; bit < 8; ++bit)
      crc = static_cast<std::uint16_t>((crc & 1) != 0 ? crc >> 1 ^ 0xA001 : crc >> 1);
  }
  return crc;
}

/// A slot, as firmware/store/layout.hpp has it.
struct Slot {
  std::size_t address, size;  ///< place of its values
  unsigned number, slots;
};
std::vector<Slot> slots_of(unsigned record) {
  std::vector<Slot> all;
  if (record == store::settings_record)
    for (unsigned i = 0; i < store::settings_slots; ++i)
      all.push_back({store::settings_address + i * store::settings_slot_size, store::settings_size, i,
                     store::settings_slots});
  else if (record == store::board_record)
    for (unsigned i = 0; i < store::board_slots; ++i)
      all.push_back(
          {store::board_address + i * store::board_slot_size, store::board_size, i, store::board_slots});
  else
    for (unsigned i = 0; i < store::counter_slots; ++i)
      all.push_back({store::counters_address + (record * store::counter_slots + i) * store::counter_slot_size,
                     store::counter_size, i, store::counter_slots});
  return all;
}
/// Values, CRC low, CRC high, number; the CRC is over values and number.
std::uint16_t crc_of(const std::uint8_t* eeprom, const Slot& s) {
  return crc16(eeprom + s.address + s.size + 2, 1, crc16(eeprom + s.address, s.size));
}
bool is_right(const std::uint8_t* eeprom, const Slot& s) {
  const std::uint8_t* end = eeprom + s.address + s.size;
  return end[2] % s.slots == s.number && (end[0] | end[1] << 8) == crc_of(eeprom, s);
}
/// The version at an address; 0: none.
unsigned version_at(const std::uint8_t* eeprom, std::size_t address) {
  return eeprom[address + 1] == static_cast<std::uint8_t>(~eeprom[address]) ? eeprom[address] : 0u;
}
bool has_version(const std::uint8_t* eeprom) {
  return version_at(eeprom, store::version_address) != 0 ||
         version_at(eeprom, store::second_version_address) != 0;
}
bool is_newer(const std::uint8_t* eeprom) {
  return version_at(eeprom, store::version_address) > store::layout_version &&
         version_at(eeprom, store::second_version_address) > store::layout_version;
}

void give_crc(std::uint8_t* eeprom, const Slot& s) {
  const std::uint16_t crc = crc_of(eeprom, s);
  eeprom[s.address + s.size] = static_cast<std::uint8_t>(crc);
  eeprom[s.address + s.size + 1] = static_cast<std::uint8_t>(crc >> 8);
}

/// Puts the values of right settings slots into the ranges of metering::Settings.
void put_in_range(std::uint8_t* eeprom) {
  for (const Slot& s : slots_of(store::settings_record)) {
    if (!is_right(eeprom, s)) continue;
    metering::Settings settings;
    std::memcpy(&settings, eeprom + s.address, sizeof settings);
    for (auto& fraction : settings.fraction) {
      fraction = static_cast<std::uint16_t>(fraction % (metering::largest_divisor + 1));
      if (fraction == metering::thousandths) fraction = 0;
    }
    // One port a sensor: one that a clamp and a pulse port feed starts each time without its remainder.
    for (auto* sensor = std::begin(settings.map); sensor != std::end(settings.map); ++sensor)
      if (*sensor >= metering::sensor_count || std::find(std::begin(settings.map), sensor, *sensor) != sensor)
        *sensor = metering::no_sensor;
    for (auto& enabled : settings.enabled) enabled &= 1;
    for (auto& line : settings.lines) line &= 1;
    for (auto& debounce : settings.debounce_tenths_ms)
      debounce = std::max(debounce, metering::shortest_debounce_tenths_ms);
    // No current, no energy: what a second adds does not reach count().
    for (auto& calibration : settings.calibration) calibration = metering::uncalibrated;
    if (settings.led_port >= metering::port_count) settings.led_port = metering::heartbeat;
    settings.radio_rate &= 1;
    // No smart meter: its number stands where others have a remainder, and is saved when it changes, which
    // count() does not do.
    settings.port_6 &= static_cast<std::uint8_t>(metering::port_6::all & ~metering::port_6::p1);
    std::memcpy(eeprom + s.address, &settings, sizeof settings);
    give_crc(eeprom, s);
  }
}

/// Could a board have written all slots that are right? Their numbers follow each other, and there is a
/// header. Others, whose CRC is right by chance or by intent, may win against a younger one:
/// firmware/store/layout.hpp compares numbers modulo 256.
bool one_after_the_other(const std::uint8_t* eeprom) {
  for (unsigned record = 0; record < store::records; ++record) {
    std::vector<std::uint8_t> numbers;
    for (const Slot& s : slots_of(record))
      if (is_right(eeprom, s)) numbers.push_back(eeprom[s.address + s.size + 2]);
    if (!numbers.empty() && !has_version(eeprom)) return false;
    for (const std::uint8_t a : numbers)
      for (const std::uint8_t b : numbers)
        if (static_cast<std::uint8_t>(a - b) >= slots_of(record).size() &&
            static_cast<std::uint8_t>(b - a) >= slots_of(record).size())
          return false;
  }
  return true;
}

/// Promise 1.
template <class Facts>
void recovered(const Contents& eeprom, test::PoweredBoard<Facts>& board) {
  const bool ours = has_version(eeprom) && !is_newer(eeprom);
  const State found = board.state();
  for (unsigned sensor = 0; sensor < metering::sensor_count; ++sensor) {
    const metering::Total& total = found.totals[sensor];
    std::vector<std::uint32_t> may = {0};
    for (const Slot& s : slots_of(sensor))
      if (ours && is_right(eeprom, s))
        may.push_back(static_cast<std::uint32_t>(eeprom[s.address] | eeprom[s.address + 1] << 8 |
                                                 eeprom[s.address + 2] << 16) |
                      static_cast<std::uint32_t>(eeprom[s.address + 3]) << 24);
    promise(
        std::any_of(may.begin(), may.end(),
                    [&](std::uint32_t counter) { return total.counter - counter <= (ours ? 0xFFFFu : 0u); }),
        "1: a counter is zero, or what a right slot says and a failure adds",
        "sensor " + std::to_string(sensor) + " " + std::to_string(total.counter));
  }
  test::PoweredBoard<Facts> fresh;
  fresh.power_up();
  bool right = test::same(found.settings, fresh.state().settings);
  for (const Slot& s : slots_of(store::settings_record))
    right = right ||
            (ours && is_right(eeprom, s) && std::memcmp(&found.settings, eeprom + s.address, s.size) == 0);
  promise(right, "1: settings are the default, or what a right slot says");
}

std::string text_of(const metering::Total& total) {
  return std::to_string(total.counter) + " + " + std::to_string(total.remainder);
}

/// Promise 2.
void old_or_new(const State& found, const State& safe, const State& now) {
  for (std::uint8_t sensor = 0; sensor < metering::sensor_count; ++sensor)
    promise(test::same(found.totals[sensor], safe.totals[sensor]) ||
                test::same(found.totals[sensor], now.totals[sensor]),
            "2: a counter is what it was before or after the save",
            "sensor " + std::to_string(sensor) + " has " + text_of(found.totals[sensor]) + ", before " +
                text_of(safe.totals[sensor]) + ", after " + text_of(now.totals[sensor]));
  promise(test::same(found.settings, safe.settings) || test::same(found.settings, now.settings),
          "2: settings are what they were before or after the save");
}

template <class Facts>
void live(const Contents& eeprom, Bytes in) {
  test::PoweredBoard<Facts> board;
  std::copy(std::begin(eeprom), std::end(eeprom), board.eeprom.bytes);
  board.power_up();
  recovered(eeprom, board);
  if (is_newer(eeprom)) {
    board.count(0, 5, 5);
    promise(!board.board->commit(), "4: a commit to a newer firmware's EEPROM is refused");
    board.fail();
    promise(std::equal(std::begin(eeprom), std::end(eeprom), board.eeprom.bytes),
            "4: a newer firmware's EEPROM is left as it is");
    return;
  }
  if (!one_after_the_other(eeprom)) return;
  board.saved();
  unsigned failures = 0;  // in this life: more than the budget are not saved
  for (int deeds = 0; deeds < 24 && !in.empty(); ++deeds) {
    try {
      switch (in.below(8)) {
        case 0:
        case 1: {
          const std::uint8_t sensor = static_cast<std::uint8_t>(in.below(6)), counts = in.byte();
          board.count(sensor, counts, static_cast<std::uint16_t>(in.byte() * 3));
          break;
        }
        case 2: {  // more than a failure record holds, or back
          const std::uint8_t sensor = static_cast<std::uint8_t>(in.below(6));
          board.count(sensor, 0x10001u * (1u + in.below(255)), 17);
          break;
        }
        case 3: {  // a setting that decides about nothing else, saved at once as hosts do
          const std::uint8_t sensor = static_cast<std::uint8_t>(in.below(6));
          board.board->settings_changing();
          board.board->sensors().settings().constant[sensor] = static_cast<std::uint16_t>(257 * in.byte());
          board.commit();
          break;
        }
        case 4: board.commit(); break;
        case 5:  // the supply falls, and comes back before the board has no power left
          if (++failures > store::failure_budget) break;
          board.fail();
          board.recover();
          break;
        case 6:  // it falls, and all is saved in time
          if (++failures > store::failure_budget) break;
          board.fail();
          throw test::Cut();
        default:  // it will be cut without notice
          board.cut_after = board.writes + in.below(64);
          board.tear = static_cast<int>(in.below(4));
      }
    } catch (const test::Cut&) {
      board.cut();
      board.cut_after = -1;
      board.power_up();
      failures = 0;
      const State found = board.state();
      old_or_new(found, board.safe, board.now);
      board.cut_after = board.writes + in.below(40);
      try {
        board.drain();
      } catch (const test::Cut&) {
      }
      board.cut();
      board.cut_after = -1;
      board.power_up();
      const State again = board.state();
      for (std::uint8_t sensor = 0; sensor < metering::sensor_count; ++sensor)
        promise(test::same(found.totals[sensor], again.totals[sensor]), "3: nothing is added twice",
                "sensor " + std::to_string(sensor));
      board.saved();
    }
  }
  // A last save, whole: what is there after a cut is what was saved.
  board.cut_after = -1;
  board.commit();
  board.cut();
  board.power_up();
  old_or_new(board.state(), board.safe, board.safe);
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Contents eeprom;
  std::fill(std::begin(eeprom), std::end(eeprom), std::uint8_t{0xFF});
  std::copy(data, data + std::min(size, sizeof eeprom), eeprom);
  put_in_range(eeprom);
  Bytes in(data + std::min(size, sizeof eeprom), size - std::min(size, sizeof eeprom));
  if (in.below(2) == 0)
    live<boards::Flm02b>(eeprom, in);
  else
    live<boards::Flm02a>(eeprom, in);
  return 0;
}

/// Gives the versions their form, and most slots their CRC and numbers that follow each other.
std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size,
                                    unsigned seed) {
  size = LLVMFuzzerMutate(data, size, max_size);
  if (size < hal::eeprom_size) return size;
  Dice dice(seed);
  if (dice.below(8) != 0) {
    for (const std::size_t address : {store::version_address, store::second_version_address}) {
      data[address] = store::layout_version;
      data[address + 1] = static_cast<std::uint8_t>(~store::layout_version);
    }
  }
  const bool wild = dice.below(8) == 0;
  for (unsigned record = 0; record < store::records; ++record) {
    const unsigned newest = dice.below(256);
    const bool broken = dice.below(3) == 0;
    for (const Slot& s : slots_of(record)) {
      if (broken && dice.below(2) == 0) continue;
      if (!wild)
        data[s.address + s.size + 2] = static_cast<std::uint8_t>(newest - (newest - s.number) % s.slots);
      give_crc(data, s);
    }
  }
  return size;
}

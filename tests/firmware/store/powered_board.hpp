// A board on a supply that can be cut at any byte that it writes into its EEPROM, and what it knew then.
#pragma once
#include <cstring>
#include <memory>
#include <stdexcept>

#include "firmware/sensor_board.hpp"
#include "hal/pc/hal.hpp"
#include "hal/pc/vectors.hpp"

namespace flm::test {

/// Thrown when the supply is cut.
struct Cut {};

/// A board's state: its sensors' counters and its settings.
struct State {
  metering::Total totals[metering::sensor_count] = {};
  metering::Settings settings = {};
};
inline bool same(const metering::Total& a, const metering::Total& b) {
  return a.counter == b.counter && a.remainder == b.remainder;
}
inline bool same(const metering::Settings& a, const metering::Settings& b) {
  return std::memcmp(&a, &b, sizeof a) == 0;
}

/// A board on a supply that is cut when a given number of EEPROM writes have ended, with the next one torn.
template <class Facts>
struct PoweredBoard {
  using Board = SensorBoard<hal::PcHal<Facts>>;

  hal::HostEeprom eeprom;
  std::unique_ptr<Board> board;
  long writes = 0, cut_after = -1;
  int tear = 0;     ///< result of the byte that is cut: 0 untouched, 1 erased, 2 ones left over, 3 noise
  State safe, now;  ///< on the medium for sure; in the board

  void power_up() {
    board = std::make_unique<Board>();
    board->hal().eeprom = &eeprom;
    board->start();
  }
  State state() {
    State result;
    for (std::uint8_t sensor = 0; sensor < metering::sensor_count; ++sensor)
      result.totals[sensor] = board->sensors().total(sensor);
    result.settings = board->sensors().settings();
    return result;
  }
  /// One pass of the main loop, and the end of the write that it has started.
  bool step() {
    board->step();
    if (!eeprom.busy) return false;
    if (writes == cut_after) throw Cut();
    eeprom.finish();
    ++writes;
    return true;
  }
  /// Until nothing is left to write.
  void drain() {
    int idle = 0;
    while (idle < 3) idle = step() ? 0 : idle + 1;
  }
  void saved() {
    now = state();
    drain();
    safe = now;
  }
  void commit() {
    if (!board->commit()) throw std::logic_error("the EEPROM is a newer firmware's");
    saved();
  }
  /// Scans of the clamps, without current, and the main loop after each.
  void scans(int count) {
    for (int conversion = 0; conversion < 3 * count; ++conversion) {
      hal::raise_conversion_complete(*board, 0);
      step();
    }
  }
  /// The supply falls, and is noticed: the next write is the first of the save.
  void fall() {
    board->hal().supply_is_low = board->hal().supply_has_fallen = true;
    for (int conversion = 0; conversion < 3 * (SupplyWatch::failing_scans + 2); ++conversion) {
      hal::raise_conversion_complete(*board, 0);
      board->step();  // A write that has begun goes on.
    }
    now = state();  // with the part of a second that the failure has cut short
  }
  /// The supply falls, and what has been counted is saved.
  void fail() {
    fall();
    drain();
    safe = now;
  }
  /// It comes back, and the board is ready for the next failure.
  void recover() {
    board->hal().supply_is_low = board->hal().riding_out = false;
    scans(second);
    drain();
    safe = now;
  }
  static constexpr int second =
      static_cast<int>(Facts::Sampling::cpu_hz / (3 * Facts::Sampling::tick_cycles)) + 1;
  void cut() {
    if (eeprom.busy) {
      std::uint8_t& byte = eeprom.bytes[eeprom.address];
      const auto noise = static_cast<std::uint8_t>(writes * 0x35 + 0x1D);
      byte = tear == 0   ? byte
             : tear == 1 ? std::uint8_t{0xFF}
             : tear == 2 ? static_cast<std::uint8_t>(byte | eeprom.value | noise)
                         : static_cast<std::uint8_t>(byte ^ noise);
      eeprom.busy = false;
    }
    board.reset();
  }
  void count(std::uint8_t sensor, std::uint32_t counts, std::uint16_t remainder) {
    metering::Total& total = board->sensors().total(sensor);
    total.counter += counts;
    total.remainder = remainder;
  }
};

}  // namespace flm::test

// The ATmega168P's EEPROM (data sheet 8.6): writes take milliseconds and land when they end.
#pragma once
#include <array>
#include <cstdint>
#include <vector>

#include "sim/engine/engine.hpp"  // CellWrite
#include "sim/image/chip/chip.hpp"
#include "sim/scenario/tolerances.hpp"

namespace flm::sim {

/// Replaces the emulator's EEPROM. A write in progress survives a reset of the chip (8.6.3, last paragraph),
/// not a loss of power; while it goes on, EEAR cannot be changed (8.6.3). Its time is the internal RC
/// oscillator's (8.4.1). Worn cells keep their bits.
class Eeprom {
 public:
  static constexpr std::size_t size = 512;
  explicit Eeprom(Chip&, const BoardParts& = {});

  /// Fills it from an image's .eeprom; without one it is erased (0xff).
  void load(const ElfFile&);
  [[nodiscard]] const std::array<std::uint8_t, size>& contents() const { return contents_; }
  std::array<std::uint8_t, size>& contents() { return contents_; }
  /// Every write that is over, in order.
  [[nodiscard]] const std::vector<CellWrite>& log() const { return log_; }
  /// True while a write is in progress.
  [[nodiscard]] bool busy() const { return end_.armed(); }
  /// The chip stops. A byte that is being written becomes anything, as `chance` says.
  void lose_power(std::uint64_t chance);
  /// The CPU executes words that are not the program's, beside its EEPROM code (8.4.2): the cell under
  /// EEAR becomes anything.
  void spoil(std::uint64_t chance);

 private:
  enum : std::uint8_t {
    eerie = 0x08,
    eempe = 0x04,
    eepe = 0x02,
    eere = 0x01,
    mode_bits = 0x30,
    erase_only = 0x10,
    write_only = 0x20
  };

  void write_control(std::uint16_t address, std::uint8_t value);
  void write_address(std::uint16_t address, std::uint8_t value);
  [[nodiscard]] std::uint8_t kept(std::uint16_t address, std::uint8_t wanted) const;
  void forget_address();
  void start_write();
  void finish_write();
  void announce_ready();
  void handler(std::uint32_t running);
  [[nodiscard]] std::uint16_t address() const;

  Chip& chip_;
  BoardParts parts_;
  std::array<std::uint8_t, size> contents_;
  std::vector<CellWrite> log_;
  Event end_;
  Nanoseconds begin_ = 0;  ///< begin of the write in progress
  std::uint64_t enabled_until_ = 0;
  std::uint16_t target_ = 0;
  std::uint8_t value_ = 0;  ///< new value of the byte
};

}  // namespace flm::sim

#include "sim/image/chip/eeprom.hpp"

#include <algorithm>

#include "sim/engine/eeprom_times.hpp"

namespace flm::sim {
namespace {
constexpr std::uint64_t window_cycles = 4;           ///< from EEMPE to EEPE
constexpr unsigned read_stall = 4, write_stall = 2;  ///< cycles for which the CPU stands still
}  // namespace

Eeprom::Eeprom(Chip& chip, const BoardParts& parts)
    : chip_(chip), parts_(parts), end_(chip, [this] { finish_write(); }) {
  contents_.fill(0xFF);
  chip.on_write<&Eeprom::write_control>(reg::eecr, this);
  chip.on_write<&Eeprom::write_address>(reg::eearl, this);
  chip.on_write<&Eeprom::write_address>(reg::eearh, this);
  Chip::on_signal<&Eeprom::handler>(chip.interrupt(vector::eeprom_ready).irq + AVR_INT_IRQ_RUNNING, this);
  chip.on_reset([this] {
    enabled_until_ = 0;
    forget_address();
    if (busy()) chip_.data(reg::eecr) |= eepe;
  });
  forget_address();
}

/// 8.6.1: after a reset EEAR is undefined. Registers mostly wake up as 0: every second time here, and as
/// anything else. While a write goes on it is the write's.
void Eeprom::forget_address() {
  const std::uint64_t chance = mixed(chip_.cycle());
  const std::uint64_t any = busy() ? target_ : (chance & 1) != 0 ? 0 : chance >> 1;
  chip_.data(reg::eearl) = static_cast<std::uint8_t>(any);
  chip_.data(reg::eearh) = static_cast<std::uint8_t>(any >> 8 & 1);
}

void Eeprom::load(const ElfFile& program) {
  for (const ElfPart& segment : program.segments()) {
    if (segment.address < ElfFile::eeprom_base || segment.address >= ElfFile::eeprom_end) continue;
    const std::size_t offset = segment.address - ElfFile::eeprom_base;
    if (offset >= size) continue;
    const std::size_t bytes = std::min(segment.contents.size(), size - offset);
    std::copy_n(segment.contents.begin(), bytes, contents_.begin() + static_cast<std::ptrdiff_t>(offset));
  }
}

std::uint16_t Eeprom::address() const {
  const auto written = static_cast<unsigned>(chip_.data(reg::eearl) | chip_.data(reg::eearh) << 8);
  return static_cast<std::uint16_t>(written & (size - 1));
}

void Eeprom::write_address(std::uint16_t address, std::uint8_t value) {
  if (busy())
    chip_.warn("EEAR was written while an EEPROM write was in progress: it keeps its value");
  else
    chip_.data(address) = value;
}

std::uint8_t Eeprom::kept(std::uint16_t address, std::uint8_t wanted) const {
  return kept_bits(parts_.worn, address, contents_[address], wanted);
}

void Eeprom::write_control(std::uint16_t, std::uint8_t value) {
  const std::uint64_t now = chip_.cycle();
  const bool enabled = now <= enabled_until_ && enabled_until_ != 0;
  std::uint8_t control = static_cast<std::uint8_t>(value & (eerie | mode_bits));
  if (busy())
    control = static_cast<std::uint8_t>((control & eerie) | (chip_.data(reg::eecr) & mode_bits) | eepe);
  chip_.data(reg::eecr) = control;

  if ((value & eepe) != 0 && enabled && !busy()) {
    enabled_until_ = 0;
    start_write();
  } else if ((value & eempe) != 0) {
    enabled_until_ = now + window_cycles;
  }
  if ((value & eere) != 0) {
    if (busy()) {
      chip_.warn("the EEPROM was read while a write was in progress: EECR EEPE is set");
    } else {
      chip_.data(reg::eedr) = contents_[address()];
      chip_.stall(read_stall);
    }
  }
  if (busy())
    chip_.clear(vector::eeprom_ready);
  else
    announce_ready();
}

void Eeprom::start_write() {
  const std::uint8_t mode = chip_.data(reg::eecr) & mode_bits;
  target_ = address();
  const std::uint8_t written = mode == erase_only ? std::uint8_t{0xFF} : chip_.data(reg::eedr);
  value_ =
      kept(target_, mode == write_only ? static_cast<std::uint8_t>(contents_[target_] & written) : written);
  chip_.data(reg::eecr) |= eepe;
  const Clock& clock = chip_.clock();
  begin_ = clock.nanoseconds(chip_.now());
  end_.at(chip_.now() +
          clock.crystal(rc_time(mode == 0 ? kEraseAndWriteTime : kSplitTime, parts_.rc_percent)));
  chip_.stall(write_stall);
}

void Eeprom::finish_write() {
  log_.push_back(
      {begin_, chip_.clock().nanoseconds(chip_.now()), target_, contents_[target_], value_, false});
  contents_[target_] = value_;
  chip_.data(reg::eecr) &= static_cast<std::uint8_t>(~eepe);
  announce_ready();
}

void Eeprom::lose_power(std::uint64_t chance) {
  if (!busy()) return;
  end_.cancel();
  const std::uint8_t torn = kept(target_, torn_byte(chance, target_));
  log_.push_back({begin_, chip_.clock().nanoseconds(chip_.now()), target_, contents_[target_], torn, true});
  contents_[target_] = torn;
}

void Eeprom::spoil(std::uint64_t chance) {
  const std::uint16_t cell = address();
  const std::uint8_t spoilt = kept(cell, torn_byte(chance, cell));
  const Nanoseconds now = chip_.clock().nanoseconds(chip_.now());
  log_.push_back({now, now, cell, contents_[cell], spoilt, true});
  contents_[cell] = spoilt;
}

/// The interrupt is a level (8.6.2): it is there as long as it is enabled and no write is in progress.
void Eeprom::announce_ready() {
  if ((chip_.data(reg::eecr) & eerie) != 0 && !busy()) chip_.raise(vector::eeprom_ready);
}

void Eeprom::handler(std::uint32_t running) {
  if (running == 0) announce_ready();
}

}  // namespace flm::sim

#include "sim/engine/supplied_engine.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "hal/contract.hpp"  // eeprom_size
#include "sim/scenario/random.hpp"
#include "sim/world/environment.hpp"

namespace flm::sim {

SuppliedEngine::SuppliedEngine(const BoardModel& model, const Environment& environment)
    : model_(model),
      seed_(environment.seed()),
      clock_(environment.clock()),
      supply_(environment.supply()),
      low_(supply_.low(0)) {}

std::uint64_t SuppliedEngine::chance() const { return mixed(seed_ ^ mixed(losses_)); }

void SuppliedEngine::run_until(Nanoseconds t) { run_board_until(clock_.board(t)); }

void SuppliedEngine::run_board_until(Nanoseconds t) {
  while (next_change_ <= t) {
    if (powered_) run_board(next_change_);
    now_ = next_change_;
    follow_supply();
    next_change_ = supply_.next_change(now_);
  }
  if (powered_) run_board(t);
  now_ = std::max(now_, t);
}

void SuppliedEngine::follow_supply() {
  const bool powered = supply_.powered(now_), low = supply_.low(now_);
  if (powered_ && !powered) {
    powered_ = false;
    ++losses_;
    power_off(now_);
  }
  if (low != low_ || !begun_) set_supply_low(low);
  low_ = low;
  begun_ = true;
  if (powered && !powered_) {
    powered_ = true;
    power_on(now_);
  }
}

std::uint8_t SuppliedEngine::transfer(Nanoseconds start, std::uint8_t mosi) {
  run_until(start);
  const std::uint64_t losses = losses_;
  const std::uint8_t miso = powered_ ? byte_begins() : std::uint8_t{0};
  const bool begun = powered_;
  run_until(start + model_.spi_byte_time);
  if (!begun || losses != losses_) return 0;  // Nothing drives the line.
  byte_ends(mosi);
  return miso;
}

void SuppliedEngine::cut_power_at(Nanoseconds t, Nanoseconds restore, Nanoseconds hold_up) {
  if (clock_.board(t) < now_ || restore <= t)
    throw std::logic_error("cut_power_at() in the past, or restored before the cut");
  supply_.add(clock_.board(t), clock_.board(hold_up), clock_.board(restore));
  if (begun_) next_change_ = std::min(next_change_, std::max(now_, supply_.next_change(now_ - 1)));
}

void SuppliedEngine::set_eeprom(const std::vector<std::uint8_t>& contents) {
  if (now_ != 0) throw std::logic_error("set_eeprom() after the board has run");
  if (contents.size() != hal::eeprom_size)
    throw std::logic_error(
        fmt::format("set_eeprom() with {} bytes instead of {}", contents.size(), hal::eeprom_size));
  fill_eeprom(contents);
}

}  // namespace flm::sim

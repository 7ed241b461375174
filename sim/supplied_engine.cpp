#include "sim/supplied_engine.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "hal/contract.hpp"  // eeprom_size
#include "sim/environment.hpp"
#include "sim/random.hpp"

namespace flm::sim {

SuppliedEngine::SuppliedEngine(const BoardModel& model, const Environment& environment)
    : model_(model), seed_(environment.seed()), changes_(environment.supply()) {}

std::uint64_t SuppliedEngine::chance() const { return mixed(seed_ ^ mixed(losses_)); }

void SuppliedEngine::run_until(Nanoseconds t) {
  while (next_ < changes_.size() && changes_[next_].time <= t) {
    const SupplyChange next = changes_[next_++];
    if (powered_) run_board(next.time);
    now_ = next.time;
    change(next);
  }
  if (powered_) run_board(t);
  now_ = std::max(now_, t);
}

void SuppliedEngine::change(SupplyChange change) {
  switch (change.what) {
    case SupplyChange::What::low: set_supply_low(true); break;
    case SupplyChange::What::good: set_supply_low(false); break;
    case SupplyChange::What::off:
      if (!powered_) break;
      powered_ = false;
      ++losses_;
      power_off(change.time);
      break;
    case SupplyChange::What::on:
      if (powered_) break;
      powered_ = true;
      power_on(change.time);
      break;
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
  if (t < now_ || restore <= t) throw std::logic_error("cut_power_at() in the past, or restored before the cut");
  const auto cut = supply_changes(model_, t, hold_up, restore);
  changes_.insert(changes_.end(), cut.begin(), cut.end());
  std::stable_sort(changes_.begin() + static_cast<std::ptrdiff_t>(next_), changes_.end(),
                   [](const SupplyChange& a, const SupplyChange& b) { return a.time < b.time; });
}

void SuppliedEngine::set_eeprom(const std::vector<std::uint8_t>& contents) {
  if (now_ != 0) throw std::logic_error("set_eeprom() after the board has run");
  if (contents.size() != hal::eeprom_size)
    throw std::logic_error(fmt::format("set_eeprom() with {} bytes instead of {}", contents.size(), hal::eeprom_size));
  fill_eeprom(contents);
}

}  // namespace flm::sim

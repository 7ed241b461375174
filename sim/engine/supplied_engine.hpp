// Base of both engines: a board whose supply fails and comes back, and an EEPROM that lives through it.
#pragma once
#include <cstdint>
#include <vector>

#include "sim/engine/engine.hpp"
#include "sim/world/supply_plan.hpp"

namespace flm::sim {

/// Runs a board from one change of its supply to the next. What happens at the same time as a change happens
/// before it. Its callers' time is the world's; what it calls gets the board's own.
class SuppliedEngine : public Engine {
 public:
  void run_until(Nanoseconds t) final;
  std::uint8_t transfer(Nanoseconds start, std::uint8_t mosi) final;
  [[nodiscard]] bool led() const final { return powered_ && board_led(); }
  [[nodiscard]] bool powered() const final { return powered_; }
  void cut_power_at(Nanoseconds t, Nanoseconds restore, Nanoseconds hold_up) final;
  void set_eeprom(const std::vector<std::uint8_t>& contents) final;

 protected:
  SuppliedEngine(const BoardModel&, const Environment&);

  [[nodiscard]] const BoardModel& model() const { return model_; }
  /// True while the comparator holds the supply for too low.
  [[nodiscard]] bool supply_low() const { return low_; }
  /// Seeds what a loss of power leaves to chance: a different value for each failure and each seed of the
  /// scenario.
  [[nodiscard]] std::uint64_t chance() const;

  // The board, while the CPU has power.
  virtual void run_board(Nanoseconds t) = 0;
  /// A byte on the link begins; returns what the board's shift register holds.
  virtual std::uint8_t byte_begins() = 0;
  virtual void byte_ends(std::uint8_t mosi) = 0;
  [[nodiscard]] virtual bool board_led() const = 0;
  /// The comparator's output changes. Called once before the board runs, with its first value.
  virtual void set_supply_low(bool low) = 0;
  /// The CPU stops; an EEPROM byte that is being written is torn.
  virtual void power_off(Nanoseconds now) = 0;
  /// The CPU starts from power-on reset, with anything in its RAM.
  virtual void power_on(Nanoseconds now) = 0;
  virtual void fill_eeprom(const std::vector<std::uint8_t>& contents) = 0;

 private:
  void run_board_until(Nanoseconds board_time);
  void follow_supply();

  const BoardModel& model_;
  std::uint64_t seed_;
  BoardClock clock_;
  SupplyPlan supply_;
  Nanoseconds now_ = 0;          ///< the board's time
  Nanoseconds next_change_ = 0;  ///< next change of the supply
  std::uint64_t losses_ = 0;     ///< number of losses of power so far
  bool begun_ = false, powered_ = true, low_;
};

}  // namespace flm::sim

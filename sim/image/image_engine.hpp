// The engine that runs a board's AVR image, cycle by cycle.
#pragma once
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "sim/engine/supplied_engine.hpp"
#include "sim/image/elf/engine_error.hpp"
#include "sim/image/measure.hpp"

namespace flm::sim {

/// Throws EngineError while it runs, when the program crashes or has started no conversion for a second.
class ImageEngine : public SuppliedEngine {
 public:
  /// Throws InputError when the file is not an image for this board.
  ImageEngine(const BoardModel&, Environment&, const std::filesystem::path& elf);
  ~ImageEngine() override;

  [[nodiscard]] bool analog_front_end() const override;
  [[nodiscard]] bool inverts_rx() const override;
  [[nodiscard]] std::vector<std::uint8_t> serial_sent() const override;
  [[nodiscard]] double radio_milliamperes() const override;
  [[nodiscard]] std::vector<std::string> warnings() const override;
  [[nodiscard]] std::vector<std::uint8_t> eeprom() const override;
  [[nodiscard]] const std::vector<CellWrite>& eeprom_log() const override;

  /// V of the supply at a time that has been reached, 0 while the CPU has no power: it rises from 1.8 V, at
  /// which reset is released, to 5 V. Below the comparator's threshold: the lowest at which the undivided
  /// clock may run, where a failure's hold-up time ends.
  [[nodiscard]] double supply_voltage(Nanoseconds) const;

  /// A byte of RAM at a data-space address, 0x100 to 0x4FF; for experiments.
  [[nodiscard]] std::uint8_t& ram(std::uint16_t address);

  /// Measures from here on; the run is several times slower.
  void enable_measurements();
  /// Figures up to now. Throws std::logic_error before enable_measurements().
  [[nodiscard]] const Measurements& measurements() const;

 protected:
  void run_board(Nanoseconds t) override;
  std::uint8_t byte_begins() override;
  void byte_ends(std::uint8_t mosi) override;
  [[nodiscard]] bool board_led() const override;
  void set_supply_low(bool low) override;
  void power_off(Nanoseconds now) override;
  void power_on(Nanoseconds now) override;
  void fill_eeprom(const std::vector<std::uint8_t>& contents) override;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace flm::sim

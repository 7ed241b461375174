// A controller with a probe program and the models under test, and what the program reports.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "sim/image/chip/chip.hpp"
#include "sim/image/chip/clock_prescaler.hpp"
#include "sim/image/chip/eeprom.hpp"
#include "sim/image/chip/interrupts.hpp"
#include "sim/image/chip/watchdog.hpp"
#include "sim/image/pins/adc.hpp"
#include "sim/image/pins/spi_slave.hpp"
#include "sim/image/pins/supply.hpp"
#include "sim/image/recorder.hpp"

namespace flm::sim::test {

inline std::string probe(const std::string& name) { return std::string(FLM_PROBE_DIR) + "/" + name + ".elf"; }

/// An ATmega168P at 16 MHz. The probe finds `mode` in GPIOR1.
class ProbeBoard {
 public:
  static constexpr std::uint32_t crystal_hz = 16'000'000;
  static constexpr std::uint16_t gpior1 = 0x4A, gpior2 = 0x4B;

  struct Conversion {
    int input;
    CrystalTime start;
  };

  explicit ProbeBoard(const std::string& name, std::uint8_t mode = 0, bool starts_divided = false,
                      const BoardParts& parts = {})
      : chip(crystal_hz, starts_divided),
        interrupts(chip),
        prescaler(chip),
        adc(chip,
            [this](int input, CrystalTime start) {
              conversions.push_back({input, start});
              return static_cast<std::uint16_t>(300 + 10 * input);
            }),
        spi(chip, 0),
        eeprom(chip, parts),
        supply(chip),
        watchdog(chip, parts) {
    const ElfFile program(probe(name));
    chip.load(program);
    eeprom.load(program);
    chip.on_write<&ProbeBoard::console>(reg::gpior0, this);
    chip.data(gpior1) = mode;
  }
  ProbeBoard(const ProbeBoard&) = delete;
  ProbeBoard& operator=(const ProbeBoard&) = delete;

  /// Runs for some crystal periods, or until the program ends itself.
  void run(CrystalTime periods) {
    try {
      chip.run_until(chip.now() + periods);
    } catch (const EngineError&) {
      if (!chip.done()) throw;
    }
  }
  [[nodiscard]] std::vector<int> reports() const {
    std::vector<int> values;
    for (const Report& one : log) values.push_back(one.value);
    return values;
  }

  struct Report {
    CrystalTime time;
    int value;
  };
  std::vector<Report> log;
  std::vector<Conversion> conversions;
  Chip chip;
  Interrupts interrupts;
  ClockPrescaler prescaler;
  Adc adc;
  SpiSlave spi;
  Eeprom eeprom;
  Supply supply;
  Watchdog watchdog;

 private:
  void console(std::uint16_t address, std::uint8_t value) {
    chip.data(address) = value;
    log.push_back({chip.now(), value});
  }
};

}  // namespace flm::sim::test

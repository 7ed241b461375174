#include "sim/image/program.hpp"

#include <fmt/format.h>

#include "sim/image/chip/chip.hpp"
#include "sim/image/chip/eeprom.hpp"
#include "sim/image/chip/interrupts.hpp"

namespace flm::sim {
namespace {

constexpr std::uint32_t crystal_hz = 16'000'000;

struct Console {
  Chip& chip;
  std::string* text;
  void write(std::uint16_t address, std::uint8_t value) {
    chip.data(address) = value;
    if (text != nullptr) text->push_back(static_cast<char>(value));
  }
};

}  // namespace

int run_avr_program(const std::filesystem::path& elf, std::uint64_t max_cycles, std::string* console) {
  const ElfFile program(elf);
  Chip chip(crystal_hz, false);
  const Interrupts interrupts(chip);
  Eeprom eeprom(chip);
  Console output{chip, console};
  chip.on_write<&Console::write>(reg::gpior0, &output);
  chip.load(program);
  eeprom.load(program);
  try {
    chip.run_until(static_cast<CrystalTime>(max_cycles));
  } catch (const EngineError& error) {
    if (chip.done()) return 0;
    throw EngineError(fmt::format("{}: {}", elf.string(), error.what()));
  }
  return 1;
}

}  // namespace flm::sim

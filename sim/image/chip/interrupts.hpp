// Parts of the interrupt unit that the emulator leaves out: the cycles of an entry, flags that wait behind a
// mask, flags cleared by a 1.
#pragma once
#include <array>
#include <memory>

#include "sim/image/chip/chip.hpp"

namespace flm::sim {

/// Data sheet 7.7.1: entry takes four cycles, four more out of sleep. 7.7: a flag that is raised while its
/// interrupt is masked is remembered until the interrupt is enabled or the flag is cleared by writing 1 to
/// it.
class Interrupts {
 public:
  static constexpr unsigned entry_cycles = 4, wake_cycles = 4;

  explicit Interrupts(Chip&);

 private:
  struct Vector {
    Interrupts* owner = nullptr;
    int number = 0;
    void running(std::uint32_t on) const;
    void pending(std::uint32_t on) const;
  };
  void write_mask(std::uint16_t address, std::uint8_t value);
  void write_flags(std::uint16_t address, std::uint8_t value);

  static constexpr std::array<std::uint16_t, 5> masks = {reg::eimsk, reg::pcicr, reg::timsk0, reg::timsk1,
                                                         reg::timsk2};
  static constexpr std::array<std::uint16_t, 5> flags = {reg::eifr, reg::pcifr, reg::tifr0, reg::tifr1,
                                                         reg::tifr2};

  Chip& chip_;
  std::array<Chip::WriteHook, masks.size()> mask_hooks_;
  std::array<Vector, vector::count> vectors_;
};

}  // namespace flm::sim

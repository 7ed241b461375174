#include "sim/image/chip/interrupts.hpp"

#include "sim/image/chip/observer.hpp"

namespace flm::sim {

Interrupts::Interrupts(Chip& chip) : chip_(chip) {
  const avr_int_table_t& table = chip.avr()->interrupts;
  for (int i = 0; i < table.vector_count; ++i) {
    avr_int_vector_t& interrupt = *table.vector[i];
    Vector& vector = vectors_.at(interrupt.vector);
    vector = {this, interrupt.vector};
    Chip::on_signal<&Vector::running>(interrupt.irq + AVR_INT_IRQ_RUNNING, &vector);
    Chip::on_signal<&Vector::pending>(interrupt.irq + AVR_INT_IRQ_PENDING, &vector);
  }
  for (std::size_t i = 0; i < masks.size(); ++i)
    mask_hooks_[i] = chip.on_write<&Interrupts::write_mask>(masks[i], this);
  for (const std::uint16_t address : flags) chip.on_write<&Interrupts::write_flags>(address, this);
}

void Interrupts::Vector::running(std::uint32_t on) const {
  Chip& chip = owner->chip_;
  if (on == 0) {
    if (Observer* observer = chip.observer()) observer->handler_ends(number, chip.cycle());
    return;
  }
  const std::uint64_t entry = chip.cycle();
  chip.stall(entry_cycles + (chip.take_slept() ? wake_cycles : 0));
  if (Observer* observer = chip.observer()) observer->handler_begins(number, entry, chip.cycle());
}

void Interrupts::Vector::pending(std::uint32_t on) const {
  Observer* observer = owner->chip_.observer();
  if (on != 0 && observer != nullptr) observer->flag_raised(number, owner->chip_.cycle());
}

void Interrupts::write_mask(std::uint16_t address, std::uint8_t value) {
  for (std::size_t i = 0; i < masks.size(); ++i)
    if (masks[i] == address) mask_hooks_[i](chip_, address, value);
  avr_t* avr = chip_.avr();
  for (const Vector& vector : vectors_) {
    if (vector.owner == nullptr) continue;
    avr_int_vector_t& interrupt = chip_.interrupt(vector.number);
    if (interrupt.enable.reg == address && avr_regbit_get(avr, interrupt.enable) != 0 &&
        interrupt.raised.reg != 0 && avr_regbit_get(avr, interrupt.raised) != 0)
      avr_raise_interrupt(avr, &interrupt);
  }
}

void Interrupts::write_flags(std::uint16_t address, std::uint8_t value) {
  const std::uint8_t ones = chip_.written_ones(value);
  for (const Vector& vector : vectors_) {
    if (vector.owner == nullptr) continue;
    avr_int_vector_t& interrupt = chip_.interrupt(vector.number);
    if (interrupt.raised.reg == address && (ones >> interrupt.raised.bit & 1) != 0)
      avr_clear_interrupt(chip_.avr(), &interrupt);
  }
}

}  // namespace flm::sim

#include "sim/image/pins/supply.hpp"

#include <avr_acomp.h>
#include <avr_ioport.h>
#include <avr_timer.h>

namespace flm::sim {
namespace {

constexpr std::uint32_t good_supply_mv = 1134;  ///< at AIN1: 5 V * 22k / (75k + 22k)
constexpr std::uint32_t low_supply_mv = 1000;   ///< at AIN1, from 4.4 V
constexpr std::uint64_t canceler_cycles = 4;    ///< 16.6.2: four equal samples, of the system clock

avr_irq_t* comparator(const Chip& chip, int index) {
  return avr_io_getirq(chip.avr(), AVR_IOCTL_ACOMP_GETIRQ, index);
}
avr_irq_t* capture_input(const Chip& chip) {
  return avr_io_getirq(chip.avr(), AVR_IOCTL_TIMER_GETIRQ('1'), TIMER_IRQ_IN_ICP);
}

}  // namespace

Supply::Supply(Chip& chip) : chip_(chip), canceler_(chip, [this] { capture(); }) {
  control_ = chip.on_write<&Supply::write_control>(reg::acsr, this);
  Chip::on_signal<&Supply::output>(comparator(chip, ACOMP_IRQ_OUT), this);
  connect();
  chip.on_reset([this] { connect(); });
}

/// The emulator starts AIN1 at 0 V, which is a power failure, and wires PB0, the LED, to timer 1's capture
/// input although the comparator drives it; a reset wires it again, and leaves both outputs where they were.
void Supply::connect() {
  output_ = false;
  capture_input(chip_)->value = 0;
  disconnect_capture();
  raise_divider();
}

void Supply::disconnect_capture() const {
  avr_unconnect_irq(avr_io_getirq(chip_.avr(), AVR_IOCTL_IOPORT_GETIRQ('B'), 0), capture_input(chip_));
  avr_unconnect_irq(comparator(chip_, ACOMP_IRQ_OUT), capture_input(chip_));
}

void Supply::raise_divider() const {
  avr_raise_irq(comparator(chip_, ACOMP_IRQ_AIN1), low_ ? low_supply_mv : good_supply_mv);
}

void Supply::set_low(bool low) {
  low_ = low;
  raise_divider();
}

/// ACO cannot be written, ACI is cleared by writing 1 (23.3.2). The emulator connects the comparator to the
/// capture unit without the noise canceler in between.
void Supply::write_control(std::uint16_t address, std::uint8_t value) {
  const std::uint8_t before = chip_.data(address);
  const unsigned flag = before & aci & ~unsigned{chip_.written_ones(value)};
  control_(chip_, address, static_cast<std::uint8_t>((value & ~unsigned{aco | aci}) | (before & aco) | flag));
  disconnect_capture();
}

void Supply::output(std::uint32_t high) {
  output_ = high != 0;
  canceler_.cancel();
  if ((chip_.data(reg::tccr1b) & icnc1) != 0)
    canceler_.at_cycle(chip_.cycle() + canceler_cycles);
  else
    capture();
}

/// The emulator's capture unit selects the edge, and copies the count.
void Supply::capture() {
  if ((chip_.data(reg::acsr) & acic) != 0) avr_raise_irq(capture_input(chip_), output_ ? 1 : 0);
}

}  // namespace flm::sim

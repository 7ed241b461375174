#include "sim/image/supply.hpp"

#include <avr_acomp.h>
#include <avr_ioport.h>
#include <avr_timer.h>

namespace flm::sim {
namespace {
constexpr std::uint32_t good_supply_mv = 1134;  ///< at AIN1: 5 V * 22k / (75k + 22k)
}

Supply::Supply(Chip& chip) : chip_(chip) {
  connect();
  chip.on_reset([this] { connect(); });
}

/// The emulator starts AIN1 at 0 V, which is a power failure, and wires PB0, the LED, to timer 1's capture input although the
/// comparator drives it; a reset wires it again.
void Supply::connect() {
  avr_t* avr = chip_.avr();
  avr_raise_irq(avr_io_getirq(avr, AVR_IOCTL_ACOMP_GETIRQ, ACOMP_IRQ_AIN1), good_supply_mv);
  avr_unconnect_irq(avr_io_getirq(avr, AVR_IOCTL_IOPORT_GETIRQ('B'), 0),
                    avr_io_getirq(avr, AVR_IOCTL_TIMER_GETIRQ('1'), TIMER_IRQ_IN_ICP));
}

}  // namespace flm::sim

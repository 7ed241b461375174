#include "sim/image/chip/watchdog.hpp"

namespace flm::sim {
namespace {
constexpr std::uint64_t window_cycles = 4;
}

Watchdog::Watchdog(Chip& chip, const BoardParts& parts)
    : chip_(chip), rc_percent_(parts.rc_percent), end_(chip, [this] { expire(); }) {
  chip.on_write<&Watchdog::write>(reg::wdtcsr, this);
  Chip::on_signal<&Watchdog::handler>(chip.interrupt(vector::watchdog).irq + AVR_INT_IRQ_RUNNING, this);
  feed_.owner = this;
  feed_.io.kind = "watchdog feed";
  feed_.io.ioctl = [](avr_io_t* io, std::uint32_t request, void*) {
    if (request != AVR_IOCTL_WATCHDOG_RESET) return -1;
    reinterpret_cast<Feed*>(io)->owner->restart();
    return 0;
  };
  avr_register_io(chip.avr(), &feed_.io);
  chip.on_reset([this] { reset(); });
}

/// The watchdog starts from zero.
void Watchdog::restart() {
  const unsigned control = chip_.data(reg::wdtcsr);
  if ((control & (wde | wdie)) == 0) {
    end_.cancel();
    return;
  }
  const unsigned prescaler = (control & wdp_low) | ((control & wdp3) != 0 ? 8u : 0u);
  end_.cancel();
  end_.at(chip_.now() + chip_.clock().crystal(rc_time(time_out(prescaler), rc_percent_)));
}

void Watchdog::write(std::uint16_t, std::uint8_t value) {
  const std::uint8_t before = chip_.data(reg::wdtcsr);
  const bool change = chip_.cycle() <= change_until_ && change_until_ != 0;
  constexpr std::uint8_t prescaler_bits = wdp3 | wdp_low;
  unsigned control = (value & (wdie | wdce)) | (before & wdif);
  control |= change ? value & (wde | prescaler_bits) : (before & (wde | prescaler_bits)) | (value & wde);
  if ((chip_.data(reg::mcusr) & wdrf) != 0) control |= wde;  // 11.9.2: WDE is overridden by WDRF.
  change_until_ = (value & wdce) != 0 && (value & wde) != 0 ? chip_.cycle() + window_cycles : 0;
  if (!change && (value & prescaler_bits) != (before & prescaler_bits) && change_until_ == 0)
    chip_.warn("the watchdog's prescaler was written without WDCE or too late: WDTCSR keeps its value");
  const bool clear = (value & wdif) != 0;
  chip_.data(reg::wdtcsr) = static_cast<std::uint8_t>(control & ~unsigned{wdce});
  if (clear) chip_.clear(vector::watchdog);
  if ((control & (wde | wdie | prescaler_bits)) != (before & (wde | wdie | prescaler_bits))) restart();
}

void Watchdog::expire() {
  const std::uint8_t control = chip_.data(reg::wdtcsr);
  const bool interrupts = (control & wdie) != 0 && (control & wdif) == 0;
  if (!interrupts && (control & wde) != 0) {
    chip_.reset_soon();
    return;
  }
  chip_.raise(vector::watchdog);
  restart();
}

/// With WDE set, the interrupt's execution hands over to the reset.
void Watchdog::handler(std::uint32_t running) {
  if (running != 0 && (chip_.data(reg::wdtcsr) & wde) != 0)
    chip_.data(reg::wdtcsr) &= static_cast<std::uint8_t>(~wdie);
}

void Watchdog::reset() {
  change_until_ = 0;
  end_.cancel();
  if ((chip_.data(reg::mcusr) & wdrf) == 0) return;
  chip_.data(reg::wdtcsr) = wde;
  restart();
}

}  // namespace flm::sim

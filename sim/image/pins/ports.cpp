#include "sim/image/pins/ports.hpp"

#include <avr_ioport.h>

#include "sim/image/chip/observer.hpp"

namespace flm::sim {
namespace {

constexpr std::uint8_t led_bit = 1;             ///< PB0, active low, on both boards
constexpr std::uint8_t analog_bit = 1 << 2;     ///< PC2
constexpr std::uint8_t invert_rx_bit = 1 << 5;  ///< PD5

/// Address of PINx; DDRx and PORTx follow it.
std::uint16_t pin_register(char io_port) {
  return static_cast<std::uint16_t>(reg::pinb + 3 * (io_port - 'B'));
}

avr_irq_t* signal(const Chip& chip, char io_port, int index) {
  return avr_io_getirq(chip.avr(), AVR_IOCTL_IOPORT_GETIRQ(static_cast<std::uint32_t>(io_port)), index);
}

}  // namespace

Ports::Ports(Chip& chip, const BoardModel& board, Contacts contacts)
    : chip_(chip), board_(board), contacts_(std::move(contacts)), edge_(chip, [this] { edge(); }) {
  watch(watch_c_, 'C');
  watch(watch_d_, 'D');
  Chip::on_signal<&Ports::led_changed>(signal(chip, 'B', IOPORT_IRQ_REG_PORT), this);
  chip.on_reset([this] { start(); });
  start();
}

/// After a loss of power the contacts are not where they were.
void Ports::start() {
  time_ = chip_.clock().nanoseconds(chip_.now());
  apply_now('C');
  apply_now('D');
  schedule_edge();
}

void Ports::watch(Watch& watch, char io_port) {
  watch.owner = this;
  watch.io_port = io_port;
  const std::uint16_t pins = pin_register(io_port);
  for (std::size_t i = 0; i < watch.hooks.size(); ++i)
    watch.hooks[i] = chip_.on_write<&Watch::write>(static_cast<std::uint16_t>(pins + i), &watch);
}

/// The contacts are applied before the emulator acts on the write, which would otherwise lift a pin that is
/// held low.
void Ports::Watch::write(std::uint16_t address, std::uint8_t value) {
  Chip& chip = owner->chip_;
  const std::uint16_t pins = pin_register(io_port);
  const auto which = static_cast<std::size_t>(address - pins);
  std::uint8_t direction = chip.data(static_cast<std::uint16_t>(pins + 1));
  std::uint8_t output = chip.data(static_cast<std::uint16_t>(pins + 2));
  if (which == 0) {
    value = chip.written_ones(value);
    output ^= value;  // a 1 written to PINx toggles PORTx: 14.2.2
  } else {
    (which == 1 ? direction : output) = value;
  }
  owner->apply(io_port, output, direction);
  hooks.at(which)(chip, address, value);
}

bool Ports::led() const {
  return (chip_.data(reg::ddrb) & led_bit) != 0 && (chip_.data(reg::portb) & led_bit) == 0;
}

bool Ports::analog_front_end() const {
  if (board_.switched_ports.empty()) return true;
  return (chip_.data(reg::ddrc) & chip_.data(reg::portc) & analog_bit) != 0;
}

bool Ports::inverts_rx() const {
  return board_.inverts_meter_line && (chip_.data(reg::ddrd) & chip_.data(reg::portd) & invert_rx_bit) != 0;
}

void Ports::led_changed(std::uint32_t output) const {
  Observer* observer = chip_.observer();
  if (observer != nullptr && (output & led_bit) != 0) observer->led_goes_dark(chip_.now());
}

void Ports::schedule_edge() {
  next_time_ = contacts_.next_edge(time_);
  edge_.cancel();
  if (next_time_ != kNever) edge_.at(chip_.clock().crystal(next_time_));
}

void Ports::edge() {
  time_ = next_time_;
  apply_now('C');
  apply_now('D');
  schedule_edge();
}

void Ports::apply_now(char io_port) {
  const std::uint16_t pins = pin_register(io_port);
  apply(io_port, chip_.data(static_cast<std::uint16_t>(pins + 2)),
        chip_.data(static_cast<std::uint16_t>(pins + 1)));
}

void Ports::apply(char io_port, std::uint8_t output, std::uint8_t direction) {
  const bool analog = board_.switched_ports.empty() ||
                      (io_port == 'C' ? (output & direction & analog_bit) != 0 : analog_front_end());
  avr_ioport_external_t external{};
  external.name = static_cast<unsigned>(io_port) & 0x7F;
  std::uint8_t mask = 0, value = 0;
  for (const PulsePort& port : board_.pulse_inputs) {
    if (port.io_port != io_port) continue;
    const auto bit = static_cast<std::uint8_t>(1 << port.bit);
    if ((direction & bit) != 0) continue;
    mask |= bit;
    const bool connected = !port.when_analog_off || !analog;
    const bool pulled_up = (output & bit) != 0;
    if (connected && pulled_up && contacts_.open(port.port, time_)) value |= bit;
  }
  if (mask == 0) return;
  external.mask = mask;
  external.value = value;
  avr_ioctl(chip_.avr(), AVR_IOCTL_IOPORT_SET_EXTERNAL(static_cast<std::uint32_t>(io_port)), &external);
  for (int bit = 0; bit < 8; ++bit)
    if ((mask >> bit & 1) != 0) avr_raise_irq(signal(chip_, io_port, bit), value >> bit & 1);
}

}  // namespace flm::sim

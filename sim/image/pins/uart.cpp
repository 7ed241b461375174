#include "sim/image/pins/uart.hpp"

#include <avr_ioport.h>

#include <bit>

namespace flm::sim {
namespace {
// Register summary: UCSR0A, UCSR0B, UBRR0L, UBRR0H, UDR0.
constexpr std::uint16_t ucsr0a = 0xC0, ucsr0b = 0xC1, ucsr0c = 0xC2, ubrr0l = 0xC4, ubrr0h = 0xC5,
                        udr0 = 0xC6;
constexpr unsigned frame_bits = 10;  ///< bits of an 8N1 or 7E1 frame

/// Address of DDRx; PORTx follows it.
std::uint16_t direction_register(const OutputPin& pin) {
  return static_cast<std::uint16_t>(reg::ddrb + 3 * (pin.io_port - 'B'));
}
avr_irq_t* signal(const Chip& chip, const OutputPin& pin, int index) {
  return avr_io_getirq(chip.avr(), AVR_IOCTL_IOPORT_GETIRQ(static_cast<std::uint32_t>(pin.io_port)), index);
}
}  // namespace

Uart::Uart(Chip& chip, const SerialLine& line, std::optional<OutputPin> driver_enable)
    : chip_(chip),
      line_(line),
      arrival_(chip, [this] { arrive(); }),
      shift_(chip, [this] { shifted(); }),
      driver_enable_(driver_enable) {
  if (driver_enable_) {
    Chip::on_signal<&Uart::enable_written>(signal(chip, *driver_enable_, IOPORT_IRQ_REG_PORT), this);
    Chip::on_signal<&Uart::direction_written>(signal(chip, *driver_enable_, IOPORT_IRQ_DIRECTION_ALL), this);
  }
  chip.on_write<&Uart::write_data>(udr0, this);
  chip.on_read<&Uart::read_data>(udr0, this);
  chip.on_write<&Uart::write_status>(ucsr0a, this);
  chip.on_read<&Uart::read_status>(ucsr0a, this);
  chip.on_write<&Uart::write_control>(ucsr0b, this);
  Chip::on_signal<&Uart::handler>(chip.interrupt(vector::usart_rx).irq + AVR_INT_IRQ_RUNNING, this);
  Chip::on_signal<&Uart::handler>(chip.interrupt(vector::usart_empty).irq + AVR_INT_IRQ_RUNNING, this);
  Chip::on_signal<&Uart::sent_handler>(chip.interrupt(vector::usart_sent).irq + AVR_INT_IRQ_RUNNING, this);
  chip.on_reset([this] { reset(); });
  reset();
}

void Uart::reset() {
  shift_.cancel();
  received_.clear();
  overrun_ = shifting_ = waiting_ = complete_ = false;
  const Nanoseconds now = chip_.clock().nanoseconds(chip_.now());
  while (line_.next() < now) line_.take();
  drive(0, 0);
  listen();
  follow();
}

void Uart::enable_written(std::uint32_t output) {
  drive(chip_.data(direction_register(*driver_enable_)), output);
}
void Uart::direction_written(std::uint32_t outputs) {
  drive(outputs, chip_.data(static_cast<std::uint16_t>(direction_register(*driver_enable_) + 1)));
}

void Uart::drive(unsigned direction, unsigned output) {
  const bool drives =
      driver_enable_ && (direction & output & 1u << static_cast<unsigned>(driver_enable_->bit)) != 0;
  if (drives != drives_) drive_changed_ = chip_.now();
  drives_ = drives;
}

void Uart::listen() {
  arrival_.cancel();
  if (const Nanoseconds next = line_.next(); next != kNever) arrival_.at(chip_.clock().crystal(next));
}

std::uint64_t Uart::bit_cycles() const {
  const unsigned divider = (chip_.data(ubrr0l) | static_cast<unsigned>(chip_.data(ubrr0h) & 0xF) << 8) + 1;
  return std::uint64_t{divider} * ((chip_.data(ucsr0a) & u2x) != 0 ? 8 : 16);
}

void Uart::arrive() {
  const SerialLine::Byte byte = line_.take();
  listen();
  if (driver_enable_ &&
      (drives_ || drive_changed_ > chip_.clock().crystal(byte.end - frame_bits * byte.bit))) {
    chip_.warn("two drivers on the RS-485 line: a byte came while the board's transceiver was in transmit");
    return;
  }
  if ((chip_.data(ucsr0b) & rxen) == 0) return;
  const Nanoseconds bit = chip_.clock().nanoseconds(chip_.clock().at(chip_.cycle() + bit_cycles())) -
                          chip_.clock().nanoseconds(chip_.now());
  const bool heard = bit > byte.bit * 95 / 100 && bit < byte.bit * 105 / 100;
  if (received_.size() == 3) {  // 20.7.4: the one in the shift register is lost, and the next one says so.
    overrun_ = true;
    return;
  }
  // Seven bits and even parity, or eight and none: the one other frame that has as many bits.
  const bool seven = (chip_.data(ucsr0c) & 0x3E) == 0x24;
  const int data = heard ? (seven ? byte.data & 0x7F : byte.data) : 0;
  const bool parity_error = heard && seven && std::popcount(byte.data) % 2 != 0;
  received_.push_back(
      {static_cast<std::uint8_t>(data), byte.framing_error || !heard, parity_error, overrun_});
  overrun_ = false;
  follow();
}

void Uart::shift(std::uint8_t byte) {
  shifted_byte_ = byte;
  shifting_ = true;
  shift_begin_ = chip_.now();
  shift_.at_cycle(chip_.cycle() + frame_bits * bit_cycles());
}

void Uart::shifted() {
  if (!driver_enable_ || (drives_ && drive_changed_ <= shift_begin_)) sent_.push_back(shifted_byte_);
  shifting_ = false;
  if (waiting_) {
    waiting_ = false;
    shift(waiting_byte_);
  } else {
    complete_ = true;
  }
  follow();
}

void Uart::write_data(std::uint16_t, std::uint8_t value) {
  if ((chip_.data(ucsr0b) & txen) == 0) return;
  if (!shifting_) {
    shift(value);
  } else if (waiting_) {
    chip_.warn("a byte was written to UDR0 while an earlier one waited: it is lost");
  } else {
    waiting_ = true;
    waiting_byte_ = value;
  }
  follow();
}

std::uint8_t Uart::read_data(std::uint16_t address) {
  if (received_.empty()) return chip_.data(address);
  const std::uint8_t data = received_.front().data;
  received_.pop_front();
  follow();
  return data;
}

std::uint8_t Uart::read_status(std::uint16_t) {
  unsigned status = chip_.data(ucsr0a) & u2x;
  if (!received_.empty()) {
    status |= rxc;
    if (received_.front().framing_error) status |= fe;
    if (received_.front().overrun) status |= dor;
    if (received_.front().parity_error) status |= upe;
  }
  if (!waiting_) status |= udre;
  if (complete_) status |= txc;
  return static_cast<std::uint8_t>(status);
}

void Uart::write_status(std::uint16_t, std::uint8_t value) {
  chip_.data(ucsr0a) = value & u2x;
  if ((chip_.written_ones(value) & txc) != 0) complete_ = false;
  follow();
}

void Uart::write_control(std::uint16_t address, std::uint8_t value) {
  chip_.data(address) = value;
  if ((value & rxen) == 0) received_.clear();
  follow();
}

/// Raises again, at a handler's end, the interrupts whose cause is still there.
void Uart::handler(std::uint32_t running) {
  if (running == 0) follow();
}
/// 20.6.3: executing the interrupt clears the flag.
void Uart::sent_handler(std::uint32_t running) {
  if (running != 0) complete_ = false;
  follow();
}

void Uart::follow() {
  const std::uint8_t control = chip_.data(ucsr0b);
  const auto is = [&](int vector, bool wanted) {
    if (wanted)
      chip_.raise(vector);
    else
      chip_.clear(vector);
  };
  is(vector::usart_rx, !received_.empty() && (control & rxcie) != 0);
  is(vector::usart_empty, !waiting_ && (control & udrie) != 0 && (control & txen) != 0);
  is(vector::usart_sent, complete_ && (control & txcie) != 0);
}

}  // namespace flm::sim

#include "sim/image/pins/radio_port.hpp"

#include <avr_ioport.h>

namespace flm::sim {
namespace {
// Register summary: UCSR0A, UCSR0B, UCSR0C, UBRR0L, UBRR0H, UDR0.
constexpr std::uint16_t ucsr0a = 0xC0, ucsr0b = 0xC1, ucsr0c = 0xC2, ubrr0l = 0xC4, ubrr0h = 0xC5,
                        udr0 = 0xC6;
}  // namespace

RadioPort::RadioPort(Chip& chip, RadioChip& radio, int select_bit, int request_bit)
    : chip_(chip),
      radio_(radio),
      byte_(chip, [this] { byte_done(); }),
      event_(chip, [this] { follow(); }),
      request_(avr_io_getirq(chip.avr(), AVR_IOCTL_IOPORT_GETIRQ('D'), request_bit)) {
  uart_write_ = chip.on_write<&RadioPort::write_data>(udr0, this);
  chip.on_read<&RadioPort::read_data>(udr0, this);
  chip.on_read<&RadioPort::read_status>(ucsr0a, this);
  Chip::on_signal<&RadioPort::select>(avr_io_getirq(chip.avr(), AVR_IOCTL_IOPORT_GETIRQ('D'), select_bit),
                                      this);
  const auto start = [this] {
    byte_.cancel();
    busy_ = selected_ = false;
    waiting_.clear();
    received_.clear();
    low_ = false;
    avr_raise_irq(request_, 1);
    follow();
  };
  chip.on_reset(start);
  start();
}

bool RadioPort::is_spi() const {
  return (chip_.data(ucsr0c) & spi_master) == spi_master && (chip_.data(ucsr0b) & txen) != 0;
}

void RadioPort::write_data(std::uint16_t address, std::uint8_t value) {
  if (!is_spi()) {
    uart_write_(chip_, address, value);
    return;
  }
  if (!waiting_.empty()) {
    ++lost_;
    return;
  }
  waiting_.push_back(value);
  if (!busy_) begin();
}

void RadioPort::begin() {
  shifted_ = waiting_.front();
  waiting_.pop_front();
  busy_ = true;
  const unsigned divider = chip_.data(ubrr0l) | static_cast<unsigned>(chip_.data(ubrr0h) & 0xF) << 8;
  byte_.at_cycle(chip_.cycle() + std::uint64_t{16} * (divider + 1));
}

void RadioPort::byte_done() {
  busy_ = false;
  const std::uint8_t in = exchange(shifted_);
  if ((chip_.data(ucsr0b) & rxen) != 0) {
    if (received_.size() == 2)
      ++lost_;
    else
      received_.push_back(in);
  }
  if (!waiting_.empty()) begin();
}

/// A status read is known by its first bit, a read of the FIFO by its first byte; other words answer nothing.
std::uint8_t RadioPort::exchange(std::uint8_t sent) {
  if (!selected_) return 0xFF;
  follow();
  if (byte_of_word_++ == 0) {
    first_ = sent;
    answer_ = (sent & 0x80) == 0 ? radio_.word(0) : 0;
    follow();
    return static_cast<std::uint8_t>(answer_ >> 8);
  }
  ++words_;
  if ((first_ & 0x80) != 0) answer_ = radio_.word(static_cast<std::uint16_t>(first_ << 8 | sent));
  follow();
  return static_cast<std::uint8_t>(answer_ & 0xFF);
}

void RadioPort::select(std::uint32_t level) {
  selected_ = level == 0;
  byte_of_word_ = 0;
}

std::uint8_t RadioPort::read_data(std::uint16_t address) {
  if (!is_spi() || received_.empty()) return chip_.data(address);
  const std::uint8_t byte = received_.front();
  received_.pop_front();
  return byte;
}

std::uint8_t RadioPort::read_status(std::uint16_t address) {
  if (!is_spi()) return chip_.data(address);
  return static_cast<std::uint8_t>((received_.empty() ? 0 : rxc) | (waiting_.empty() ? udre : 0) |
                                   (busy_ ? 0 : txc));
}

void RadioPort::follow() {
  radio_.advance(chip_.clock().nanoseconds(chip_.now()));
  const bool low = radio_.request();
  if (low != low_) {
    low_ = low;
    avr_raise_irq(request_, low ? 0 : 1);
  }
  const Nanoseconds next = radio_.next_event();
  if (next == kNever)
    event_.cancel();
  else
    event_.at(chip_.clock().crystal(next));
}

}  // namespace flm::sim

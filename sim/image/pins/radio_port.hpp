// USART 0 as SPI master (data sheet 8271, chapter 21), which the emulator leaves out, with a radio chip on it
// and on INT0.
#pragma once
#include <cstdint>
#include <deque>

#include "sim/engine/radio_chip.hpp"
#include "sim/image/chip/chip.hpp"

namespace flm::sim {

/// While UCSR0C says SPI master, a byte written to UDR0 takes 16 (UBRR0 + 1) CPU cycles; one more waits
/// behind it, and two received ones are kept. The chip's select is a pin of port D, low; its nIRQ drives PD2.
class RadioPort {
 public:
  RadioPort(Chip&, RadioChip&, int select_bit = 3, int request_bit = 2);

  /// Goes on to the present. Also after a change from outside: to the air, or to the chip.
  void follow();

  /// Words that the chip has got, and bytes that were lost: written or received with no room.
  [[nodiscard]] int words() const { return words_; }
  [[nodiscard]] int lost() const { return lost_; }

 private:
  enum : std::uint8_t { rxc = 0x80, txc = 0x40, udre = 0x20, rxen = 0x10, txen = 0x08, spi_master = 0xC0 };
  void write_data(std::uint16_t address, std::uint8_t value);
  std::uint8_t read_data(std::uint16_t address);
  std::uint8_t read_status(std::uint16_t address);
  void select(std::uint32_t level);
  void begin();
  void byte_done();
  std::uint8_t exchange(std::uint8_t sent);
  [[nodiscard]] bool is_spi() const;

  Chip& chip_;
  RadioChip& radio_;
  Event byte_, event_;
  avr_irq_t* request_;
  Chip::WriteHook uart_write_;
  bool selected_ = false, busy_ = false, low_ = false;
  std::uint8_t shifted_ = 0;
  std::deque<std::uint8_t> waiting_, received_;
  int byte_of_word_ = 0;
  std::uint8_t first_ = 0;
  std::uint16_t answer_ = 0;
  int words_ = 0, lost_ = 0;
};

}  // namespace flm::sim

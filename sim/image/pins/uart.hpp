// USART 0 as UART (data sheet 8271, chapter 20), with a serial line on it. The emulator's own paces frames of
// 11 bits.
#pragma once
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "sim/image/chip/chip.hpp"
#include "sim/scenario/board_model.hpp"  // OutputPin
#include "sim/world/serial_line.hpp"

namespace flm::sim {

/// Asynchronous mode: two received bytes are kept after the one that is shifted in, one to send waits for
/// the one that is shifted out. A receiver at a bit rate that is not the line's gets bytes without a stop
/// bit.
///
/// With a transceiver at its end the line is half duplex: a byte gets through only when the driver was off
/// (to the board) or on (from the board) from its start bit to its stop bit. A byte that comes while the
/// driver is on collides, and is reported.
class Uart {
 public:
  /// driver_enable: the pin that switches the transceiver to transmit; without one both directions are always
  /// open.
  Uart(Chip&, const SerialLine&, std::optional<OutputPin> driver_enable = {});

  /// Bytes that the board has sent on the line.
  [[nodiscard]] const std::vector<std::uint8_t>& sent() const { return sent_; }

 private:
  enum : std::uint8_t { rxc = 0x80, txc = 0x40, udre = 0x20, fe = 0x10, dor = 0x08, upe = 0x04, u2x = 0x02 };
  enum : std::uint8_t { rxcie = 0x80, txcie = 0x40, udrie = 0x20, rxen = 0x10, txen = 0x08 };
  struct Received {
    std::uint8_t data;
    bool framing_error, parity_error, overrun;
  };

  void write_data(std::uint16_t address, std::uint8_t value);
  std::uint8_t read_data(std::uint16_t address);
  void write_status(std::uint16_t address, std::uint8_t value);
  std::uint8_t read_status(std::uint16_t address);
  void write_control(std::uint16_t address, std::uint8_t value);
  void handler(std::uint32_t running);
  void sent_handler(std::uint32_t running);
  void arrive();
  void shifted();
  void shift(std::uint8_t byte);
  void reset();
  void listen();
  void enable_written(std::uint32_t output);
  void direction_written(std::uint32_t outputs);
  void drive(unsigned direction, unsigned output);
  /// Raises and clears the interrupts of what is the case.
  void follow();
  [[nodiscard]] std::uint64_t bit_cycles() const;

  Chip& chip_;
  SerialLine::Reader line_;
  Event arrival_, shift_;
  std::deque<Received> received_;
  bool overrun_ = false;
  std::optional<OutputPin> driver_enable_;
  bool drives_ = false;
  CrystalTime drive_changed_ = 0;  ///< when drives_ did
  CrystalTime shift_begin_ = 0;
  bool shifting_ = false, waiting_ = false, complete_ = false;
  std::uint8_t shifted_byte_ = 0, waiting_byte_ = 0;
  std::vector<std::uint8_t> sent_;
};

}  // namespace flm::sim

// The ATmega168P's SPI as a slave (data sheet, chapter 19): one shift register, single-buffered out,
// double-buffered in.
#pragma once
#include <cstdint>

#include "sim/image/chip/chip.hpp"
#include "sim/scenario/time.hpp"

namespace flm::sim {

/// Replaces the emulator's SPI. A byte takes time: SPDR written meanwhile is lost and sets WCOL (19.5.2).
/// A byte that is not written before the next one is not sent: the shift register then returns what it has
/// just received. SCK is sampled with the CPU's clock and must be high and low for more than two cycles each
/// (19.2): where it lasts no longer than one, both directions carry anything.
class SpiSlave {
 public:
  /// spi_mode: the mode that the main board clocks in (CPOL * 2 + CPHA). byte_time: how long it takes for a
  /// byte.
  SpiSlave(Chip&, int spi_mode, Nanoseconds byte_time = 8'000);

  /// The first clock edge of a byte: what the board sends. 0 while the chip does not drive MISO.
  std::uint8_t begin();
  /// The last clock edge: the byte that the main board has sent.
  void end(std::uint8_t received);

 private:
  enum : std::uint8_t {
    spie = 0x80,
    spe = 0x40,
    dord = 0x20,
    mstr = 0x10,
    spif = 0x80,
    wcol = 0x40,
    miso = 0x10
  };

  void write_control(std::uint16_t address, std::uint8_t value);
  void write_status(std::uint16_t address, std::uint8_t value);
  void write_data(std::uint16_t address, std::uint8_t value);
  std::uint8_t read_status(std::uint16_t address);
  std::uint8_t read_data(std::uint16_t address);
  void access_data();
  [[nodiscard]] bool enabled() const { return (chip_.data(reg::spcr) & (spe | mstr)) == spe; }
  [[nodiscard]] std::uint8_t on_the_wire(std::uint8_t byte) const;
  [[nodiscard]] std::uint8_t sampled(std::uint8_t byte) const;

  Chip& chip_;
  int spi_mode_;
  Nanoseconds byte_time_;
  bool busy_ = false;
  bool status_read_ = false;  ///< SPSR was read with a flag set: the next access to SPDR clears it
  std::uint8_t shift_ = 0;
  std::uint8_t received_ = 0;
};

}  // namespace flm::sim

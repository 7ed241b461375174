#include "sim/image/pins/spi_slave.hpp"

#include <fmt/format.h>

#include "sim/image/chip/observer.hpp"
#include "sim/scenario/random.hpp"

namespace flm::sim {

SpiSlave::SpiSlave(Chip& chip, int spi_mode, Nanoseconds byte_time)
    : chip_(chip), spi_mode_(spi_mode), byte_time_(byte_time) {
  chip.on_write<&SpiSlave::write_control>(reg::spcr, this);
  chip.on_write<&SpiSlave::write_status>(reg::spsr, this);
  chip.on_write<&SpiSlave::write_data>(reg::spdr, this);
  chip.on_read<&SpiSlave::read_status>(reg::spsr, this);
  chip.on_read<&SpiSlave::read_data>(reg::spdr, this);
  chip.on_reset([this] {
    busy_ = status_read_ = false;
    shift_ = received_ = 0;
  });
}

/// Bits as the other side sees them: with the wrong clock mode every bit is taken half a clock late.
std::uint8_t SpiSlave::on_the_wire(std::uint8_t byte) const {
  const std::uint8_t control = chip_.data(reg::spcr);
  if ((control & dord) != 0) chip_.warn("the SPI sends the least significant bit first: SPCR DORD is set");
  if ((control >> 2 & 3) == spi_mode_) return byte;
  chip_.warn("the SPI is not in the main board's mode: SPCR CPOL, CPHA");
  return static_cast<std::uint8_t>(byte >> 1);
}

/// A byte as the slave reads it when SCK is sampled at the CPU's clock.
std::uint8_t SpiSlave::sampled(std::uint8_t byte) const {
  const std::int64_t billionths =
      byte_time_ / 16 * chip_.clock().cpu_hz();  // of a CPU cycle, that SCK is high or low
  if (billionths > 1'000'000'000) return byte;
  chip_.warn(
      fmt::format("an SPI byte at a CPU clock of {:g} MHz: SCK is high and low for {:.2g} cycles, and should "
                  "be for more than two (data sheet 19.2)",
                  chip_.clock().cpu_hz() / 1e6, static_cast<double>(billionths) * 1e-9));
  return static_cast<std::uint8_t>(mixed(chip_.cycle() + byte));
}

std::uint8_t SpiSlave::begin() {
  if (!enabled()) return 0;
  busy_ = true;
  if (Observer* observer = chip_.observer()) observer->spi_byte_begins(chip_.now());
  return (chip_.data(reg::ddrb) & miso) != 0 ? sampled(on_the_wire(shift_)) : 0;
}

void SpiSlave::end(std::uint8_t received) {
  if (!busy_) return;
  busy_ = false;
  const bool unread = (chip_.data(reg::spsr) & spif) != 0;
  shift_ = received_ = sampled(on_the_wire(received));
  if (Observer* observer = chip_.observer()) observer->spi_byte_ends(chip_.now(), received, unread);
  chip_.raise(vector::spi);
}

void SpiSlave::write_control(std::uint16_t address, std::uint8_t value) {
  chip_.data(address) = value;
  if ((value & spe) == 0) busy_ = false;
  if ((value & spie) != 0 && (chip_.data(reg::spsr) & spif) != 0) chip_.raise(vector::spi);
}

void SpiSlave::write_status(std::uint16_t address, std::uint8_t value) {
  chip_.data(address) = static_cast<std::uint8_t>((chip_.data(address) & (spif | wcol)) | (value & 1));
}

std::uint8_t SpiSlave::read_status(std::uint16_t address) {
  const std::uint8_t status = chip_.data(address);
  if ((status & (spif | wcol)) != 0) status_read_ = true;
  return status;
}

/// 19.5.2: SPIF and WCOL are cleared by reading SPSR with the flag set and then accessing SPDR.
void SpiSlave::access_data() {
  if (!status_read_) return;
  status_read_ = false;
  if ((chip_.data(reg::spsr) & spif) != 0) chip_.clear(vector::spi);
  chip_.data(reg::spsr) &= static_cast<std::uint8_t>(~wcol);
}

void SpiSlave::write_data(std::uint16_t, std::uint8_t value) {
  access_data();
  if (!busy_) {
    shift_ = value;
    if (Observer* observer = chip_.observer()) observer->spi_data_written(chip_.now());
    return;
  }
  chip_.data(reg::spsr) |= wcol;
  if (Observer* observer = chip_.observer()) observer->spi_collision();
}

std::uint8_t SpiSlave::read_data(std::uint16_t) {
  access_data();
  return received_;
}

}  // namespace flm::sim

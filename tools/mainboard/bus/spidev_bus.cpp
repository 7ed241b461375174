// A board on this machine's SPI, through Linux spidev.
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/spi/spidev.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <vector>

#include "tools/common/system/device_control.hpp"
#include "tools/mainboard/bus/clock.hpp"
#include "tools/mainboard/bus/transport.hpp"
#include "tools/mainboard/link/errors.hpp"

namespace flm::mainboard {
namespace {

/// An ioctl's size field has 14 bits; a transfer takes 32 bytes of it.
constexpr std::size_t kMostTransfers = 256;

class SpidevBus : public Bus {
 public:
  explicit SpidevBus(const Port& port) : path_(port.path), hz_(static_cast<std::uint32_t>(port.hz)) {
    fd_ = ::open(path_.c_str(), O_RDWR | O_CLOEXEC);
    if (fd_ < 0) cannot_open(path_, errno);
    try {
      const std::uint8_t bits = 8;
      set(SPI_IOC_WR_BITS_PER_WORD, &bits);
      set(SPI_IOC_WR_MAX_SPEED_HZ, &hz_);
    } catch (...) {
      ::close(fd_);
      throw;
    }
  }
  ~SpidevBus() override { ::close(fd_); }
  SpidevBus(const SpidevBus&) = delete;
  SpidevBus& operator=(const SpidevBus&) = delete;

  void adapt(const BoardFacts& board) override {
    const auto mode = static_cast<std::uint8_t>(board.spi_mode);
    set(SPI_IOC_WR_MODE, &mode);
    gap_us_ = static_cast<std::uint16_t>(board.byte_gap / 1us);
  }
  [[nodiscard]] bool has_modes() const override { return true; }

  /// A transfer a byte, each followed by the board's gap; the select line stays down.
  [[nodiscard]] std::string clock(std::string_view bytes) override {
    std::string received(bytes.size(), '\0');
    for (std::size_t begin = 0; begin < bytes.size(); begin += kMostTransfers) {
      const std::size_t count = std::min(kMostTransfers, bytes.size() - begin);
      std::vector<spi_ioc_transfer> transfers(count);
      for (std::size_t i = 0; i < count; ++i) {
        transfers[i].tx_buf = reinterpret_cast<std::uintptr_t>(bytes.data() + begin + i);
        transfers[i].rx_buf = reinterpret_cast<std::uintptr_t>(received.data() + begin + i);
        transfers[i].len = 1;
        transfers[i].speed_hz = hz_;
        transfers[i].bits_per_word = 8;
        transfers[i].delay_usecs = gap_us_;
      }
      const unsigned long message =
          SPI_IOC_MESSAGE(0) | static_cast<unsigned long>(count * sizeof(spi_ioc_transfer)) << _IOC_SIZESHIFT;
      if (device_control(fd_, message, transfers.data()) < 0)
        throw NoAnswer(fmt::format("{}: the transfer failed: {}", path_, std::strerror(errno)));
    }
    return received;
  }
  void wait(Time span) override { sleep_for(span); }
  [[nodiscard]] Time now() override { return steady_now(); }

 private:
  template <class T>
  void set(unsigned long request, const T* value) {
    if (device_control(fd_, request, value) < 0)
      throw InputError(fmt::format("{}: is no spidev: {}", path_, std::strerror(errno)));
  }

  std::string path_;
  int fd_ = -1;
  std::uint32_t hz_;
  std::uint16_t gap_us_ = 250;
};

}  // namespace

std::unique_ptr<Bus> open_spidev(const Port& port) { return std::make_unique<SpidevBus>(port); }

}  // namespace flm::mainboard

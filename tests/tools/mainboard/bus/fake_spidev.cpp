// LD_PRELOAD: a pseudo terminal that flmsim serves looks like a spidev to the program. In the board's SPI
// mode its bytes go through; in a different one they arrive as nothing. FAKE_SPIDEV_MODE: the board's mode;
// FAKE_SPIDEV_LOG: a file that gets each setting, and the gap and speed of each transfer where they change.
#include <dlfcn.h>
#include <linux/spi/spidev.h>
#include <poll.h>
#include <unistd.h>

#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

namespace {

int mode = 0;

void log(const char* what, unsigned value) {
  static std::FILE* file = std::fopen(std::getenv("FAKE_SPIDEV_LOG"), "w");
  std::fprintf(file, "%s %u\n", what, value);
  std::fflush(file);
}

/// A byte there, and the one that comes back.
std::uint8_t exchange(int fd, std::uint8_t byte) {
  if (mode != std::atoi(std::getenv("FAKE_SPIDEV_MODE"))) byte = 0x5A;
  if (write(fd, &byte, 1) != 1) return 0;
  pollfd ready{fd, POLLIN, 0};
  std::uint8_t back = 0;
  if (poll(&ready, 1, 2000) != 1 || read(fd, &back, 1) != 1) return 0;
  return mode == std::atoi(std::getenv("FAKE_SPIDEV_MODE")) ? back : 0;
}

int transfer(int fd, const spi_ioc_transfer* transfers, std::size_t count) {
  static unsigned gap = ~0u;
  for (std::size_t i = 0; i < count; ++i) {
    if (transfers[i].delay_usecs != gap) log("gap", gap = transfers[i].delay_usecs);
    const auto* out = reinterpret_cast<const std::uint8_t*>(static_cast<std::uintptr_t>(transfers[i].tx_buf));
    auto* in = reinterpret_cast<std::uint8_t*>(static_cast<std::uintptr_t>(transfers[i].rx_buf));
    for (std::uint32_t byte = 0; byte < transfers[i].len; ++byte) in[byte] = exchange(fd, out[byte]);
  }
  return static_cast<int>(count);
}

}  // namespace

extern "C" int ioctl(int fd, unsigned long request, ...) noexcept {
  va_list arguments;
  va_start(arguments, request);
  void* argument = va_arg(arguments, void*);
  va_end(arguments);
  if (_IOC_TYPE(request) != SPI_IOC_MAGIC) {
    using Ioctl = int (*)(int, unsigned long, ...);
    static const auto real = reinterpret_cast<Ioctl>(dlsym(RTLD_NEXT, "ioctl"));
    return real(fd, request, argument);
  }
  if (request == SPI_IOC_WR_MODE) {
    mode = *static_cast<std::uint8_t*>(argument);
    log("mode", static_cast<unsigned>(mode));
    return 0;
  }
  if (request == SPI_IOC_WR_MAX_SPEED_HZ) log("hz", *static_cast<std::uint32_t*>(argument));
  if (_IOC_NR(request) != 0) return 0;
  return transfer(fd, static_cast<const spi_ioc_transfer*>(argument),
                  _IOC_SIZE(request) / sizeof(spi_ioc_transfer));
}

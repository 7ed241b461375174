// A board or simulator behind a serial device or pseudo terminal: each byte that goes out brings one back.
#include <asm/termbits.h>  // termios2: any baud rate
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "tools/flmctl/clock.hpp"
#include "tools/flmctl/errors.hpp"
#include "tools/flmctl/transport.hpp"

namespace flm::ctl {
namespace {

/// s until a far end that gives nothing back is given up.
constexpr double kPatience = 2.0;

class SerialBus : public Bus {
 public:
  explicit SerialBus(const Port& port) : path_(port.path) {
    // Not the controlling terminal; no wait for a modem's carrier.
    fd_ = ::open(path_.c_str(), O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (fd_ < 0) cannot_open(path_, errno);
    if (ioctl(fd_, TCGETS2, &before_) != 0) {
      ::close(fd_);
      throw InputError(fmt::format("{}: is no serial device; allowed: spi:/dev/spidevB.C, a serial device, sim:SCENARIO.toml", path_));
    }
    // Bytes as they are. HUPCL, and with it DTR and RTS, stay as they were: neither may reset the board.
    termios2 raw = before_;
    raw.c_iflag = 0;
    raw.c_oflag = 0;
    raw.c_lflag = 0;
    raw.c_cflag = (before_.c_cflag & HUPCL) | CS8 | CREAD | CLOCAL | BOTHER;
    raw.c_ispeed = raw.c_ospeed = static_cast<speed_t>(port.baud);
    raw.c_cc[VMIN] = 0;
    raw.c_cc[VTIME] = 0;
    if (ioctl(fd_, TIOCEXCL) != 0 || ioctl(fd_, TCSETS2, &raw) != 0) {
      const int number = errno;
      ::close(fd_);
      throw InputError(fmt::format("{}: cannot be set to {} baud: {}", path_, port.baud, std::strerror(number)));
    }
    ioctl(fd_, TCFLSH, TCIOFLUSH);
  }
  ~SerialBus() override {
    ioctl(fd_, TCSETS2, &before_);
    ioctl(fd_, TIOCNXCL);
    ::close(fd_);
  }
  SerialBus(const SerialBus&) = delete;
  SerialBus& operator=(const SerialBus&) = delete;

  [[nodiscard]] std::string clock(std::string_view bytes) override {
    std::string received;
    std::size_t sent = 0;
    double deadline = steady_now() + kPatience;
    while (received.size() < bytes.size()) {
      pollfd ready{fd_, static_cast<short>(POLLIN | (sent < bytes.size() ? POLLOUT : 0)), 0};
      const double left = deadline - steady_now();
      if (left <= 0.0) give_up();
      if (poll(&ready, 1, static_cast<int>(left * 1e3) + 1) <= 0) continue;
      if ((ready.revents & POLLOUT) != 0) {
        const ssize_t count = ::write(fd_, bytes.data() + sent, bytes.size() - sent);
        if (count > 0) sent += static_cast<std::size_t>(count);
      }
      if ((ready.revents & POLLIN) != 0) {
        char buffer[256];
        const ssize_t count = ::read(fd_, buffer, std::min(sizeof buffer, bytes.size() - received.size()));
        if (count > 0) {
          received.append(buffer, static_cast<std::size_t>(count));
          deadline = steady_now() + kPatience;
        }
      } else if ((ready.revents & (POLLHUP | POLLERR | POLLNVAL)) != 0) {
        throw NoAnswer(fmt::format("{}: the far end has gone", path_));
      }
    }
    return received;
  }
  void wait(double seconds) override { sleep_for(seconds); }
  [[nodiscard]] double now() override { return steady_now(); }

 private:
  [[noreturn]] void give_up() const {
    throw NoAnswer(fmt::format("{}: nothing came back in {} s: no board or simulator at the far end, or it is not this device", path_, kPatience));
  }

  std::string path_;
  int fd_ = -1;
  termios2 before_{};
};

}  // namespace

std::unique_ptr<Bus> open_serial(const Port& port) { return std::make_unique<SerialBus>(port); }

}  // namespace flm::ctl

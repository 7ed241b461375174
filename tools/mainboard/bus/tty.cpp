#include "tools/mainboard/bus/tty.hpp"

#include <asm/ioctls.h>  // TCGETS2
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "tools/common/system/device_control.hpp"
#include "tools/mainboard/bus/transport.hpp"
#include "tools/mainboard/link/errors.hpp"

namespace flm::mainboard {

Tty::Tty(const std::string& path, int baud, Frame frame) {
  // Not the controlling terminal; no wait for a modem's carrier.
  fd_ = ::open(path.c_str(), O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
  if (fd_ < 0) cannot_open(path, errno);
  if (device_control(fd_, TCGETS2, &before_) != 0) {
    ::close(fd_);
    throw InputError(fmt::format(
        "{}: is no serial device{}; allowed: spi:/dev/spidevB.C, a serial device, sim:SCENARIO.toml", path,
        path.ends_with(".toml") ? fmt::format(" (did you mean 'sim:{}'?)", path) : ""));
  }
  termios2 raw = before_;
  raw.c_iflag = 0;
  raw.c_oflag = 0;
  raw.c_lflag = 0;
  raw.c_cflag =
      (before_.c_cflag & HUPCL) | (frame == Frame::seven_e1 ? CS7 | PARENB : CS8) | CREAD | CLOCAL | BOTHER;
  raw.c_ispeed = raw.c_ospeed = static_cast<speed_t>(baud);
  raw.c_cc[VMIN] = 0;
  raw.c_cc[VTIME] = 0;
  if (ioctl(fd_, TIOCEXCL) != 0 || device_control(fd_, TCSETS2, &raw) != 0) {
    const int number = errno;
    ::close(fd_);
    throw InputError(fmt::format("{}: cannot be set to {} baud: {}", path, baud, std::strerror(number)));
  }
  ioctl(fd_, TCFLSH, TCIOFLUSH);
}

Tty::~Tty() {
  device_control(fd_, TCSETS2, &before_);
  ioctl(fd_, TIOCNXCL);
  ::close(fd_);
}

}  // namespace flm::mainboard

#include "tools/flmd/device/led.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>

namespace flm::flmd {

bool Led::write(const char* file, const char* text) {
  // Never made: a folder that is no LED stays as it is.
  const int fd = ::open((folder_ / file).c_str(), O_WRONLY | O_TRUNC | O_CLOEXEC | O_NONBLOCK);
  const bool done =
      fd >= 0 && ::write(fd, text, std::strlen(text)) == static_cast<ssize_t>(std::strlen(text));
  const int error = errno;
  if (fd >= 0) ::close(fd);
  if (!done && !complained_) {
    complained_ = true;
    log_(fmt::format("LED {}: {}: {}; it is tried again", folder_.string(), file, std::strerror(error)));
  }
  return done;
}

void Led::set(bool on) {
  if (folder_.empty() || shown_ == on) return;
  // A trigger of the kernel would go on switching the LED.
  const bool ours = shown_.has_value() || write("trigger", "none");
  if (!ours || !write("brightness", on ? "1" : "0")) {
    shown_.reset();
    return;
  }
  shown_ = on;
  complained_ = false;
}

bool interface_up(const std::filesystem::path& operstate) {
  std::ifstream in(operstate);
  std::string word;
  return in >> word && word == "up";
}

}  // namespace flm::flmd

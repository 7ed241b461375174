// A board or simulator behind a serial device or pseudo terminal: each byte that goes out brings one back.
#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>

#include "tools/mainboard/bus/clock.hpp"
#include "tools/mainboard/bus/transport.hpp"
#include "tools/mainboard/bus/tty.hpp"
#include "tools/mainboard/link/errors.hpp"

namespace flm::mainboard {
namespace {

/// Until a far end that gives nothing back is given up.
constexpr std::chrono::seconds kPatience = 2s;

class SerialBus : public Bus {
 public:
  explicit SerialBus(const Port& port) : path_(port.path), tty_(port.path, port.baud) {}

  [[nodiscard]] std::string clock(std::string_view bytes) override {
    std::string received;
    std::size_t sent = 0;
    Time deadline = steady_now() + kPatience;
    while (received.size() < bytes.size()) {
      pollfd ready{tty_.fd(), static_cast<short>(POLLIN | (sent < bytes.size() ? POLLOUT : 0)), 0};
      const Time left = deadline - steady_now();
      if (left <= 0ns) give_up();
      if (poll(&ready, 1, static_cast<int>(left / 1ms) + 1) <= 0) continue;
      if ((ready.revents & POLLOUT) != 0) {
        const ssize_t count = ::write(tty_.fd(), bytes.data() + sent, bytes.size() - sent);
        if (count > 0) sent += static_cast<std::size_t>(count);
      }
      if ((ready.revents & POLLIN) != 0) {
        char buffer[256];
        const ssize_t count =
            ::read(tty_.fd(), buffer, std::min(sizeof buffer, bytes.size() - received.size()));
        if (count > 0) {
          received.append(buffer, static_cast<std::size_t>(count));
          deadline = steady_now() + kPatience;
          continue;
        }
      }
      // What was pulled may be read as well, and gives nothing.
      if ((ready.revents & (POLLHUP | POLLERR | POLLNVAL)) != 0)
        throw NoAnswer(fmt::format("{}: the far end has gone", path_));
    }
    return received;
  }
  void wait(Time span) override { sleep_for(span); }
  [[nodiscard]] Time now() override { return steady_now(); }

 private:
  [[noreturn]] void give_up() const {
    throw NoAnswer(fmt::format(
        "{}: nothing came back in {} s: no board or simulator at the far end, or it is not this device",
        path_, kPatience.count()));
  }

  std::string path_;
  Tty tty_;
};

}  // namespace

std::unique_ptr<Bus> open_serial(const Port& port) { return std::make_unique<SerialBus>(port); }

}  // namespace flm::mainboard

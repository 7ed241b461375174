#include "tools/mainboard/bus/meter_line.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "tools/mainboard/bus/forwarding.hpp"
#include "tools/mainboard/bus/transport.hpp"
#include "tools/mainboard/bus/tty.hpp"
#include "tools/mainboard/link/errors.hpp"

namespace flm::mainboard {
namespace {

constexpr int kSlow = 9600;

class MeterDevice : public MeterLine {
 public:
  MeterDevice(const std::string& device, int baud)
      : device_(device), tty_(device, baud, baud == kSlow ? Tty::Frame::seven_e1 : Tty::Frame::eight_n1) {}
  [[nodiscard]] std::string read() override {
    char bytes[4096];
    const ssize_t count = ::read(tty_.fd(), bytes, sizeof bytes);
    if (count > 0) return {bytes, static_cast<std::size_t>(count)};
    // What was pulled reads as if nothing came.
    pollfd line{tty_.fd(), 0, 0};
    if ((count < 0 && errno == EIO) || (poll(&line, 1, 0) > 0 && (line.revents & (POLLHUP | POLLERR)) != 0))
      throw NoAnswer(fmt::format("{}: the smart meter's line has gone", device_));
    return {};
  }

 private:
  std::string device_;
  Tty tty_;
};

class ForwardingBus : public Bus {
 public:
  ForwardingBus(std::unique_ptr<Bus> bus, std::unique_ptr<MeterLine> line)
      : bus_(std::move(bus)), line_(std::move(line)) {}

  [[nodiscard]] std::string clock(std::string_view bytes) override { return bus_->clock(bytes); }
  void wait(Time span) override {
    const Time end = bus_->now() + span;
    for (Time left = span;; left = end - bus_->now()) {
      forward();
      if (left <= 0ns) break;
      bus_->wait(std::min(left, forward_period));
    }
  }
  [[nodiscard]] Time now() override { return bus_->now(); }
  void adapt(const BoardFacts& board) override { bus_->adapt(board); }
  [[nodiscard]] bool has_modes() const override { return bus_->has_modes(); }
  [[nodiscard]] bool live() const override { return bus_->live(); }
  void pace(double speed) override { bus_->pace(speed); }
  void close() override { bus_->close(); }

 private:
  void forward() {
    const std::string bytes = line_->read();
    for (std::string_view rest = bytes; !rest.empty();) {
      const std::string_view part = rest.substr(0, forward_most);
      rest.remove_prefix(part.size());
      (void)bus_->clock(forwarded(part));
    }
  }

  std::unique_ptr<Bus> bus_;
  std::unique_ptr<MeterLine> line_;  ///< after bus_, which a simulated line belongs to
};

}  // namespace

std::unique_ptr<MeterLine> open_meter_line(const std::string& device, int baud) {
  return std::make_unique<MeterDevice>(device, baud);
}

std::unique_ptr<Bus> forwarding(std::unique_ptr<Bus> bus, std::unique_ptr<MeterLine> line) {
  return std::make_unique<ForwardingBus>(std::move(bus), std::move(line));
}

}  // namespace flm::mainboard

#include "tools/flmd/device/button.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/input.h>
#include <unistd.h>

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <cstring>
#include <ctime>

#include "tools/common/system/device_control.hpp"

namespace flm::flmd {
namespace {

namespace asio = boost::asio;
using std::chrono::microseconds;

constexpr int kReleased = 0, kPressed = 1;  // 2: repeated, while it is held

microseconds time_of(const input_event& event) {
  return std::chrono::seconds(event.input_event_sec) + microseconds(event.input_event_usec);
}

}  // namespace

std::optional<Press> press_of(microseconds held) {
  for (const Press press : {Press::short_, Press::middle, Press::long_}) {
    const auto& [least, most] = press_ranges[static_cast<std::size_t>(press)];
    if (held >= least && held <= most) return press;
  }
  return std::nullopt;
}

class Button::Impl {
 public:
  Impl(asio::io_context& loop, Options options, std::function<void(Press)> pressed, Log log)
      : options_(std::move(options)),
        pressed_(std::move(pressed)),
        log_(std::move(log)),
        device_(loop),
        timer_(loop) {
    open();
  }

 private:
  void open() {
    const int fd = ::open(options_.device.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0) return lose(std::strerror(errno));
    boost::system::error_code error;
    device_.assign(fd, error);
    if (error) {  // a file of a disk cannot be waited for
      ::close(fd);
      return lose("is no input device");
    }
    // Times that a clock which is set does not move.
    int clock = CLOCK_MONOTONIC;
    (void)device_control(fd, EVIOCSCLOCKID, &clock);
    held_.reset();
    read();
  }

  void read() {
    device_.async_read_some(asio::buffer(events_),
                            [this](const boost::system::error_code& error, std::size_t bytes) {
                              if (error == asio::error::operation_aborted) return;
                              if (error) return lose(error == asio::error::eof ? "is gone" : error.message());
                              // An input device gives whole events.
                              if (bytes % sizeof(input_event) != 0) return lose("is no input device");
                              if (std::exchange(lost_, false))
                                log_(fmt::format("button {}: is back", options_.device.string()));
                              for (std::size_t i = 0; i < bytes / sizeof(input_event); ++i) take(events_[i]);
                              read();
                            });
  }

  void take(const input_event& event) {
    if (event.type == EV_SYN && event.code == SYN_DROPPED) held_.reset();  // the release may be among them
    if (event.type != EV_KEY || (options_.key && event.code != *options_.key)) return;
    if (event.value == kPressed && (!held_ || held_->key == event.code))
      held_ = Held{event.code, time_of(event)};
    if (event.value != kReleased || !held_ || held_->key != event.code) return;
    const auto held = time_of(event) - held_->since;
    held_.reset();
    if (const auto press = press_of(held)) pressed_(*press);
  }

  void lose(const std::string& what) {
    boost::system::error_code ignored;
    device_.close(ignored);
    if (!std::exchange(lost_, true))
      log_(fmt::format("button {}: {}; it is tried again", options_.device.string(), what));
    timer_.expires_after(options_.again);
    timer_.async_wait([this](const boost::system::error_code& error) {
      if (!error) open();
    });
  }

  struct Held {
    std::uint16_t key;
    microseconds since;
  };
  const Options options_;
  std::function<void(Press)> pressed_;
  Log log_;
  asio::posix::stream_descriptor device_;
  asio::steady_timer timer_;
  std::array<input_event, 64> events_{};
  std::optional<Held> held_;
  bool lost_ = false;
};

Button::Button(asio::io_context& loop, Options options, std::function<void(Press)> pressed, Log log)
    : impl_(std::make_unique<Impl>(loop, std::move(options), std::move(pressed), std::move(log))) {}
Button::~Button() = default;

}  // namespace flm::flmd

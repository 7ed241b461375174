// The button on a fifo that stands for its input device. The ranges are those of the manual's button.
#include "tools/flmd/device/button.hpp"

#include <fcntl.h>
#include <linux/input.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>
#include <vector>

#include "tests/sim/temporary_folder.hpp"

namespace flm::flmd {
namespace {

using namespace std::chrono_literals;
using std::chrono::microseconds;

constexpr std::uint16_t kButton = KEY_RESTART, kOther = KEY_WPS_BUTTON;

struct Device {
  explicit Device(std::optional<std::uint16_t> key = std::nullopt, bool there = true) : key_(key) {
    if (there) plug_in();
    button = std::make_unique<Button>(
        loop, Button::Options{path, key_, 20ms}, [this](Press press) { presses.push_back(press); },
        [this](const std::string& line) { lines.push_back(line); });
  }
  ~Device() { unplug(); }
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;

  void plug_in() {
    REQUIRE(mkfifo(path.c_str(), 0600) == 0);
    fd_ = ::open(path.c_str(), O_RDWR | O_CLOEXEC);  // both ends: a fifo without a writer is at its end
  }
  void unplug() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
    ::unlink(path.c_str());
  }
  void write(const void* bytes, std::size_t size) {
    REQUIRE(::write(fd_, bytes, size) == static_cast<ssize_t>(size));
    pass();
  }
  void event(microseconds at, std::uint16_t type, std::uint16_t code, int value) {
    input_event e{};
    e.input_event_sec = static_cast<decltype(e.input_event_sec)>(at.count() / 1'000'000);
    e.input_event_usec = static_cast<decltype(e.input_event_usec)>(at.count() % 1'000'000);
    e.type = type;
    e.code = code;
    e.value = value;
    write(&e, sizeof e);
  }
  void key(microseconds at, int value, std::uint16_t code = kButton) {
    event(at, EV_KEY, code, value);
    event(at, EV_SYN, SYN_REPORT, 0);
  }
  void hold(microseconds span, microseconds from = 1000s) {
    key(from, 1);
    key(from + span, 0);
  }
  void pass(std::chrono::milliseconds span = 2ms) { loop.run_for(span); }
  [[nodiscard]] std::string said(const std::string& what) const {
    return "button " + path.string() + ": " + what;
  }

  const TemporaryFolder folder;
  const std::filesystem::path path = folder.path() / "event0";
  boost::asio::io_context loop;
  std::vector<Press> presses;
  std::vector<std::string> lines;
  std::unique_ptr<Button> button;

 private:
  std::optional<std::uint16_t> key_;
  int fd_ = -1;
};

using Presses = std::vector<Press>;

TEST_CASE("a press of 2 to 5, 10 to 30, 60 to 120 s means something, and any other nothing") {
  const auto nothing = std::optional<Press>();
  CHECK(press_of(2s - 1us) == nothing);
  CHECK(press_of(2s) == Press::short_);
  CHECK(press_of(5s) == Press::short_);
  CHECK(press_of(5s + 1us) == nothing);
  CHECK(press_of(10s - 1us) == nothing);
  CHECK(press_of(10s) == Press::middle);
  CHECK(press_of(30s) == Press::middle);
  CHECK(press_of(30s + 1us) == nothing);
  CHECK(press_of(60s - 1us) == nothing);
  CHECK(press_of(60s) == Press::long_);
  CHECK(press_of(120s) == Press::long_);
  CHECK(press_of(120s + 1us) == nothing);
  CHECK(press_of(-3s) == nothing);
}

TEST_CASE("the button acts on release, by the events' own times") {
  Device device;
  device.key(7s, 1);
  CHECK(device.presses.empty());
  device.key(10s, 0);
  CHECK(device.presses == Presses{Press::short_});
  device.hold(12s);
  device.hold(7s);
  device.hold(61s);
  CHECK(device.presses == Presses{Press::short_, Press::middle, Press::long_});
}

TEST_CASE("a key that repeats while it is held is held since its press") {
  Device device;
  device.key(7s, 1);
  for (auto at = 8s; at < 18s; ++at) device.key(at, 2);
  device.key(18s, 0);
  CHECK(device.presses == Presses{Press::middle});
}

TEST_CASE("a press whose release was lost counts from the next press, and a release alone is none") {
  Device device;
  device.key(3s, 0);
  device.key(7s, 1);
  device.key(100s, 1);
  device.key(103s, 0);
  device.key(106s, 0);
  CHECK(device.presses == Presses{Press::short_});
}

TEST_CASE("events that the kernel dropped end a press without an effect") {
  Device device;
  device.key(7s, 1);
  device.event(8s, EV_SYN, SYN_DROPPED, 0);
  device.key(10s, 0);
  CHECK(device.presses.empty());
}

TEST_CASE("of a device with more keys, only the one that was named counts") {
  Device device(kButton);
  device.key(7s, 1, kOther);
  device.key(10s, 0, kOther);
  CHECK(device.presses.empty());
  device.hold(3s);
  CHECK(device.presses == Presses{Press::short_});
}

TEST_CASE("without a name any key counts, and another one meanwhile changes nothing") {
  Device device;
  device.key(7s, 1);
  device.key(8s, 1, kOther);
  device.key(9s, 0, kOther);
  device.event(10s, EV_REL, kButton, 0);
  CHECK(device.presses.empty());
  device.key(20s, 0);
  CHECK(device.presses == Presses{Press::middle});
}

TEST_CASE("a device whose bytes are no events is said, and its press forgotten") {
  Device device;
  device.key(7s, 1);
  device.write("garbage", 7);
  CHECK(device.lines == std::vector{device.said("is no input device; it is tried again")});
  device.pass(50ms);
  device.key(10s, 0);
  CHECK(device.presses.empty());
  device.hold(3s);
  CHECK(device.presses == Presses{Press::short_});
}

TEST_CASE("a file that is no device is said once, however often it is tried") {
  Device device(std::nullopt, false);
  (void)device.folder.file("event0", "");
  device.pass(100ms);
  CHECK(device.lines == std::vector{device.said("No such file or directory; it is tried again")});
  CHECK(device.presses.empty());
}

TEST_CASE("a button that is absent or unplugged is said once, and works when it comes") {
  Device device(std::nullopt, false);
  device.pass(100ms);
  const std::vector absent{device.said("No such file or directory; it is tried again")};
  CHECK(device.lines == absent);
  device.plug_in();
  device.pass(50ms);
  device.key(7s, 1);
  CHECK(device.lines == std::vector{absent[0], device.said("is back")});
  device.unplug();
  device.pass(100ms);
  CHECK(device.lines ==
        std::vector{absent[0], device.said("is back"), device.said("is gone; it is tried again")});
  device.plug_in();
  device.pass(50ms);
  device.key(10s, 0);
  CHECK(device.presses.empty());
  device.hold(3s);
  CHECK(device.presses == Presses{Press::short_});
}

}  // namespace
}  // namespace flm::flmd

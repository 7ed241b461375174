#include "tests/tools/flmd/page/site.hpp"

#include <fmt/format.h>

#include <fstream>
#include <stdexcept>
#include <thread>

#include "tests/tools/free_port.hpp"

namespace flm::browser {
namespace {

/// A minute of the board passes in two seconds, so that the history has rows.
constexpr int speed = 30;

std::string configuration(const std::filesystem::path& scenario, const std::filesystem::path& state, int port,
                          int broker) {
  std::string text = fmt::format(R"(board = "flm02b"
phases = 1

[link]
port = "sim:{},speed={}"

[state]
dir = "{}"

[device]
serial = "FL02B00042"

[http]
listen = ["127.0.0.1:{}"]

[mqtt]
broker = "127.0.0.1:{}"
home_assistant = true
)",
                                 scenario.string(), speed, state.string(), port, broker);
  const auto sensor = [&](int id, const char* name, const char* more) {
    text += fmt::format("\n[[sensor]]\nid = {}\nname = '{}'\n{}", id, name, more);
  };
  sensor(1, "main", "class = \"analog\"\nports = [1]\n");
  sensor(2, "kitchen & “bath”", "class = \"analog\"\nports = [2]\n");
  sensor(3, hostile_name, "class = \"analog\"\nports = [3]\n");
  sensor(4, "solar", "class = \"pulse\"\nports = [4]\nconstant = 0.5\n");
  sensor(5, "water", "class = \"pulse\"\nports = [5]\nconstant = 0.5\ntype = \"water\"\n");
  return text;
}

}  // namespace

Site::Site(std::string program, std::filesystem::path scenario, const std::filesystem::path& folder)
    : program_(std::move(program)),
      folder_(std::filesystem::absolute(folder)),
      port_(test::free_port()),
      broker_port_(test::free_port()) {
  address_ = fmt::format("http://127.0.0.1:{}", port_);
  std::filesystem::remove_all(folder_ / "state");
  std::ofstream(folder_ / "flmd.toml")
      << configuration(std::filesystem::absolute(scenario), folder_ / "state", port_, broker_port_);
  std::ofstream(folder_ / "mosquitto.conf")
      << fmt::format("listener {} 127.0.0.1\nallow_anonymous true\n", broker_port_);
}

Site::Site(std::string address, const std::filesystem::path& folder)
    : address_(std::move(address)), folder_(folder) {}

void Site::start() {
  if (!can_stop() || running_) return;
  if (!broker_) {
    // Debian's is in a folder that a user's path may lack.
    const std::string usual = "/usr/sbin/mosquitto";
    broker_ = std::make_unique<Program>(
        std::vector{std::filesystem::exists(usual) ? usual : std::string("mosquitto"), std::string("-c"),
                    (folder_ / "mosquitto.conf").string()},
        folder_ / "mosquitto.log");
    if (!listens(broker_port_, std::chrono::seconds(10)))
      throw std::runtime_error("mosquitto does not listen: " + broker_->words());
  }
  running_ = std::make_unique<Program>(
      std::vector{program_, std::string("run"), (folder_ / "flmd.toml").string()}, folder_ / "flmd.log");
  if (!listens(port_, std::chrono::seconds(20)))
    throw std::runtime_error("flmd does not listen: " + running_->words());
}

void Site::freeze(bool still) {
  if (running_) running_->freeze(still);
}

void Site::publish(const std::string& topic, const std::string& payload) {
  Program sent({"mosquitto_pub", "-h", "127.0.0.1", "-p", std::to_string(broker_port_), "-r", "-t", topic,
                "-m", payload},
               folder_ / "mosquitto_pub.log");
  while (sent.runs()) std::this_thread::sleep_for(std::chrono::milliseconds(20));
}

void Site::add_to_configuration(const std::string& text) {
  std::ofstream(folder_ / "flmd.toml", std::ios::app) << text;
}

void Site::stop() { running_.reset(); }

}  // namespace flm::browser

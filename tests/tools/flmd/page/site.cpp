#include "tests/tools/flmd/page/site.hpp"

#include <fmt/format.h>

#include <fstream>
#include <stdexcept>

namespace flm::browser {
namespace {

/// A minute of the board passes in two seconds, so that the history has rows.
constexpr int speed = 30;

std::string configuration(const std::filesystem::path& scenario, const std::filesystem::path& state,
                          int port) {
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
)",
                                 scenario.string(), speed, state.string(), port);
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
    : program_(std::move(program)), folder_(std::filesystem::absolute(folder)), port_(free_port()) {
  address_ = fmt::format("http://127.0.0.1:{}", port_);
  std::filesystem::remove_all(folder_ / "state");
  std::ofstream(folder_ / "flmd.toml")
      << configuration(std::filesystem::absolute(scenario), folder_ / "state", port_);
}

Site::Site(std::string address, const std::filesystem::path& folder)
    : address_(std::move(address)), folder_(folder) {}

void Site::start() {
  if (!can_stop() || running_) return;
  running_ = std::make_unique<Program>(
      std::vector{program_, std::string("run"), (folder_ / "flmd.toml").string()}, folder_ / "flmd.log");
  if (!listens(port_, std::chrono::seconds(20)))
    throw std::runtime_error("flmd does not listen: " + running_->words());
}

void Site::freeze(bool still) {
  if (running_) running_->freeze(still);
}

void Site::stop() { running_.reset(); }

}  // namespace flm::browser

// An LED of the main board, through the kernel's LED class.
#pragma once
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

namespace flm::flmd {

/// Switches an LED that is a folder of /sys/class/leds. An LED that is absent or may not be written costs one
/// line of the log; the next set() tries it again, and the line comes again only after it has worked.
class Led {
 public:
  using Log = std::function<void(const std::string& line)>;
  /// Empty folder: there is no LED, and set() does nothing.
  Led(std::filesystem::path folder, Log log) : folder_(std::move(folder)), log_(std::move(log)) {}

  void set(bool on);

 private:
  bool write(const char* file, const char* text);

  std::filesystem::path folder_;
  Log log_;
  std::optional<bool> shown_;  ///< what was last written; nothing while the LED is out of reach
  bool complained_ = false;
};

/// Whether a network interface's operstate file (/sys/class/net/wlan0/operstate) says "up".
bool interface_up(const std::filesystem::path& operstate);

}  // namespace flm::flmd

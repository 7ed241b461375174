#include "tools/flmserver/operation/broker_access.hpp"

#include <fmt/format.h>

namespace flm::server {

std::string broker_access(Accounts& accounts, std::string_view own) {
  std::string text = "# Made by `flmserver broker access`.\n";
  if (!own.empty())
    text +=
        fmt::format("\nuser {}\ntopic read /sensor/#\ntopic read /device/#\ntopic write /d/device/#\n", own);
  for (const Device& device : accounts.devices()) {
    text += fmt::format("\nuser {0}\ntopic write /device/{0}/#\ntopic read /d/device/{0}/#\n", device.device);
    for (const Sensor& sensor : accounts.sensors_of_device(device.device))
      text += fmt::format("topic write /sensor/{}/#\n", sensor.sid);
  }
  return text;
}

}  // namespace flm::server

// Who listens on a TCP port of this machine (Linux, /proc).
#pragma once
#include <cstdint>
#include <string>

namespace flm::web {

/// "process 1234 (nginx)", "this program"; empty where it cannot be seen: another user's processes need root.
std::string port_holder(std::uint16_t port);

}  // namespace flm::web

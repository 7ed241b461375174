// The code by which somebody shows a server that a device is in his hands.
#pragma once
#include <string>
#include <string_view>

namespace flm::api {

/// 12 characters of a-z and 2-7 (RFC 4648, base32), made from the device's id and key; 60 bits. The device's
/// Status page shows it; who has it knows nothing of the key.
std::string claim_code(std::string_view device, std::string_view key);

}  // namespace flm::api

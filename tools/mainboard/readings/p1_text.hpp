// Names and messages for what the P1 parser knows as numbers.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "protocol/p1.hpp"

namespace flm::sim {

/// "crc", "cut", ...: the name in JSON.
std::string_view p1_error_name(protocol::p1::Error);
/// Message for the user: what was wrong, and what is allowed.
std::string_view p1_error_message(protocol::p1::Error);
/// "import_1_wh", "voltage_2_mv", ...: with the unit, where there is one.
std::string_view p1_register_name(protocol::p1::Register);
/// "gas", "water", ...; "type 9" for those without a name here.
std::string p1_device_name(std::uint8_t type);
/// Unit of a device's value: "litre", "mj" or "wh".
std::string_view p1_device_unit(std::uint8_t type);
/// "2023-11-02T11:15:48Z".
std::string utc_text(std::uint32_t unix_time);

}  // namespace flm::sim

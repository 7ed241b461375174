// What a device says of its sensors, taken into the store.
#pragma once
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "tools/flmserver/accounts/accounts.hpp"

namespace flm::server {

/// Takes a sensor's parameters, as a device's config/sensor topic or the body of a POST has them: class,
/// type, function, voltage, current, phase, constant, enable, data_type, rid, kid, port; what is not there
/// stays as it is. A sensor that is new to the store gets a token. Throws InputError: the member that is
/// wrong, and what is allowed.
Sensor provision(Accounts&, const Device&, std::string_view sid, const nlohmann::json& parameters,
                 std::int64_t now);

/// Takes a whole config/sensor object: each member whose name is a number. Returns how many.
std::size_t provision_all(Accounts&, const Device&, const nlohmann::json& config, std::int64_t now);

}  // namespace flm::server

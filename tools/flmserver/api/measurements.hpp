// Bodies of devices' POSTs.
#pragma once
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string_view>
#include <vector>

#include "tools/history/point.hpp"

namespace flm::server {

/// Points of `"measurements":[[t,v],...]`: ascending, one a second, the first of two in the same. What are no
/// two whole numbers is left out, as the original does. Throws HttpError 400 for what is no list of pairs, or
/// longer than 200 000.
std::vector<history::Point> points_of(const nlohmann::json& measurements);

/// The device of an unknown sensor is looked for among so many; in a larger store its heartbeat or its
/// configuration topic tells of the sensor first.
constexpr std::size_t most_devices_searched = 64;

}  // namespace flm::server

// Home Assistant's MQTT discovery: retained messages that describe our sensors, one for the main board and
// one for each kube (https://www.home-assistant.io/integrations/mqtt, "device discovery", since 2024.11).
// Pure functions.
#pragma once
#include <nlohmann/json.hpp>

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "tools/flmd/mqtt/topics.hpp"  // Kube

namespace flm::flmd::mqtt {

/// The main board as Home Assistant shows it. Empty texts are left out.
struct Gateway {
  std::string device;   ///< its id, 32 lower-case hex digits
  std::string model;    ///< "FLM02B"
  std::string version;  ///< of flmd
  std::string serial;
  std::string url;  ///< of the pages
};

/// Discovery messages by topic.
using Discovery = std::map<std::string, nlohmann::ordered_json>;

/// "<prefix>/device/flm_<first 6 digits>/#": everything that we have ever announced.
std::string discovery_filter(std::string_view prefix, std::string_view device);

/// What is to be known of all enabled sensors, as entities:
///
/// * electricity, gas, water, heat: gauge and counter; of a smart meter's register (class cosem) the counter,
///   and the gauge if its "derive" is 1.
/// * others: the one that the history keeps.
Discovery discovery(std::string_view prefix, const Gateway&, std::span<const SiteSensor>,
                    std::span<const Kube>);

/// `now`, and beside it what takes back the entities that `before` has and `now` has not: a component with
/// nothing but its platform, which a further call drops, or, for a whole device, null: an empty message.
Discovery with_removals(Discovery now, const Discovery& before);

/// A discovery message that the broker had kept, as far as with_removals() looks at it; nothing when it is
/// none of ours. Takes any bytes.
std::optional<nlohmann::ordered_json> parse_discovery(std::string_view prefix, std::string_view device,
                                                      std::string_view topic, std::string_view payload);

/// Payload of a discovery message: invalid UTF-8 in names is replaced, null is empty.
std::string discovery_payload(const nlohmann::ordered_json&);

}  // namespace flm::flmd::mqtt

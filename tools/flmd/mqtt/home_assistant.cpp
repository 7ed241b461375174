#include "tools/flmd/mqtt/home_assistant.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace flm::flmd::mqtt {
namespace {

using nlohmann::ordered_json;

/// How Home Assistant calls a quantity of a type of sensor.
struct Kind {
  std::string_view type;
  Quantity quantity;
  std::string_view what;  ///< after the sensor's name
  std::string_view device_class, unit, state_class;
  std::string_view value = "{{ value_json[1] }}";
  bool diagnostic = false;
};

constexpr std::string_view measurement = "measurement", increasing = "total_increasing";
/// From L/day, which is none of the units of volume_flow_rate.
constexpr std::string_view litres_per_hour = "{{ (value_json[1]/24)|round(2) }}";
constexpr auto gauge = Quantity::gauge, counter = Quantity::counter;

/// Classes and units as Home Assistant's sensor entity allows them: `measurement` goes with none of energy,
/// gas, water.
constexpr std::array kinds = {
    Kind{"electricity", gauge, "power", "power", "W", measurement},
    Kind{"electricity", counter, "energy", "energy", "Wh", increasing},
    Kind{"gas", gauge, "flow", "volume_flow_rate", "L/h", measurement, litres_per_hour},
    Kind{"gas", counter, "volume", "gas", "L", increasing},
    Kind{"water", gauge, "flow", "volume_flow_rate", "L/h", measurement, litres_per_hour},
    Kind{"water", counter, "volume", "water", "L", increasing},
    Kind{"heat", gauge, "power", "power", "W", measurement},
    Kind{"heat", counter, "energy", "energy", "Wh", increasing},
    Kind{"voltage", gauge, "", "voltage", "V", measurement},
    Kind{"current", gauge, "", "current", "A", measurement},
    Kind{"temperature", gauge, "", "temperature", "°C", measurement},
    Kind{"humidity", gauge, "", "humidity", "%", measurement},
    Kind{"pressure", gauge, "", "atmospheric_pressure", "Pa", measurement},
    Kind{"light", gauge, "", "illuminance", "lx", measurement},
    // Class `battery` would want %.
    Kind{"battery", gauge, "", "voltage", "V", measurement, "{{ value_json[1] }}", true},
    Kind{"error", gauge, "", "", "", "", "{{ value_json[1] }}", true},
    Kind{"movement", counter, "", "", "", increasing},
    Kind{"vibration", counter, "", "", "", increasing},
    Kind{"proximity", counter, "", "", "", increasing},
};

constexpr std::size_t most_components = 1'000;  // 64 sensors have two each.
constexpr int clamp_expires_s = 30, kube_expires_s = 200;

std::string device_of(std::string_view device) { return fmt::format("flm_{}", device.substr(0, 6)); }

bool has(const SiteSensor& sensor, Quantity quantity) {
  if (sensor.type == "electricity" || sensor.type == "gas" || sensor.type == "water" ||
      sensor.type == "heat") {
    // A smart meter's register is one of the two; its net energy has the power too.
    if (sensor.sensor_class != "cosem" ||
        (sensor.parameters.is_object() && sensor.parameters.value("derive", nlohmann::json()) == 1))
      return true;
  }
  return sensor.counter_is_data == (quantity == Quantity::counter);
}

/// 0: the state stays. A pulse sensor's gauge falls by itself, and after that says nothing.
int expires_s(const SiteSensor& sensor, const Kind& kind) {
  if (kind.quantity == Quantity::counter) return 0;
  if (sensor.sensor_class == "kube") return kube_expires_s;
  return sensor.sensor_class == "analog" || sensor.sensor_class == "uart" ? clamp_expires_s : 0;
}

ordered_json component(const SiteSensor& sensor, const Kind& kind, std::string_view key) {
  // A kube is a device of its own, whose name the entity's begins with by itself.
  std::string name = sensor.name.empty() || sensor.sensor_class == "kube" ? sensor.type : sensor.name;
  if (!kind.what.empty()) name += fmt::format(" {}", kind.what);
  ordered_json members = {{"p", "sensor"}, {"name", name}};
  if (!kind.device_class.empty()) members["dev_cla"] = kind.device_class;
  if (!kind.unit.empty()) members["unit_of_meas"] = kind.unit;
  if (!kind.state_class.empty())
    members["stat_cla"] = sensor.falls && kind.quantity == Quantity::counter ? "total" : kind.state_class;
  members["stat_t"] = reading_topic({&sensor, kind.quantity, {}, {}});
  members["val_tpl"] = kind.value;
  members["uniq_id"] = fmt::format("flm_{}", key);
  if (kind.diagnostic) members["ent_cat"] = "diagnostic";
  if (const int seconds = expires_s(sensor, kind); seconds != 0) members["exp_aft"] = seconds;
  return members;
}

void add(ordered_json& members, const char* name, std::string_view text) {
  if (!text.empty()) members[name] = text;
}

ordered_json message(const Gateway& gateway, ordered_json device) {
  ordered_json origin = {{"name", "flmd"}};
  add(origin, "sw", gateway.version);
  return {{"dev", std::move(device)},
          {"o", std::move(origin)},
          {"avty_t", device_topic(gateway.device, "status")},
          {"cmps", ordered_json::object()}};
}

/// The kube that a sensor belongs to; 0: none.
int kube_of(const SiteSensor& sensor) {
  if (sensor.sensor_class != "kube") return 0;
  const auto kid = sensor.parameters.find("kid");
  return kid != sensor.parameters.end() && kid->is_number_integer() ? kid->get<int>() : 0;
}

template <class Json>
bool is_removal(const Json& members) {
  return members.size() == 1 && members.contains("p");
}

/// What Home Assistant takes as an id.
bool is_word(std::string_view text) {
  return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '-';
  });
}

}  // namespace

std::string discovery_filter(std::string_view prefix, std::string_view device) {
  return fmt::format("{}/device/{}/#", prefix, device_of(device));
}

Discovery discovery(std::string_view prefix, const Gateway& gateway, std::span<const SiteSensor> sensors,
                    std::span<const Kube> kubes) {
  const std::string front = fmt::format("{}/device/{}", prefix, device_of(gateway.device));
  const std::string main_id = fmt::format("flm_{}", gateway.device);
  ordered_json main_board = {{"ids", ordered_json::array({main_id})},
                             {"name", fmt::format("Fluksometer {}", gateway.device.substr(0, 6))},
                             {"mf", "OpenFLM"}};
  add(main_board, "mdl", gateway.model);
  add(main_board, "sw", gateway.version);
  add(main_board, "sn", gateway.serial);
  add(main_board, "cu", gateway.url);

  Discovery all;
  all[front + "/config"] = message(gateway, std::move(main_board));
  for (const SiteSensor& sensor : sensors) {
    if (!sensor.enabled) continue;
    const int kid = kube_of(sensor);
    const std::string topic = kid == 0 ? front + "/config" : fmt::format("{}/kube_{}/config", front, kid);
    for (const Kind& kind : kinds) {
      if (kind.type != sensor.type || !has(sensor, kind.quantity)) continue;
      if (!all.contains(topic)) {
        const auto kube =
            std::find_if(kubes.begin(), kubes.end(), [&](const Kube& k) { return k.kid == kid; });
        const bool named = kube != kubes.end() && !kube->name.empty();
        all[topic] =
            message(gateway, {{"ids", ordered_json::array({fmt::format("{}_kube_{}", main_id, kid)})},
                              {"name", named ? kube->name : fmt::format("Kube {}", kid)},
                              {"mf", "Flukso"},
                              {"mdl", "FluksoKube"},
                              {"via_device", main_id}});
      }
      const std::string key =
          fmt::format("{}_{}", sensor.sid, kind.quantity == Quantity::gauge ? "gauge" : "counter");
      all[topic]["cmps"][key] = component(sensor, kind, key);
    }
  }
  return all;
}

Discovery with_removals(Discovery now, const Discovery& before) {
  for (const auto& [topic, message] : before) {
    if (message.is_null()) continue;
    if (!now.contains(topic)) {
      now[topic] = nullptr;
      continue;
    }
    ordered_json& components = now[topic]["cmps"];
    for (const auto& [key, members] : message.at("cmps").items())
      if (!components.contains(key) && !is_removal(members)) components[key] = {{"p", "sensor"}};
  }
  return now;
}

std::optional<ordered_json> parse_discovery(std::string_view prefix, std::string_view device,
                                            std::string_view topic, std::string_view payload) {
  std::string front = discovery_filter(prefix, device);
  front.pop_back();
  if (!topic.starts_with(front)) return {};
  topic.remove_prefix(front.size());
  if (topic != "config") {
    constexpr std::string_view kube = "kube_", back = "/config";
    if (!topic.starts_with(kube) || !topic.ends_with(back) || topic.size() < kube.size() + back.size())
      return {};
    const std::string_view number = topic.substr(kube.size(), topic.size() - kube.size() - back.size());
    if (number.empty() || number.size() > 2 ||
        !std::all_of(number.begin(), number.end(), [](char c) { return c >= '0' && c <= '9'; }))
      return {};
  }
  const nlohmann::json message = nlohmann::json::parse(payload, nullptr, false);
  if (!message.is_object()) return {};
  const auto components = message.find("cmps");
  if (components == message.end() || !components->is_object() || components->size() > most_components)
    return {};
  ordered_json found = {{"cmps", ordered_json::object()}};
  for (const auto& [key, members] : components->items()) {
    if (!is_word(key) || !members.is_object()) return {};
    found["cmps"][key] = {{"p", "sensor"}};
    if (!is_removal(members)) found["cmps"][key]["uniq_id"] = "";
  }
  return found;
}

std::string discovery_payload(const ordered_json& message) {
  if (message.is_null()) return {};
  return message.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

}  // namespace flm::flmd::mqtt

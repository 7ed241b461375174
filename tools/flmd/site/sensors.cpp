#include "tools/flmd/site/sensors.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "tools/mainboard/config/meter_constant.hpp"

namespace flm::flmd {
namespace {

constexpr int kMost = 64;
constexpr int kFirstRegister = 7;

std::string_view type_name(SensorType type) {
  constexpr std::string_view names[] = {"electricity", "gas", "water"};
  return names[static_cast<int>(type)];
}

/// "voltage" of "voltage_2"; "warm_water" stays.
std::string_view without_number(std::string_view name) {
  const auto end = name.rfind('_');
  return end != name.npos && name.find_first_not_of("0123456789", end + 1) == name.npos ? name.substr(0, end)
                                                                                        : name;
}

/// Type of a smart meter's register.
std::string_view register_type(std::string_view register_name) {
  const std::string_view name = without_number(register_name);
  if (name == "gas" || name == "voltage" || name == "current") return name;
  if (name == "water" || name == "warm_water") return "water";
  if (name == "heat" || name == "cooling") return "heat";
  return "electricity";
}

SiteSensor empty(int number) {
  return {number, "", "", "", "", true, 0, false, nlohmann::json::object(), false};
}

}  // namespace

Sensors::Sensors(const Site& site, State& state, const std::function<void(const std::string&)>& note) {
  sensors_.reserve(kMost);
  for (int number = 1; number < kFirstRegister; ++number) add(number);
  configure(site, state, note);
  for (const auto& [name, number] : state.ids().registers)
    add_register(name, number, state.ids().sensors[number], state.ids().rid(state.ids().sensors[number]));
  // Of a kube, or of one that nothing measures any more: its number is taken, so that nothing else goes on
  // with its history.
  for (const auto& [number, sid] : state.ids().sensors) {
    if (by_number(number) != nullptr || number > kMost) continue;
    SiteSensor& kept = add(number);
    kept.sid = sid;
    kept.rid = state.ids().rid(sid);
  }
}

void Sensors::configure(const Site& site, State& state, const std::function<void(const std::string&)>& note) {
  constants_.clear();
  for (const mainboard::SensorConfig& config : site.board.sensors)
    std::erase_if(state.ids().spare, [&](const auto& spare) { return spare.second == config.sid; });
  for (auto& [number, kept] : state.ids().sensors)
    for (const mainboard::SensorConfig& config : site.board.sensors)
      if (config.id != number && !kept.empty() && config.sid == kept) {
        kept = draw_id();
        note(fmt::format("sensor {} gets a new id and begins a new history: {} is sensor {}'s now", number,
                         config.sid, config.id));
        // Of a register or a kube, which measures on.
        for (SiteSensor& sensor : sensors_) {
          if (sensor.number != number) continue;
          sensor.sid = kept;
          if (sensor.sensor_class != "kube") sensor.rid = state.ids().rid(kept);  // a kube's is its slot's
        }
      }
  for (int number = 1; number < kFirstRegister; ++number) {
    const mainboard::SensorConfig* config = site.board.sensor(number);
    std::string& kept = state.ids().sensors[number];
    if (config != nullptr && !config->sid.empty()) kept = config->sid;
    state.ids().sid(number);
    SiteSensor& s = sensors_[static_cast<std::size_t>(number - 1)];
    s = empty(number);
    s.sid = kept;
    s.rid = state.ids().rid(kept);
    if (config == nullptr || !config->has_class) {
      if (config != nullptr) s.name = config->name;
      continue;  // not provisioned: it has its id only
    }
    s.name = config->name.empty() ? fmt::format("sensor {}", number) : config->name;
    s.enabled = config->enabled;
    s.parameters["port"] = config->ports;
    switch (config->sensor_class) {
      case SensorClass::analog:
        s.sensor_class = "analog";
        s.type = "electricity";
        s.parameters["voltage"] = static_cast<std::int64_t>(std::lround(config->voltage));
        s.parameters["current"] = config->current;
        break;
      case SensorClass::pulse:
        s.sensor_class = "pulse";
        s.type = type_name(config->type);
        s.parameters["constant"] = config->constant;
        constants_.emplace_back(number, static_cast<history::Milli>(std::llround(config->constant * 1000.0)));
        break;
      case SensorClass::p1:
        s.sensor_class = "cosem";
        s.type = "electricity";
        s.falls = true;
        s.parameters["derive"] = 1;
        break;
    }
  }
}

SiteSensor& Sensors::add(int number) {
  sensors_.push_back(empty(number));
  return sensors_.back();
}

const SiteSensor* Sensors::by_number(int number) const {
  const auto found =
      std::find_if(sensors_.begin(), sensors_.end(), [&](const SiteSensor& s) { return s.number == number; });
  return found == sensors_.end() ? nullptr : &*found;
}

const SiteSensor* Sensors::by_sid(std::string_view sid) const {
  const auto found =
      std::find_if(sensors_.begin(), sensors_.end(), [&](const SiteSensor& s) { return s.sid == sid; });
  return found == sensors_.end() ? nullptr : &*found;
}

history::Milli Sensors::constant(int number) const {
  const auto found = std::find_if(constants_.begin(), constants_.end(),
                                  [&](const auto& entry) { return entry.first == number; });
  return found == constants_.end() ? 1000 : found->second;
}

SiteSensor& Sensors::add_register(std::string_view name, int number, const std::string& sid, int rid) {
  SiteSensor& s = add(number);
  s.sid = sid;
  s.rid = rid;
  s.name = fmt::format("smart meter {}", name);
  std::replace(s.name.begin(), s.name.end(), '_', ' ');
  s.type = register_type(name);
  s.sensor_class = "cosem";
  s.enabled = true;
  const std::string_view kind = without_number(name);
  s.counter_is_data = kind != "power" && kind != "voltage" && kind != "current";
  // A phase is L1, a tariff or a further device is a number.
  if (!s.counter_is_data) s.name.insert(s.name.rfind(' ') + 1, "L");
  s.falls = kind == "net";
  s.parameters["derive"] = s.falls ? 1 : 0;
  return s;
}

const SiteSensor* Sensors::of_register(std::string_view name, State& state, bool& added) {
  added = false;
  Ids& ids = state.ids();
  if (const auto known = ids.registers.find(std::string(name)); known != ids.registers.end())
    return by_number(known->second);
  int number = kFirstRegister;
  while (by_number(number) != nullptr)
    if (++number > kMost) return nullptr;
  added = true;
  ids.registers[std::string(name)] = number;
  const std::string& sid = ids.sid(number);
  return &add_register(name, number, sid, ids.rid(sid));
}

const SiteSensor* Sensors::put(SiteSensor sensor) {
  const auto found = std::find_if(sensors_.begin(), sensors_.end(),
                                  [&](const SiteSensor& s) { return s.number == sensor.number; });
  SiteSensor& place = found == sensors_.end() ? add(sensor.number) : *found;
  place = std::move(sensor);
  return &place;
}

std::string block_parameters(const SiteSensor& s, std::string_view unit) {
  nlohmann::ordered_json cfg = {{"id", s.sid}, {"class", s.sensor_class}, {"type", s.type}};
  for (const auto& [name, value] : s.parameters.items()) cfg[name] = value;
  cfg["function"] = s.name;
  cfg["rid"] = s.rid;
  cfg["data_type"] = s.counter_is_data ? "counter" : "gauge";
  if (!unit.empty()) cfg["unit"] = unit;
  return cfg.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace flm::flmd

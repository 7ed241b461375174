#include "tools/flmserver/accounts/provision.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>

#include "tools/common/input_error.hpp"
#include "tools/web/exchange/request.hpp"  // is_text

namespace flm::server {
namespace {

using Json = nlohmann::json;

constexpr std::array types{"electricity", "gas",       "water",   "temperature", "humidity",
                           "pressure",    "light",     "battery", "error",       "movement",
                           "vibration",   "proximity", "heat",    "voltage",     "current"};
constexpr std::array classes{"analog", "pulse", "uart", "cosem", "kube"};

/// Whole number; some devices write it as text.
std::optional<std::int64_t> whole(const Json& value, const char* name, std::int64_t least,
                                  std::int64_t most) {
  if (value.is_null()) return std::nullopt;
  std::int64_t number = least - 1;
  if (value.is_number_integer()) {
    number = value.get<std::int64_t>();
  } else if (value.is_string()) {
    const std::string& text = value.get_ref<const std::string&>();
    const auto result = std::from_chars(text.data(), text.data() + text.size(), number);
    if (result.ec != std::errc{} || result.ptr != text.data() + text.size()) number = least - 1;
  }
  if (number < least || number > most)
    throw InputError(fmt::format("{}: allowed: a whole number from {} to {}", name, least, most));
  return number;
}

std::string word(const Json& value, const char* name, const auto& allowed) {
  if (value.is_string())
    for (const char* each : allowed)
      if (value.get_ref<const std::string&>() == each) return each;
  std::string list;
  for (const char* each : allowed) list += (list.empty() ? "" : ", ") + std::string(each);
  throw InputError(fmt::format("{}: allowed: {}", name, list));
}

}  // namespace

Sensor provision(Accounts& accounts, const Device& device, std::string_view sid, const Json& p,
                 std::int64_t now) {
  if (!is_id(sid)) throw InputError("id: allowed: 32 digits 0-9a-f");
  if (!p.is_object()) throw InputError("config: allowed: a JSON object of a sensor's parameters");
  const std::optional<Sensor> known = accounts.sensor(sid);
  Sensor s = known.value_or(Sensor{});
  s.sid = sid;
  s.device = device.device;
  const auto there = [&](const char* name) { return p.contains(name) && !p[name].is_null(); };
  if (there("class")) s.sensor_class = word(p["class"], "class", classes);
  if (there("type")) s.type = word(p["type"], "type", types);
  if (s.type.empty()) s.type = "electricity";
  if (there("function")) {
    if (!p["function"].is_string()) throw InputError("function: allowed: a text");
    s.function = p["function"].get<std::string>();
    if (s.function.size() > 128 || !web::is_text(s.function))
      throw InputError("function: allowed: up to 128 bytes of text");
  }
  const auto take = [&](const char* name, std::optional<std::int64_t>& to, std::int64_t most) {
    if (p.contains(name)) to = whole(p[name], name, 0, most);
  };
  take("voltage", s.voltage, 100'000);
  take("current", s.current, 100'000);
  take("phase", s.phase, 3);
  take("kid", s.kid, 1'000);
  if (there("constant")) {
    const Json& c = p["constant"];
    const double value = c.is_number() ? c.get<double>() : -1;
    if (!(value >= 0 && value <= 1e6)) throw InputError("constant: allowed: a number from 0 to 1000000");
    s.constant_milli = std::llround(value * 1000);
  } else if (p.contains("constant")) {
    s.constant_milli.reset();
  }
  if (there("enable"))
    s.enabled = p["enable"].is_boolean() ? p["enable"].get<bool>() : *whole(p["enable"], "enable", 0, 1) != 0;
  if (there("rid")) s.rid = *whole(p["rid"], "rid", 0, 1'000'000);
  if (there("number")) s.number = *whole(p["number"], "number", 1, 64);
  if (there("data_type")) s.data_type = word(p["data_type"], "data_type", std::array{"counter", "gauge"});
  if (s.data_type.empty()) s.data_type = "counter";
  if (there("port")) s.port = p["port"].dump(-1, ' ', false, Json::error_handler_t::replace);
  if (s.port.size() > 256) throw InputError("port: allowed: a list of numbers");
  s.config = p.dump(-1, ' ', false, Json::error_handler_t::replace);
  if (s.config.size() > 4096) throw InputError("config: allowed: up to 4096 bytes for a sensor");
  accounts.put(s);
  if (!known) accounts.add_token(s.sid, "", now);
  return s;
}

std::size_t provision_all(Accounts& accounts, const Device& device, const Json& config, std::int64_t now) {
  if (!config.is_object()) throw InputError("config: allowed: a JSON object, a member for each sensor");
  std::size_t count = 0;
  for (const auto& [name, member] : config.items()) {
    int number = 0;
    const auto result = std::from_chars(name.data(), name.data() + name.size(), number);
    if (result.ec != std::errc{} || result.ptr != name.data() + name.size() || number < 1 || number > 64)
      continue;  // main, daemon, mqtt
    // A slot that was never used has an id and nothing else.
    if (!member.is_object() || !member.contains("id") || !member["id"].is_string() ||
        !member.contains("class"))
      continue;
    Json parameters = member;
    parameters["number"] = number;
    if (!parameters.contains("enable")) parameters["enable"] = 0;
    provision(accounts, device, member["id"].get_ref<const std::string&>(), parameters, now);
    ++count;
  }
  return count;
}

}  // namespace flm::server

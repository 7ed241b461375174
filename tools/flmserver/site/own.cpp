// What is one's own, and what others share: devices, sensors, tokens, following.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "tools/common/input_error.hpp"
#include "tools/flmserver/site/visit.hpp"
#include "tools/flmserver/store/series_store.hpp"
#include "tools/web/access/local_network.hpp"
#include "tools/web/exchange/json_input.hpp"

namespace flm::server {
namespace {

using Json = nlohmann::json;

constexpr std::size_t most_tokens = 20;     ///< of a sensor
constexpr std::size_t most_followed = 200;  ///< by an account

Json or_null(const std::optional<std::int64_t>& number) { return number ? Json(*number) : Json(); }

/// Where browsers at home reach a device's local interface; a device says what it likes, so no address
/// elsewhere is passed on.
Json local_address(const Device& device) {
  if (!web::is_local_address(device.ip)) return {};
  const bool number = !device.port.empty() && device.port.find_first_not_of("0123456789") == device.port.npos;
  const std::string port = number ? device.port : "8080";
  const bool six = device.ip.find(':') != device.ip.npos;
  return six ? fmt::format("http://[{}]:{}", device.ip, port) : fmt::format("http://{}:{}", device.ip, port);
}

}  // namespace

web::Response Site::devices(Visit& visit) {
  Json list = Json::array();
  for (const Device& device : visit.accounts.devices_of(visit.self.uid))
    list.push_back({{"device", device.device},
                    {"serial", device.serial},
                    {"version", device.version},
                    {"heartbeat", or_null(device.heartbeat)},
                    {"uptime", or_null(device.uptime)},
                    {"resets", device.resets},
                    {"local", local_address(device)}});
  return web::json_of(list);
}

web::Response Site::claim(Visit& visit) {
  const Json body = web::json_body(visit.request);
  web::JsonInput input(body);
  const std::string serial = input.text("serial", 16), code = input.text("code", 32);
  input.no_others();
  visit.accounts.claim(visit.self.uid, serial, code);
  return web::no_content();
}

web::Response Site::release(Visit& visit) {
  for (const std::string& sid : visit.accounts.release(visit.device().device))
    SeriesStore(visit.database).remove(sid);
  return web::no_content();
}

web::Response Site::sensors(Visit& visit) {
  SeriesStore store(visit.database);
  Json list = Json::array();
  const auto add = [&](const Account& owner, const Sensor& sensor, const Device* device) {
    const auto newest = store.newest({sensor.sid, static_cast<int>(sensor.rid)});
    list.push_back(
        {{"sid", sensor.sid},
         {"name", sensor.shown_name()},
         {"type", sensor.type},
         {"class", sensor.sensor_class},
         {"data_type", sensor.data_type},
         {"enabled", sensor.enabled},
         {"owner", {{"uid", owner.uid}, {"name", owner.name}}},
         {"own", device != nullptr},
         {"shared", sensor.shared},
         {"device", device ? Json(device->device) : Json()},
         {"local", device ? local_address(*device) : Json()},
         {"last", newest ? Json{newest->time, static_cast<double>(newest->value) / 1000} : Json()}});
  };
  for (const Device& device : visit.accounts.devices_of(visit.self.uid))
    for (const Sensor& sensor : visit.accounts.sensors_of_device(device.device))
      add(visit.self, sensor, &device);
  for (const Account& other : visit.accounts.followed_by(visit.self.uid))
    for (const Sensor& sensor : visit.accounts.sensors_of(other.uid))
      if (sensor.shared) add(other, sensor, nullptr);
  return web::json_of(list);
}

web::Response Site::change_sensor(Visit& visit) {
  const std::string sid = visit.sensor().sid;
  const Json body = web::json_body(visit.request);
  web::JsonInput input(body);
  std::optional<std::string> name;
  std::optional<bool> shared;
  if (input.has("name")) name = input.text("name", 128, 0);
  if (input.has("shared")) shared = input.boolean("shared");
  input.no_others();
  if (name) visit.accounts.set_name(sid, *name);
  if (shared) visit.accounts.share(sid, *shared);
  return web::no_content();
}

web::Response Site::tokens(Visit& visit) {
  Json list = Json::array();
  for (const Token& token : visit.accounts.tokens_of(visit.sensor().sid))
    list.push_back({{"token", token.token}, {"name", token.name}, {"created", token.created}});
  return web::json_of(list);
}

web::Response Site::add_token(Visit& visit) {
  const Sensor sensor = visit.sensor();
  const Json body = web::json_body(visit.request);
  web::JsonInput input(body);
  const std::string name = input.text("name", 64, 0);
  input.no_others();
  if (visit.accounts.tokens_of(sensor.sid).size() >= most_tokens)
    throw InputError(
        fmt::format("the sensor has {} tokens; allowed: that many; revoke one first", most_tokens));
  const Token made = visit.accounts.add_token(sensor.sid, name, visit.now);
  return web::json_of({{"token", made.token}, {"name", made.name}, {"created", made.created}});
}

web::Response Site::revoke(Visit& visit) {
  const std::optional<Token> token = visit.accounts.token(visit.request.parameter("token"));
  if (!token || token->sid != visit.sensor().sid) throw web::HttpError(404, "the sensor has no such token");
  visit.accounts.revoke(token->token);
  return web::no_content();
}

web::Response Site::following(Visit& visit) {
  Json list = Json::array();
  for (const Account& other : visit.accounts.followed_by(visit.self.uid)) {
    const std::vector<Sensor> all = visit.accounts.sensors_of(other.uid);
    list.push_back(
        {{"uid", other.uid},
         {"name", other.name},
         {"shared", std::count_if(all.begin(), all.end(), [](const Sensor& s) { return s.shared; })}});
  }
  return web::json_of(list);
}

web::Response Site::follow(Visit& visit) {
  const Json body = web::json_body(visit.request);
  web::JsonInput input(body);
  const std::string name = input.text("name", 64);
  input.no_others();
  const std::optional<Account> other = visit.accounts.account_named(name);
  if (!other) throw web::HttpError(404, fmt::format("nobody is called '{}'", name));
  if (visit.accounts.followed_by(visit.self.uid).size() >= most_followed)
    throw InputError(fmt::format("an account follows {} others at most", most_followed));
  visit.accounts.follow(visit.self.uid, other->uid);
  return web::no_content();
}

web::Response Site::unfollow(Visit& visit) {
  visit.accounts.unfollow(visit.self.uid, uid_of_path(visit.request));
  return web::no_content();
}

}  // namespace flm::server

#include "tools/flmserver/api/api.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "tools/api/api_request.hpp"
#include "tools/common/input_error.hpp"
#include "tools/flmserver/store/series_store.hpp"
#include "tools/history/query/answer.hpp"
#include "tools/history/query/query.hpp"

namespace flm::server {
namespace {

using Json = nlohmann::ordered_json;

Json or_null(const std::optional<std::int64_t>& number) { return number ? Json(*number) : Json(); }
std::string dump(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }
Json port_of(const Sensor& sensor) {
  return sensor.port.empty() ? Json() : Json::parse(sensor.port, nullptr, false);
}

}  // namespace

Api::Api(Workers& workers, SessionOf session_of, Clock clock)
    : workers_(workers), session_of_(std::move(session_of)), clock_(std::move(clock)) {}

web::Response Api::read(const web::Request& request,
                        web::Response (Api::*of)(Database&, const web::Request&)) {
  return workers_.read(
      [this, of, kept = web::keep(request)](Database& database) { return (this->*of)(database, *kept); });
}
web::Response Api::write(const web::Request& request,
                         web::Response (Api::*of)(Database&, const web::Request&)) {
  return workers_.write(
      [this, of, kept = web::keep(request)](Database& database) { return (this->*of)(database, *kept); },
      request.body.size());
}

void Api::add_routes(web::Router& router) {
  const web::RouteOptions open{.any_origin = true}, large{.body_limit = longest_body, .any_origin = true};
  const auto reads = [&](std::string_view path, web::Response (Api::*of)(Database&, const web::Request&)) {
    router.get(
        path, [this, of](const web::Request& request) { return read(request, of); }, open);
  };
  reads("/sensor/{sid}", &Api::series);
  reads("/sensor/{sid}/tmpo/sync", &Api::sync);
  reads("/sensor/{sid}/tmpo/{rid}/{lvl}/{bid}", &Api::block);
  reads("/user/{uid}/sensor", &Api::sensors_of_user);
  reads("/user/{uid}/device", &Api::devices_of_user);
  reads("/device/{device}/sensor", &Api::sensors_of_device);
  router.post(
      "/sensor/{sid}", [this](const web::Request& request) { return write(request, &Api::take_sensor); },
      large);
  router.post(
      "/device/{device}",
      [this](const web::Request& request) { return write(request, &Api::take_heartbeat); }, large);
}

/// A zone is read from its file once.
std::shared_ptr<const history::Zone> Api::zone(const std::string& name) {
  const std::lock_guard lock(zones_mutex_);
  auto& zone = zones_[name];
  if (!zone) zone = std::make_shared<const history::Zone>(name);
  return zone;
}

web::Response Api::series(Database& database, const web::Request& request) {
  const Asker asker(request, session_of_);
  const auto [sensor, owner] = asker.sensor_with_owner(database, request.parameter("sid"));
  const Account account = owner.value_or(Account{});
  const auto zone = this->zone(account.zone);
  const std::int64_t now = clock_();
  const history::Series series{sensor.sid, static_cast<int>(sensor.rid)};
  SeriesStore store(database);
  try {
    const std::vector<history::Parameter> parameters = api::parameters_of(request);
    const history::Query query = history::query_of(parameters, {now, sensor.type, *zone, account.prices});
    if (query.kind == history::Query::Kind::parameters) {
      history::SensorParameters p;
      p.access = sensor.access;
      p.type = sensor.type;
      p.function = sensor.shown_name();
      p.sensor_class = sensor.sensor_class;
      p.voltage = sensor.voltage;
      p.current = sensor.current;
      p.phase = sensor.phase;
      p.constant = sensor.constant_milli;
      p.enabled = sensor.enabled;
      p.last_update = store.newest(series);
      return web::json(history::with_callback(query.callback, history::parameters_text(p)));
    }
    if (query.kind == history::Query::Kind::update)
      return web::json(history::with_callback(query.callback, "\"ok\""));  // this server has no alarms
    if (sensor.data_type == "gauge")
      throw web::HttpError(404, "this sensor counts nothing: its history is in its TMPO blocks");
    const auto format = history::format_of(request.header("Accept").value_or("*/*"));
    if (!format) throw web::HttpError(406, "allowed: application/json, text/csv");
    history::Answer answer(*query.series, *format, sensor.falls());
    // After its newest point nothing is known, as in the original.
    if (!store.add_to(answer.bins(), series))
      throw web::HttpError(404, "nothing of this sensor has come yet");
    web::Response response = web::json(history::with_callback(query.callback, answer.text()));
    response.content_type = content_type(*format);
    return response;
  } catch (const history::QueryError& error) {
    throw web::HttpError(400, error.what());
  }
}

web::Response Api::sync(Database& database, const web::Request& request) {
  const Sensor sensor = Asker(request, session_of_).sensor(database, request.parameter("sid"));
  const api::BlockOfSensor known = api::known_block(request);
  std::vector<api::BlockOfSensor> blocks;
  for (const SeriesStore::Listed& each : SeriesStore(database).blocks_after(sensor.sid, known.rid, known.id))
    blocks.push_back({each.rid, each.id});
  return web::jsonp(request, api::list_text(blocks));
}

web::Response Api::block(Database& database, const web::Request& request) {
  const Sensor sensor = Asker(request, session_of_).sensor(database, request.parameter("sid"));
  const api::BlockOfSensor asked = api::block_of_path(request);
  std::optional<std::string> gzip = SeriesStore(database).block({sensor.sid, asked.rid}, asked.id);
  if (!gzip) throw web::HttpError(404, "no such block");
  return api::block_response(request, *std::move(gzip));
}

web::Response Api::sensors_of_user(Database& database, const web::Request& request) {
  const Account asker = Asker(request, session_of_).account(database);
  const std::int64_t uid = api::required_number(request.parameter("uid"), "user");
  Accounts accounts(database);
  Json list = Json::array();
  std::map<std::string, Device> devices;
  for (const Device& device : accounts.devices_of(uid)) devices[device.device] = device;
  for (const Sensor& sensor : accounts.sensors_of(uid)) {
    if (!accounts.may_see(asker.uid, sensor)) continue;
    const Device& device = devices[sensor.device];
    // Where a device is at home is nobody else's business.
    const bool own = uid == asker.uid;
    list.push_back({{"sensor", sensor.sid},
                    {"type", sensor.type},
                    {"function", sensor.shown_name()},
                    {"ip", own && !device.ip.empty() ? Json(device.ip) : Json()},
                    {"port", own && !device.port.empty() ? Json(device.port) : Json()}});
  }
  if (uid != asker.uid && list.empty()) throw refused("Access refused");
  return web::jsonp(request, dump(list));
}

web::Response Api::devices_of_user(Database& database, const web::Request& request) {
  const Account asker = Asker(request, session_of_).account(database);
  if (api::required_number(request.parameter("uid"), "user") != asker.uid) throw refused("Access refused");
  Json list = Json::array();
  for (const Device& device : Accounts(database).devices_of(asker.uid))
    list.push_back({{"serial", device.serial},
                    {"device", device.device},
                    {"version", device.version},
                    {"heartbeat", or_null(device.heartbeat)},
                    {"uptime", or_null(device.uptime)},
                    {"resets", device.resets}});
  return web::jsonp(request, dump(list));
}

web::Response Api::sensors_of_device(Database& database, const web::Request& request) {
  const Account asker = Asker(request, session_of_).account(database);
  const std::string_view id = request.parameter("device");
  if (!is_id(id)) throw web::HttpError(400, "device: allowed: 32 digits 0-9a-f");
  Accounts accounts(database);
  const std::optional<Device> device = accounts.device(id);
  if (!device || device->uid != asker.uid) throw refused("Access refused");
  Json list = Json::array();
  for (const Sensor& sensor : accounts.sensors_of_device(id))
    list.push_back({{"sensor", sensor.sid},
                    {"config", Json::parse(sensor.config.empty() ? "{}" : sensor.config, nullptr, false)},
                    {"port", port_of(sensor)},
                    {"type", sensor.type},
                    {"subtype", Json()},
                    {"function", sensor.shown_name()},
                    {"kid", or_null(sensor.kid)},
                    {"data_type", sensor.data_type}});
  return web::jsonp(request, dump(list));
}

}  // namespace flm::server

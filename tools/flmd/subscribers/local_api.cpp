#include "tools/flmd/subscribers/local_api.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "tools/api/api_request.hpp"
#include "tools/history/query/answer.hpp"
#include "tools/history/query/query.hpp"

namespace flm::flmd {
namespace {

using Json = nlohmann::ordered_json;

std::string json_text(const std::string& text) {
  return Json(text).dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

LocalApi::LocalApi(Sensors& sensors, Keeper& keeper, const SiteClock& clock, history::Zone zone)
    : sensors_(sensors), keeper_(keeper), clock_(clock), zone_(std::move(zone)) {}

void LocalApi::on_sensors(std::span<const SiteSensor> sensors) {
  std::vector<std::pair<std::string, std::string>> kept;
  for (const SiteSensor& s : sensors)
    if (s.enabled && s.sensor_class != "uart") kept.emplace_back(s.sid, s.type);
  window_.keep(kept);
  // A sensor that has become another one has not been read yet.
  std::erase_if(latest_, [&](const auto& entry) {
    const SiteSensor* s = sensors_.by_number(entry.first);
    return s == nullptr || !s->enabled || s->sensor_class + ' ' + s->type != entry.second.kind;
  });
  events_.send("sensors", sensors_text());
}

void LocalApi::on_reading(const Reading& r) {
  Latest& latest = latest_[r.sensor->number];
  if (latest.kind.empty()) latest.kind = r.sensor->sensor_class + ' ' + r.sensor->type;
  const bool gauge = r.quantity == Quantity::gauge;
  (gauge ? latest.gauge : latest.counter) = r.point;
  (gauge ? latest.gauge_unit : latest.counter_unit) = r.unit;
  if (gauge) window_.add(r.sensor->sid, r.point);
  if (events_.clients() == 0) return;
  events_.send(gauge ? "gauge" : "counter",
               fmt::format("{{\"sid\":\"{}\",\"t\":{},\"v\":{},\"unit\":{}}}", r.sensor->sid, r.point.time,
                           history::decimal(r.point.value), json_text(std::string(r.unit))));
}

void LocalApi::add_routes(web::Router& router) {
  const web::RouteOptions open{.any_origin = true};
  router.get(
      "/sensor/{sid}", [this](const web::Request& r) { return sensor(r); }, open);
  router.get(
      "/sensor/{sid}/tmpo/sync", [this](const web::Request& r) { return sync(r); }, open);
  router.get(
      "/sensor/{sid}/tmpo/{rid}/{lvl}/{bid}", [this](const web::Request& r) { return block(r); }, open);
  router.get(
      "/api/sensors", [this](const web::Request& r) { return sensors(r); }, open);
  router.get(
      "/events",
      [this](const web::Request&) {
        return events_.open(web::EventStream::frame("sensors", sensors_text()));
      },
      open);
}

const SiteSensor& LocalApi::known(const web::Request& request) const {
  const SiteSensor* sensor = sensors_.by_sid(request.parameter("sid"));
  if (sensor == nullptr || !sensor->enabled || sensor->sensor_class == "uart")
    throw web::HttpError(404, "no such sensor; /api/sensors lists them");
  return *sensor;
}

web::Response LocalApi::sensor(const web::Request& request) {
  const SiteSensor& s = known(request);
  const std::vector<history::Parameter> parameters = api::parameters_of(request);
  try {
    if (!MinuteWindow::is_asked_for(parameters)) return query(s, request, parameters);
    Reply reply = window_.reply(s.sid, parameters, clock_.now());
    web::Response response;
    response.status = reply.status;
    response.content_type = reply.content_type;
    response.fixed_body = *reply.body;
    response.owner = std::move(reply.body);
    return response;
  } catch (const history::QueryError& error) {
    throw web::HttpError(400, error.what());
  }
}

web::Response LocalApi::query(const SiteSensor& s, const web::Request& request,
                              history::Parameters parameters) {
  const std::int64_t now = clock_.now();
  const history::Query query = history::query_of(parameters, {now, s.type, zone_});
  const history::Series series{s.sid, s.rid};
  if (query.kind == history::Query::Kind::parameters) {
    history::SensorParameters p;
    p.type = s.type;
    p.function = s.name;
    p.sensor_class = s.sensor_class;
    const auto whole = [&](const char* name) -> std::optional<std::int64_t> {
      return s.parameters.contains(name) ? std::optional(s.parameters[name].get<std::int64_t>())
                                         : std::nullopt;
    };
    p.voltage = whole("voltage");
    p.current = whole("current");
    if (s.sensor_class == "pulse") p.constant = sensors_.constant(s.number);
    p.last_update = keeper_.store().newest(series);
    if (p.last_update) p.access = p.last_update->time;
    return web::json(history::with_callback(query.callback, history::parameters_text(p)));
  }
  if (query.kind == history::Query::Kind::update) throw web::HttpError(400, "update belongs to the server");
  if (!s.counter_is_data)
    throw web::HttpError(400, "this sensor counts nothing: its history is in its TMPO blocks");
  const auto format = history::format_of(request.header("Accept").value_or("*/*"));
  if (!format) throw web::HttpError(406, "allowed: application/json, text/csv");
  history::Answer answer(*query.series, *format, s.falls);
  history::Bins& bins = answer.bins();
  if (const auto before = keeper_.store().last_before(series, bins.from())) bins.add(*before);
  for (const history::Point& point : keeper_.store().points(series, bins.from(), now + 1)) {
    bins.add(point);
    if (point.time >= bins.to()) break;
  }
  // A counter that has not moved still stands where it was.
  if (const auto last = keeper_.store().newest(series); last && last->time < now)
    bins.add(history::Point{now, last->value});
  web::Response response = web::json(history::with_callback(query.callback, answer.text()));
  response.content_type = content_type(*format);
  return response;
}

web::Response LocalApi::sync(const web::Request& request) {
  const SiteSensor& s = known(request);
  const api::BlockOfSensor known_one = api::known_block(request);
  std::vector<api::BlockOfSensor> blocks;
  for (const history::Series& series : keeper_.store().series()) {
    if (series.sid != s.sid || series.rid < known_one.rid) continue;
    const history::BlockId from = series.rid == known_one.rid ? known_one.id : history::BlockId{};
    for (const history::BlockId& id : keeper_.store().blocks_after(series, from))
      blocks.push_back({series.rid, id});
  }
  return web::jsonp(request, api::list_text(blocks));
}

web::Response LocalApi::block(const web::Request& request) {
  const SiteSensor& s = known(request);
  const api::BlockOfSensor asked = api::block_of_path(request);
  std::optional<std::string> bytes;
  try {
    bytes = keeper_.store().block({s.sid, asked.rid}, asked.id);
  } catch (const history::DiskError&) {
    throw web::HttpError(500, "the block cannot be read");
  }
  if (!bytes) throw web::HttpError(404, "no such block");
  return api::block_response(request, *std::move(bytes));
}

std::string LocalApi::sensors_text() const {
  std::string text = "[";
  for (const SiteSensor& s : sensors_.all()) {
    if (!s.enabled) continue;
    text +=
        fmt::format("{}{{\"number\":{},\"sid\":\"{}\",\"name\":{},\"type\":\"{}\",\"class\":\"{}\"",
                    text.size() > 1 ? "," : "", s.number, s.sid, json_text(s.name), s.type, s.sensor_class);
    const auto latest = latest_.find(s.number);
    const auto add = [&](const char* name, const std::optional<history::Point>& point,
                         std::string_view unit) {
      if (point)
        text += fmt::format(",\"{}\":[{},{},{}]", name, point->time, history::decimal(point->value),
                            json_text(std::string(unit)));
    };
    if (latest != latest_.end()) {
      add("gauge", latest->second.gauge, latest->second.gauge_unit);
      add("counter", latest->second.counter, latest->second.counter_unit);
    }
    text += '}';
  }
  return text + "]";
}

web::Response LocalApi::sensors(const web::Request& request) { return web::jsonp(request, sensors_text()); }

}  // namespace flm::flmd

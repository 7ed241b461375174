// What devices send.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "tools/api/digest.hpp"
#include "tools/common/input_error.hpp"
#include "tools/flmserver/accounts/provision.hpp"
#include "tools/flmserver/api/api.hpp"
#include "tools/flmserver/api/measurements.hpp"
#include "tools/flmserver/store/series_store.hpp"
#include "tools/web/exchange/json_input.hpp"

namespace flm::server {
namespace {

using Json = nlohmann::json;

std::string_view digest_of(const web::Request& request) {
  const auto claimed = request.header("X-Digest");
  if (!claimed || claimed->size() != 40 || claimed->find_first_not_of("0123456789abcdef") != claimed->npos)
    throw web::HttpError(400, "X-Digest is required: 40 digits 0-9a-f");
  return *claimed;
}

/// The device that signed a request about a sensor which is not known yet: the one that it names, as flmd
/// does; else it is looked for, in a small store.
std::optional<Device> signer(Database& database, Accounts& accounts, const web::Request& request,
                             std::string_view claimed) {
  const std::string_view body = request.body;
  if (const auto named = request.header("X-Device")) {
    std::optional<Device> device = is_id(*named) ? accounts.device(*named) : std::nullopt;
    if (device && !api::digest_matches(device->key, body, claimed)) device.reset();
    return device;
  }
  const Rows rows = database.run("SELECT device, key FROM device WHERE uid IS NOT NULL LIMIT 65");
  if (rows.size() > most_devices_searched) return std::nullopt;
  for (const Row& row : rows)
    if (api::digest_matches(row.text(1), body, claimed)) return accounts.device(row.text(0));
  return std::nullopt;
}

}  // namespace

web::Response Api::take_sensor(Database& database, const web::Request& request) {
  require_version(request);
  const std::string_view sid = request.parameter("sid"), claimed = digest_of(request);
  if (!is_id(sid)) throw web::HttpError(400, "sensor: allowed: 32 digits 0-9a-f");
  const std::int64_t now = clock_();
  Accounts accounts(database);
  std::optional<Sensor> sensor = accounts.sensor(sid);
  std::optional<Device> device;
  if (sensor) {
    device = accounts.device(sensor->device);
    if (!device || !api::digest_matches(device->key, request.body, claimed))
      throw refused("Incorrect digest");
  } else {
    device = signer(database, accounts, request, claimed);
    if (!device) throw refused("No proper provisioning for this sensor");
  }
  const Json body = web::parse_json(request.body, "the body", 4);
  const bool has_points = body.is_object() && body.contains("measurements"),
             has_config = body.is_object() && body.contains("config");
  if (has_points == has_config)
    throw web::HttpError(400, "the body: allowed: an object with either measurements or config");
  try {
    if (has_config) {
      provision(accounts, *device, sid, body["config"], now);
      return web::json(R"({"response":"ok"})");
    }
    const std::vector<history::Point> points = points_of(body["measurements"]);
    if (!sensor) sensor = provision(accounts, *device, sid, Json::object(), now);
    const Added added = SeriesStore(database).add({sensor->sid, static_cast<int>(sensor->rid)}, points, now);
    database.run("UPDATE sensor SET access = $2 WHERE sid = $1", {sid, now});
    if (added.refused == 0) return web::json(R"({"response":"ok"})");
    // As the original does when its archive refuses: with an error status the device would send it for ever.
    return web::json(
        fmt::format(R"({{"response":"{} of {} measurements left out: before 2009 or after now"}})",
                    added.refused, points.size()));
  } catch (const InputError& error) {
    throw web::HttpError(400, error.what());
  }
}

web::Response Api::take_heartbeat(Database& database, const web::Request& request) {
  require_version(request);
  const std::string_view id = request.parameter("device"), claimed = digest_of(request);
  if (!is_id(id)) throw web::HttpError(400, "device: allowed: 32 digits 0-9a-f");
  Accounts accounts(database);
  std::optional<Device> device = accounts.device(id);
  if (!device || !api::digest_matches(device->key, request.body, claimed)) throw refused("Incorrect digest");
  const Json body = web::parse_json(request.body, "the body", 6);
  if (!body.is_object()) throw web::HttpError(400, "the body: allowed: a JSON object");
  const auto whole = [&](const char* name, std::int64_t most) -> std::optional<std::int64_t> {
    if (!body.contains(name) || body[name].is_null()) return std::nullopt;
    const auto number = body[name].is_number_integer() ? body[name].get<std::int64_t>() : -1;
    if (number < 0 || number > most)
      throw web::HttpError(400, fmt::format("{}: allowed: a whole number from 0 to {}", name, most));
    return number;
  };
  const auto text = [&](const char* name, std::size_t longest) -> std::string {
    if (!body.contains(name) || body[name].is_null()) return {};
    if (!body[name].is_string() || body[name].get_ref<const std::string&>().size() > longest ||
        !web::is_text(body[name].get_ref<const std::string&>()))
      throw web::HttpError(400, fmt::format("{}: allowed: text of up to {} bytes", name, longest));
    return body[name].get<std::string>();
  };
  const std::int64_t now = clock_();
  device->version = whole("version", 1'000'000).value_or(device->version);
  device->uptime = whole("uptime", std::int64_t{1} << 40);
  if (whole("reset", 1).value_or(0) == 1) ++device->resets;
  device->ip = text("ip", 45);
  device->port = text("port", 5);
  device->heartbeat = now;
  const std::int64_t upgrade = std::exchange(device->upgrade, 0);
  accounts.change(*device);
  try {
    if (body.contains("config")) provision_all(accounts, *device, body["config"], now);
  } catch (const InputError& error) {
    throw web::HttpError(400, error.what());
  }
  std::string answer = fmt::format(R"({{"upgrade":{},"timestamp":{}}})", upgrade, now);
  const std::string signature = api::digest(device->key, answer);
  return web::json(std::move(answer)).with("X-Digest", signature);
}

}  // namespace flm::server

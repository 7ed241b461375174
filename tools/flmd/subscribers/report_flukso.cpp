#include "tools/flmd/subscribers/report_flukso.hpp"

#include <fmt/format.h>
#include <syslog.h>

#include <ctime>
#include <iterator>
#include <memory>
#include <utility>

#include "tools/api/digest.hpp"             // digest
#include "tools/common/input_error.hpp"     // InputError
#include "tools/flmd/report/heartbeat.hpp"  // Heartbeat
#include "tools/flmd/site/server_address.hpp"

namespace flm::flmd {
namespace {

std::string user_agent(const FluksoSettings& settings) {
  return fmt::format("Fluksometer v{}", settings.version);
}

HttpRequest signed_request(const FluksoSettings& settings, const std::string& path, std::string body) {
  HttpRequest request;
  request.url = settings.url + path;
  request.headers = {{"Content-Type", "application/json"},
                     {"X-Version", "1.0"},
                     {"X-Device", settings.device},  // for a server to which the sensor is new
                     {"X-Digest", api::digest(settings.key, body)}};
  request.body = std::move(body);
  return request;
}

// Whether it is better to try again later than to give up.
bool is_passing(int status) { return status < 400 || status >= 500 || status == 408 || status == 429; }

// A page in place of the server's answer: a proxy or a hotspot speaks.
bool is_page(const HttpAnswer& answer) {
  const auto first = answer.body.find_first_not_of(" \t\r\n");
  return first != std::string::npos && answer.body[first] == '<';
}

bool has_counter_at_server(const SiteSensor& sensor) {
  return sensor.sensor_class == "analog" || sensor.sensor_class == "pulse" || sensor.sensor_class == "cosem";
}

class FluksoKind final : public ReportKind {
 public:
  explicit FluksoKind(FluksoSettings settings) : settings_(std::move(settings)) {}

  [[nodiscard]] bool takes(const SiteSensor& sensor) const override {
    return has_counter_at_server(sensor) && sensor.counter_is_data;
  }

  [[nodiscard]] HttpRequest request(const Batch& batch) const override {
    const BatchPart& only = batch.front();
    return signed_request(settings_, "sensor/" + only.sensor->sid, flukso_measurements(only.points));
  }

  [[nodiscard]] Verdict judge(const HttpAnswer& answer) const override {
    if (answer.status == 200) {
      if (is_page(answer)) return {Outcome::away, "a page answers instead of the server"};
      const auto json = nlohmann::json::parse(answer.body, nullptr, false);
      const auto response = json.is_object() ? json.value("response", nlohmann::json()) : nlohmann::json();
      if (!response.is_string())
        return {Outcome::away,
                "200 with something that is not the server's answer: " + one_line(answer.body)};
      if (response != "ok") return {Outcome::delivered, "the server says: " + response.get<std::string>()};
      return {Outcome::delivered, ""};
    }
    if (answer.status == 413) return {Outcome::too_large, "the server wants fewer points at once"};
    if (answer.status <= 0) return {Outcome::away, answer.error};
    std::string reason = fmt::format("the server answers {}", answer.status);
    if (const std::string why = answer.header("www-authenticate"); !why.empty())
      reason += ", " + one_line(why);
    return {is_passing(answer.status) ? Outcome::away : Outcome::refused, reason};
  }

 private:
  FluksoSettings settings_;
};

FluksoSettings checked(FluksoSettings settings) {
  const auto is_id = [](const std::string& text) {
    return text.size() == 32 && text.find_first_not_of("0123456789abcdef") == std::string::npos;
  };
  settings.url = flukso_url(settings.url);
  if (!is_id(settings.device))
    throw InputError(fmt::format("device id '{}': allowed: 32 digits, 0 to 9 and a to f", settings.device));
  if (!is_id(settings.key)) throw InputError("device key: allowed: 32 digits, 0 to 9 and a to f");
  return settings;
}

ReporterSettings reporter_settings(const FluksoSettings& settings) {
  ReporterSettings result;
  result.name = "flukso " + settings.url;
  result.cursor_file = settings.cursor_file;
  result.interval = settings.interval;
  result.first_wait = settings.first_wait;
  result.backoff = settings.backoff;
  result.one_sensor_each = true;
  result.every_post_is_logged = true;
  result.http.user_agent = user_agent(settings);
  result.http.ca_file = settings.ca_file;
  result.http.whole_limit = settings.answer_limit;
  result.log = settings.log;
  result.globe = settings.globe;
  return result;
}

}  // namespace

std::string flukso_measurements(std::span<const history::Point> points) {
  std::string body = R"({"measurements":[)";
  body.reserve(points.size() * 22 + 32);
  for (const history::Point& point : points) {
    // Down, for negative counts too: a net counter passes 0 without a step of two.
    const std::int64_t whole = point.value / 1000 - (point.value % 1000 < 0 ? 1 : 0);
    fmt::format_to(std::back_inserter(body), "[{},{}],", point.time, whole);
  }
  if (!points.empty()) body.pop_back();
  return body + "]}";
}

std::string flukso_config(const SiteSensor& sensor) {
  const auto parameter = [&](const char* name) {
    return sensor.parameters.is_object() ? sensor.parameters.value(name, nlohmann::json()) : nlohmann::json();
  };
  nlohmann::ordered_json config;
  config["class"] = sensor.sensor_class;
  config["type"] = sensor.type;
  config["function"] = sensor.name;
  config["voltage"] = parameter("voltage");
  config["current"] = parameter("current");
  if (sensor.sensor_class == "analog") config["phase"] = parameter("port").size() == 3 ? 3 : 1;
  config["constant"] = parameter("constant");
  config["enable"] = sensor.enabled ? 1 : 0;
  nlohmann::ordered_json json;
  json["config"] = std::move(config);
  return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

ReportFlukso::ReportFlukso(boost::asio::io_context& loop, const Source& source, FluksoSettings settings)
    : ReportFlukso(loop, source, checked(std::move(settings)), Checked()) {}

ReportFlukso::ReportFlukso(boost::asio::io_context& loop, const Source& source, FluksoSettings settings,
                           Checked)
    : Reporter(loop, source, std::make_unique<FluksoKind>(settings), reporter_settings(settings)),
      settings_(std::move(settings)),
      hour_(loop),
      again_(loop) {}

void ReportFlukso::on_sensors(std::span<const SiteSensor> sensors) {
  Reporter::on_sensors(sensors);
  for (const SiteSensor& sensor : sensors) {
    if (!has_counter_at_server(sensor)) continue;
    std::string config = flukso_config(sensor);
    const auto sent = sent_.find(sensor.sid);
    if (sent != sent_.end() && sent->second == config)
      pending_.erase(sensor.sid);
    else
      pending_[sensor.sid] = std::move(config);
  }
  if (!started_) {
    started_ = true;
    heartbeat_due_ = true;
    beat_each_hour();
  }
  next_errand();
}

void ReportFlukso::stop() {
  hour_.cancel();
  again_.cancel();
  Reporter::stop();
}

void ReportFlukso::beat_each_hour() {
  after(hour_, settings_.heartbeat_interval, [this] {
    heartbeat_due_ = true;
    beat_each_hour();
    next_errand();
  });
}

void ReportFlukso::next_errand() {
  if (busy_ || stopped()) return;
  if (heartbeat_due_)
    send_heartbeat();
  else if (!pending_.empty())
    send_settings(pending_.begin()->first);
}

void ReportFlukso::try_errand_again() {
  after(again_, wait_after(++failures_, settings_.backoff), [this] { next_errand(); });
}

void ReportFlukso::send_heartbeat() {
  Heartbeat beat;
  beat.reset = reset_;
  beat.version = settings_.version;
  beat.time = std::time(nullptr);
  beat.host = host_facts(settings_.proc);
  if (settings_.recent_log) beat.log = settings_.recent_log();
  beat.port = settings_.http_port;
  busy_ = true;
  HttpRequest request = signed_request(settings_, "device/" + settings_.device, heartbeat_body(beat));
  post(std::move(request), [this](const HttpAnswer& answer) {
    busy_ = false;
    log_post(settings_.url + "device/" + settings_.device, answer);
    // One that is refused will not be taken sooner than the next.
    if (answer.status != 200 && is_passing(answer.status)) return try_errand_again();
    failures_ = 0;
    heartbeat_due_ = false;
    if (answer.status == 200) on_heartbeat(answer);
    next_errand();
  });
}

void ReportFlukso::on_heartbeat(const HttpAnswer& answer) {
  reset_ = false;
  if (!api::digest_matches(settings_.key, answer.body, answer.header("x-digest"))) {
    log(LOG_ERR, "Incorrect digest in the heartbeat reply. Discard response.");
    return;
  }
  const auto said = heartbeat_answer(answer.body);
  if (!said) {
    log(LOG_ERR, "heartbeat: the reply is signed, but not understood: " + one_line(answer.body));
    return;
  }
  if (said->upgrade > settings_.version) {
    upgrade_offered_ = said->upgrade;
    log(LOG_WARNING, fmt::format("heartbeat: the server offers upgrade {}; it is not run", said->upgrade));
  } else if (said->upgrade == settings_.version) {
    log(LOG_WARNING, "heartbeat: the server asks for a restart; it is not done");
  }
}

void ReportFlukso::send_settings(const std::string& sid) {
  busy_ = true;
  const std::string config = pending_.at(sid);
  post(signed_request(settings_, "sensor/" + sid, config), [this, sid, config](const HttpAnswer& answer) {
    busy_ = false;
    log_post(settings_.url + "sensor/" + sid, answer);
    const bool taken = answer.status == 200 || answer.status == 204;
    if (!taken && is_passing(answer.status)) return try_errand_again();
    failures_ = 0;
    // What is refused will be refused again, until it is another.
    sent_[sid] = config;
    if (const auto pending = pending_.find(sid); pending != pending_.end() && pending->second == config)
      pending_.erase(pending);
    next_errand();
  });
}

}  // namespace flm::flmd

#include "tools/flmd/subscribers/report_influx.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <string_view>
#include <utility>

#include "tools/flmd/report/encoding.hpp"  // gzip
#include "tools/flmd/site/server_address.hpp"

namespace flm::flmd {
namespace {

std::string escaped(std::string_view text, std::string_view special) {
  std::string result;
  for (char c : text) {
    if (static_cast<unsigned char>(c) < ' ' || c == 0x7F) c = ' ';
    if (c == '\\') c = '/';
    if (special.find(c) != std::string_view::npos) result += '\\';
    result += c;
  }
  return result;
}

// Points that the server no longer keeps: InfluxDB 1 "partial write: points beyond retention policy
// dropped=3", InfluxDB 2 "... outside of the retention period".
bool are_too_old(const std::string& body) {
  return body.find("beyond retention policy") != std::string::npos ||
         body.find("retention period") != std::string::npos;
}

class InfluxKind final : public ReportKind {
 public:
  explicit InfluxKind(InfluxSettings settings) : settings_(std::move(settings)) {}

  [[nodiscard]] bool takes(const SiteSensor&) const override { return true; }

  [[nodiscard]] HttpRequest request(const Batch& batch) const override {
    HttpRequest request;
    request.url = settings_.url;
    request.headers = {{"Content-Type", "text/plain; charset=utf-8"}};
    if (!settings_.token.empty()) request.headers.emplace_back("Authorization", "Token " + settings_.token);
    for (const BatchPart& part : batch) {
      const std::string start = influx_series(settings_.measurement, *part.sensor) +
                                (part.sensor->counter_is_data ? " counter=" : " gauge=");
      for (const history::Point& point : part.points) {
        request.body += start;
        history::append_decimal(request.body, point.value);
        fmt::format_to(std::back_inserter(request.body), " {}\n", point.time);
      }
    }
    if (settings_.gzip) {
      request.body = gzip(request.body);
      request.headers.emplace_back("Content-Encoding", "gzip");
    }
    return request;
  }

  [[nodiscard]] Verdict judge(const HttpAnswer& answer) const override {
    const int status = answer.status;
    if (status <= 0) return {Outcome::away, answer.error};
    std::string reason = fmt::format("the server answers {}", status);
    if (!answer.body.empty()) reason += ": " + one_line(answer.body);
    if (status == 204) return {Outcome::delivered, ""};
    if (status == 200) {
      if (answer.body.starts_with('<')) return {Outcome::away, "a page answers instead of the server"};
      return {Outcome::delivered, ""};
    }
    if (status == 413) return {Outcome::too_large, reason};
    if (status == 408 || status == 429 || status < 300 || status >= 500) return {Outcome::away, reason};
    if (status == 400 || status == 422)
      return {are_too_old(answer.body) ? Outcome::delivered : Outcome::refused, reason};
    return {Outcome::denied, reason};
  }

 private:
  InfluxSettings settings_;
};

// For people: the query may hold a password.
std::string without_query(const std::string& url) { return url.substr(0, url.find('?')); }

}  // namespace

std::string influx_series(const std::string& measurement, const SiteSensor& sensor) {
  std::string text = escaped(measurement, ", ");
  const auto tag = [&](std::string_view name, std::string_view value) {
    if (!value.empty()) text += fmt::format(",{}={}", name, escaped(value, ",= "));
  };
  // By name: what the servers store fastest.
  tag("class", sensor.sensor_class);
  tag("name", sensor.name);
  if (sensor.rid != 0) tag("rid", std::to_string(sensor.rid));
  tag("sensor", sensor.sid);
  tag("type", sensor.type);
  return text;
}

std::unique_ptr<Reporter> report_influx(boost::asio::io_context& loop, const Source& source,
                                        InfluxSettings settings) {
  settings.url = influx_url(settings.url);
  check_token(settings.token);
  ReporterSettings driver;
  driver.name = "influx " + without_query(settings.url);
  driver.cursor_file = settings.cursor_file;
  driver.interval = settings.interval;
  driver.backoff = settings.backoff;
  driver.http.user_agent = "flmd";
  driver.http.ca_file = settings.ca_file;
  driver.http.username = settings.username;
  driver.http.password = settings.password;
  driver.http.whole_limit = settings.answer_limit;
  driver.log = settings.log;
  return std::make_unique<Reporter>(loop, source, std::make_unique<InfluxKind>(std::move(settings)),
                                    std::move(driver));
}

}  // namespace flm::flmd

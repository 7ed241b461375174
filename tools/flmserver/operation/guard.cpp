#include "tools/flmserver/operation/guard.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <stdexcept>

#include "tools/common/input_error.hpp"  // visible
#include "tools/web/access/client.hpp"
#include "tools/web/access/local_network.hpp"

namespace flm::server {
namespace {

constexpr unsigned lines_per_minute = 60;

std::string_view token_of(const web::Request& request) {
  if (const auto token = request.header("X-Token")) return *token;
  for (const auto& [name, value] : request.queries)
    if (name == "token") return value;
  return {};
}

}  // namespace

/// A request between its coming and its answer.
struct Guard::Passing {
  Guard::Route* counts = nullptr;
  web::Method method{};
  std::string pattern;
  bool limited = true;
  std::string client, parameters;  // the latter as the log has them
  bool has_secret = false;         // a token or a digest
  Limits::Time began{};
};

Guard::Guard(Options options, web::Log log, Limits::Now now)
    : options_(std::move(options)),
      log_(std::move(log)),
      now_(std::move(now)),
      limits_(options_.requests_per_minute, now_) {}

void Guard::stand_before(web::Router& router) {
  router.replace_handlers([this](const web::Route& route) -> web::Handler {
    Passing passing;
    passing.counts = &routes_[fmt::format("{} {}", web::method_name(route.method), route.pattern)];
    passing.method = route.method;
    passing.pattern = route.pattern;
    passing.limited = std::find(options_.unlimited.begin(), options_.unlimited.end(), route.pattern) ==
                      options_.unlimited.end();
    return [this, passing, handler = route.handler](const web::Request& request) {
      return pass(request, handler, passing);
    };
  });
}

bool Guard::is_local(const web::Request& request) const {
  const std::string client = web::client_address(request, options_.proxies);
  const bool by_stranger = client == request.address && request.header("X-Forwarded-For").has_value();
  return !by_stranger && web::is_local_address(client);
}

web::Response Guard::pass(const web::Request& request, const web::Handler& handler, Passing passing) {
  passing.began = now_();
  passing.client = web::client_address(request, options_.proxies);
  for (const auto& [name, value] : request.parameters)
    if (name != "token") passing.parameters += fmt::format(" {}={}", name, visible(value.substr(0, 64)));
  const std::string_view token = token_of(request);
  const bool has_digest = request.header("X-Digest").has_value();
  passing.has_secret = !token.empty() || has_digest;
  std::string fault;
  web::Response first = web::answer_of(
      [&] {
        if (passing.limited) limits_.take(passing.client, token, has_digest);
        return handler(request);
      },
      fault);
  if (!fault.empty()) {
    leave(passing, {.status = 500});
    throw std::runtime_error(fault);  // for the server's log, and its answer
  }
  return web::then(std::move(first), [this, passing = std::move(passing)](web::Response response) {
    leave(passing, response);
    return response;
  });
}

void Guard::leave(const Passing& passing, const web::Response& response) {
  const double seconds = std::chrono::duration<double>(now_() - passing.began).count();
  ++passing.counts->answers[response.status];
  passing.counts->seconds += seconds;
  if (response.status == 401 && passing.has_secret) limits_.failed(passing.client);
  const bool change = passing.method != web::Method::get && passing.pattern.starts_with("/api/");
  if (change || response.status >= 500 || response.status == 401 || response.status == 403 ||
      response.status == 429)
    log(passing, response, seconds);
}

void Guard::log(const Passing& passing, const web::Response& response, double seconds) {
  if (!log_) return;
  const Limits::Time now = now_();
  if (now - minute_ >= std::chrono::minutes(1)) {
    minute_ = now;
    lines_ = 0;
  }
  if (++lines_ > lines_per_minute) {
    ++left_out_;
    return;
  }
  std::string line = fmt::format("http: status={} method={} route={}{} client={} ms={:.0f}", response.status,
                                 web::method_name(passing.method), passing.pattern, passing.parameters,
                                 passing.client, seconds * 1000);
  // Of these the texts are the program's own.
  if (response.status == 401 || response.status == 429 || response.status >= 500)
    line += fmt::format(
        " reason=\"{}\"",
        std::string_view(response.body).substr(0, std::min<std::size_t>(response.body.find('\n'), 120)));
  if (left_out_ > 0) line += fmt::format(" left_out={}", std::exchange(left_out_, 0));
  log_(line);
}

}  // namespace flm::server

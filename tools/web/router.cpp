#include "tools/web/router.hpp"

#include <fmt/format.h>
#include <algorithm>

namespace flm::web {
namespace {

bool is_parameter(std::string_view segment) { return segment.size() > 2 && segment.front() == '{'; }

bool matches(const Route& route, const std::vector<std::string_view>& path) {
  return std::equal(route.segments.begin(), route.segments.end(), path.begin(), path.end(),
                    [](const std::string& mine, std::string_view given) {
                      return is_parameter(mine) ? !given.empty() : mine == given;
                    });
}

/// HEAD is answered by what answers GET.
bool answers(const Route& route, Method method) {
  return route.method == method || (route.method == Method::get && method == Method::head);
}

std::vector<std::string> split(std::string_view pattern) {
  const auto wrong = [&](const char* why) {
    return std::logic_error(fmt::format("route '{}': {}; allowed: /words/{{name}}", pattern, why));
  };
  if (pattern.empty() || pattern.front() != '/') throw wrong("does not begin with '/'");
  std::vector<std::string> segments;
  for (std::string_view rest = pattern.substr(1); !rest.empty();) {
    const std::string_view segment = rest.substr(0, rest.find('/'));
    const bool braces = segment.find_first_of("{}") != segment.npos;
    const bool parameter = is_parameter(segment) && segment.find_first_of("{}", 1) == segment.size() - 1;
    if (segment.empty() || (braces && !parameter))
      throw wrong("has a segment that is neither word nor {name}");
    segments.emplace_back(segment);
    rest.remove_prefix(segment.size());
    if (rest == "/") throw wrong("ends with '/'");
    if (!rest.empty()) rest.remove_prefix(1);
  }
  return segments;
}

}  // namespace

Response answer_of(const std::function<Response()>& make, std::string& fault) {
  try {
    return make();
  } catch (const HttpError& error) {
    Response refusal = text(error.status(), error.what());
    refusal.headers = error.headers();
    return refusal;
  } catch (const std::exception& error) {
    fault = error.what();
  } catch (...) {
    fault = "an exception of no standard type";
  }
  return text(500, "a fault of the program; its log says more");
}

Router& Router::add(Method method, std::string_view pattern, Handler handler, RouteOptions options) {
  for (const Route& route : routes_)
    if (route.method == method && route.pattern == pattern)
      throw std::logic_error(fmt::format("route '{} {}' stands there already", method_name(method), pattern));
  routes_.push_back({method, std::string(pattern), split(pattern), std::move(handler), options});
  return *this;
}
Router& Router::get(std::string_view pattern, Handler handler, RouteOptions options) {
  return add(Method::get, pattern, std::move(handler), options);
}
Router& Router::post(std::string_view pattern, Handler handler, RouteOptions options) {
  return add(Method::post, pattern, std::move(handler), options);
}

void Router::replace_handlers(const std::function<Handler(const Route&)>& by) {
  for (Route& route : routes_) route.handler = by(route);
}

const Route* Router::find(Request& request) const {
  request.parameters.clear();
  for (const Route& route : routes_) {
    if (!answers(route, request.method) || !matches(route, request.path)) continue;
    for (std::size_t i = 0; i < route.segments.size(); ++i) {
      const std::string_view segment = route.segments[i];
      if (is_parameter(segment))
        request.parameters.emplace_back(segment.substr(1, segment.size() - 2), request.path[i]);
    }
    return &route;
  }
  return nullptr;
}

std::string Router::allowed(const Request& request) const {
  std::string list;
  for (const Method method :
       {Method::get, Method::head, Method::post, Method::put, Method::patch, Method::remove}) {
    const auto fits = [&](const Route& route) {
      return answers(route, method) && matches(route, request.path);
    };
    if (std::any_of(routes_.begin(), routes_.end(), fits)) list.append(method_name(method)).append(", ");
  }
  if (!list.empty()) list += "OPTIONS";
  return list;
}

Response Router::options(const Request& request) const {
  const std::string methods = request.target == "*" ? "GET, HEAD, POST, OPTIONS" : allowed(request);
  if (methods.empty()) return text(404, "there is nothing at this path");
  Response response = no_content().with("Allow", methods);
  // What a browser asks before a script of another site may send more than a plain GET.
  std::string open;
  for (const Route& route : routes_)
    if (route.options.any_origin && matches(route, request.path))
      open.append(open.empty() ? "" : ", ").append(method_name(route.method));
  if (!open.empty())
    response.with("Access-Control-Allow-Origin", "*")
        .with("Access-Control-Allow-Methods", open)
        .with("Access-Control-Allow-Headers", "Content-Type, X-Version, X-Token, X-Digest, Last-Event-ID")
        .with("Access-Control-Max-Age", "86400");
  return response;
}

Response Router::answer(const Route* route, const Request& request, std::string& fault) const {
  return of_route(route, answer_of(
                             [&] {
                               if (route) return route->handler(request);
                               if (request.method == Method::options) return options(request);
                               const std::string methods = allowed(request);
                               if (methods.empty()) return text(404, "there is nothing at this path");
                               return text(405, fmt::format("{} is not allowed here; allowed: {}",
                                                            method_name(request.method), methods))
                                   .with("Allow", methods);
                             },
                             fault));
}

Response Router::of_route(const Route* route, Response response) {
  if (route && route->options.any_origin && !response.later)
    response.headers += "Access-Control-Allow-Origin: *\r\n";
  return response;
}

}  // namespace flm::web

// Which handler answers which path.
#pragma once
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "tools/web/exchange/request.hpp"
#include "tools/web/exchange/response.hpp"

namespace flm::web {

/// Runs on the loop's thread, and soon returns. What it throws becomes an answer: HttpError its own, anything
/// else a 500, whose text goes to the log only.
using Handler = std::function<Response(const Request&)>;

/// Answer of something that may throw, as a handler's: HttpError its own, anything else a 500, whose text is
/// in `fault`.
Response answer_of(const std::function<Response()>&, std::string& fault);

struct RouteOptions {
  std::size_t body_limit = 64 * 1024;  ///< bytes of a request's body; more is a 413
  bool any_origin = false;             ///< scripts of other sites may read the answer (CORS), without cookies
};

struct Route {
  Method method;
  std::string pattern;
  std::vector<std::string> segments;  ///< "{name}" is a parameter
  Handler handler;
  RouteOptions options;
};

class Router {
 public:
  /// Pattern: "/", "/sensor/{sid}/tmpo/{rid}"; a parameter is a whole segment, and matches any that is not
  /// empty. HEAD and OPTIONS need no routes of their own. Of two patterns that match, the one that was added
  /// first answers. Throws std::logic_error for a pattern that is none, or stands there already.
  Router& add(Method, std::string_view pattern, Handler, RouteOptions = {});
  Router& get(std::string_view pattern, Handler, RouteOptions = {});
  Router& post(std::string_view pattern, Handler, RouteOptions = {});

  /// The route, with `request.parameters` filled in; nullptr: none.
  const Route* find(Request& request) const;
  /// Methods of a path, "GET, HEAD, OPTIONS, POST"; empty: the path is not known.
  [[nodiscard]] std::string allowed(const Request& request) const;
  /// The whole answer to a request whose body has come; `route` is what find() gave. Never throws.
  /// `fault`: what a handler threw that was no HttpError; empty: nothing.
  Response answer(const Route* route, const Request& request, std::string& fault) const;
  [[nodiscard]] const std::vector<Route>& routes() const { return routes_; }
  /// Puts another handler in each route's place, which may call that one.
  void replace_handlers(const std::function<Handler(const Route&)>& by);
  /// What an answer has because of its route, for one that came later.
  static Response of_route(const Route* route, Response);

 private:
  Response options(const Request&) const;

  std::vector<Route> routes_;
};

}  // namespace flm::web

// What every request passes on its way in and out: limits, counts, the log.
#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "tools/flmserver/operation/limits.hpp"
#include "tools/web/conversation.hpp"  // Log
#include "tools/web/router.hpp"

namespace flm::server {

/// Who is given /metrics.
enum class MetricsFor : std::uint8_t { nobody, local, everybody };

/// Stands before the handlers of all routes. What succeeds is counted, not logged, but for changes that
/// people make by the pages; failures of the server (5xx) and refusals (401, 403, 429) are, as
///
///     http: status=401 method=POST route=/sensor/{sid} sid=c14... client=192.0.2.7 ms=3 reason="Incorrect
///     digest"
///
/// 60 lines a minute at most; the next one says how many were left out. A route's pattern, never its address:
/// no token, password or query is in the log.
class Guard {
 public:
  struct Options {
    std::size_t requests_per_minute = 1'200;
    std::vector<std::string> proxies{};    ///< whose X-Forwarded-For counts
    std::vector<std::string> unlimited{};  ///< patterns of routes without limits, as "/health"
  };
  struct Route {
    std::map<int, std::uint64_t> answers;  ///< by status
    double seconds = 0;                    ///< in all, from the whole request to its answer
  };

  Guard(Options, web::Log log, Limits::Now now = std::chrono::steady_clock::now);
  /// Call it when all routes are there. It must live as long as the router's server.
  void stand_before(web::Router&);

  /// By method and pattern, "POST /sensor/{sid}".
  [[nodiscard]] const std::map<std::string, Route>& routes() const { return routes_; }
  /// Whether a request came from this machine or a local network, as far as that can be known: not one that a
  /// proxy sent on which is not among `proxies`.
  [[nodiscard]] bool is_local(const web::Request&) const;

 private:
  struct Passing;
  web::Response pass(const web::Request&, const web::Handler&, Passing);
  void leave(const Passing&, const web::Response&);
  void log(const Passing&, const web::Response&, double seconds);

  Options options_;
  web::Log log_;
  Limits::Now now_;
  Limits limits_;
  std::map<std::string, Route> routes_;
  Limits::Time minute_{};
  unsigned lines_ = 0, left_out_ = 0;
};

}  // namespace flm::server

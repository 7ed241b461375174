// What the server tells those who run it: /metrics and /health.
#pragma once
#include <cstdint>
#include <functional>
#include <string>

#include "tools/flmserver/ingest/ingest.hpp"
#include "tools/flmserver/jobs/workers.hpp"
#include "tools/flmserver/operation/guard.hpp"
#include "tools/web/metrics_text.hpp"
#include "tools/web/server.hpp"

namespace flm::server {

struct MetricsSources {
  const Guard& guard;
  web::Server::Counts http;
  Workers::Counts store;
  std::uint64_t upkeep_steps;  ///< pieces of work
  const Ingest* ingest;        ///< or nullptr
};
/// The families: HTTP by route and status, the store's jobs, upkeep, the broker, the process.
std::string metrics(const MetricsSources&, web::MetricsFormat);

/// Adds /health, 200 when the store answers and 503 when it does not, and /metrics, for those whom the
/// configuration names; 403 for others. All must live as long as the router's server.
void add_state_routes(web::Router&, Workers&, const Guard&, MetricsFor, std::function<MetricsSources()>);

}  // namespace flm::server

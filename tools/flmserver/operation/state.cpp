#include "tools/flmserver/operation/state.hpp"

namespace flm::server {
namespace {

using Kind = web::MetricsText::Kind;

double number(std::uint64_t count) { return static_cast<double>(count); }

}  // namespace

std::string metrics(const MetricsSources& s, web::MetricsFormat format) {
  web::MetricsText text(format);
  text.family("flmserver_build", Kind::info, "", "Version of flmserver.");
  text.sample({{"version", FLM_VERSION}}, 1);
  text.family("flmserver_http_answers", Kind::counter, "", "Answers by route and status.");
  for (const auto& [route, counts] : s.guard.routes())
    for (const auto& [status, count] : counts.answers)
      text.sample({{"route", route}, {"status", std::to_string(status)}}, number(count));
  text.family("flmserver_http_answer_seconds", Kind::counter, "seconds",
              "Time that answers took, from the whole request on.");
  for (const auto& [route, counts] : s.guard.routes())
    if (!counts.answers.empty()) text.sample({{"route", route}}, counts.seconds);
  text.family("flmserver_http_connections", Kind::counter, "", "Connections that were taken.");
  text.sample({}, number(s.http.connections));
  text.family("flmserver_http_crowded_out", Kind::counter, "", "Connections that were ended for a new one.");
  text.sample({}, number(s.http.crowded_out));
  text.family("flmserver_http_open_connections", Kind::gauge, "", "Connections.");
  text.sample({}, number(s.http.open));

  text.family("flmserver_store_up", Kind::gauge, "", "1: the store answered last time.");
  text.sample({}, s.store.away ? 0 : 1);
  text.family("flmserver_store_jobs", Kind::counter, "",
              "Requests and messages that the store was asked for.");
  text.sample({{"kind", "write"}}, number(s.store.written));
  text.sample({{"kind", "read"}}, number(s.store.read));
  text.family("flmserver_store_commits", Kind::counter, "", "Transactions that wrote.");
  text.sample({}, number(s.store.commits));
  text.family("flmserver_store_collisions", Kind::counter, "", "Transactions that were done again.");
  text.sample({}, number(s.store.collisions));
  text.family("flmserver_store_failures", Kind::counter, "", "Jobs that the store could not do.");
  text.sample({}, number(s.store.failures));
  text.family("flmserver_store_refused", Kind::counter, "", "Jobs for which there was no room to wait.");
  text.sample({}, number(s.store.refused));
  text.family("flmserver_store_waiting", Kind::gauge, "", "Jobs that wait.");
  text.sample({}, number(s.store.waiting));
  text.family("flmserver_upkeep_steps", Kind::counter, "", "Blocks and days that were made of smaller ones.");
  text.sample({}, number(s.upkeep_steps));

  if (s.ingest != nullptr) {
    const Ingest::Counts& counts = s.ingest->counts();
    text.family("flmserver_broker_connected", Kind::gauge, "", "1: the broker has taken us.");
    text.sample({}, s.ingest->client().state() == flm::mqtt::Client::State::connected ? 1 : 0);
    text.family("flmserver_broker_messages", Kind::counter, "",
                "Messages of devices, by what became of them.");
    text.sample({{"kind", "block"}}, number(counts.blocks));
    text.sample({{"kind", "configuration"}}, number(counts.configurations));
    text.sample({{"kind", "sync"}}, number(counts.syncs));
    text.sample({{"kind", "refused"}}, number(counts.refused));
  }
  text.process();
  return text.finish();
}

void add_state_routes(web::Router& router, Workers& workers, const Guard& guard, MetricsFor allowed,
                      std::function<MetricsSources()> sources) {
  router.get("/health", [&workers](const web::Request&) {
    return workers.read([](Database& database) {
      database.run("SELECT max(version) FROM schema_version");
      return web::text(200, "the store answers").with("Cache-Control", "no-store");
    });
  });
  router.get("/metrics", [&guard, allowed, sources = std::move(sources)](const web::Request& request) {
    if (allowed == MetricsFor::nobody || (allowed == MetricsFor::local && !guard.is_local(request)))
      throw web::HttpError(403, "metrics are for those whom the configuration allows them");
    const web::MetricsFormat format = web::metrics_format_of(request.header("Accept").value_or(""));
    return web::Response{.content_type = std::string(content_type(format)),
                         .body = metrics(sources(), format)};
  });
}

}  // namespace flm::server

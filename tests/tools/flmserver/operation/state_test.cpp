#include "tools/flmserver/operation/state.hpp"

#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>

#include "tests/sim/temporary_folder.hpp"
#include "tools/flmserver/store/schema.hpp"

namespace {

using namespace flm;
using Catch::Matchers::Contains;

/// A server's state routes on a store of its own.
struct Served {
  explicit Served(server::MetricsFor metrics = server::MetricsFor::local) {
    server::add_state_routes(router, workers, guard, metrics, [this] {
      return server::MetricsSources{guard, {.connections = 7}, workers.counts(), 3, nullptr};
    });
    guard.stand_before(router);
  }
  web::Response get(std::string_view target, std::string_view address = "127.0.0.1") {
    web::Request request;
    request.target = target;
    request.address = address;
    web::decode_target(request);
    std::string fault;
    const web::Route* const route = router.find(request);
    web::Response response = router.answer(route, request, fault);
    CHECK(fault.empty());
    if (!response.later) return response;
    std::optional<web::Response> came;
    response.later->on_answer = [&](web::Response answer) { came = std::move(answer); };
    while (!came) {
      loop.restart();
      loop.run_for(std::chrono::milliseconds(10));
    }
    return *std::move(came);
  }
  static std::string migrated(const std::string& url) {
    server::migrate(*server::open_database(url));
    return url;
  }

  TemporaryFolder folder;
  std::string url = migrated("sqlite:" + (folder.path() / "store.db").string());
  boost::asio::io_context loop{1};
  server::Workers workers{loop, {.url = url}, {}};
  server::Guard guard{{}, {}};
  web::Router router;
};

}  // namespace

TEST_CASE("/health is 200 when the store answers, and 503 when it does not") {
  Served served;
  CHECK(served.get("/health").status == 200);
  server::open_database(served.url)->run_script("DROP TABLE schema_version");
  CHECK(served.get("/health").status == 503);
}

TEST_CASE("/metrics has counts of HTTP, store and process") {
  Served served;
  served.get("/health");
  const web::Response response = served.get("/metrics");
  CHECK(response.status == 200);
  for (const char* line :
       {"\nflmserver_http_answers_total{route=\"GET /health\",status=\"200\"} 1\n",
        "\nflmserver_http_connections_total 7\n", "\nflmserver_store_up 1\n",
        "\nflmserver_store_jobs_total{kind=\"read\"} ", "\nflmserver_store_jobs_total{kind=\"write\"} 0\n",
        "\nflmserver_upkeep_steps_total 3\n", "\nprocess_resident_memory_bytes "})
    CHECK_THAT(response.body, Contains(line));
}

TEST_CASE("/metrics are for the local network, unless the configuration says otherwise") {
  CHECK(Served().get("/metrics", "192.168.1.2").status == 200);
  CHECK(Served().get("/metrics", "192.0.2.7").status == 403);
  CHECK(Served(server::MetricsFor::everybody).get("/metrics", "192.0.2.7").status == 200);
  CHECK(Served(server::MetricsFor::nobody).get("/metrics", "127.0.0.1").status == 403);
}

#include "tools/flmserver/daemon.hpp"

#include <fmt/format.h>
#include <syslog.h>
#include <systemd/sd-daemon.h>

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <ctime>
#include <memory>

#include "tools/common/service/log.hpp"
#include "tools/flmserver/accounts/accounts.hpp"
#include "tools/flmserver/api/api.hpp"
#include "tools/flmserver/config.hpp"
#include "tools/flmserver/ingest/ingest.hpp"
#include "tools/flmserver/jobs/workers.hpp"
#include "tools/flmserver/operation/guard.hpp"
#include "tools/flmserver/operation/state.hpp"
#include "tools/flmserver/page/page.hpp"
#include "tools/flmserver/site/site.hpp"
#include "tools/flmserver/store/schema.hpp"
#include "tools/flmserver/store/upkeep.hpp"
#include "tools/web/access/client.hpp"
#include "tools/web/access/passwords.hpp"  // random_hex
#include "tools/web/server.hpp"

namespace flm::server {
namespace {

namespace fs = std::filesystem;

std::int64_t now() { return std::time(nullptr); }

class Daemon {
 public:
  explicit Daemon(const fs::path& file)
      : config_(read_config(file)),
        workers_(loop_, {.url = migrated(config_.store)},
                 [this](std::string_view line) { log_.write(LOG_WARNING, line); }),
        site_(workers_,
              {.sign_up = config_.sign_up,
               .secure = config_.tls || config_.public_url.starts_with("https://"),
               .address =
                   [this](const web::Request& request) {
                     return web::client_address(request, config_.proxies);
                   }},
              now, [this](std::string_view line) { log_.write(LOG_INFO, line); }),
        api_(workers_, site_.session_of(), now) {}

  int run() {
    web::Router router;
    api_.add_routes(router);
    site_.add_routes(router);
    web::add_pages(router, page_files(), "/index.html");
    add_state_routes(router, workers_, guard_, config_.metrics, [this] {
      return MetricsSources{guard_, http_->counts(), workers_.counts(), upkeep_steps_, ingest_.get()};
    });
    guard_.stand_before(router);
    http_ = std::make_unique<web::Server>(loop_, std::move(router), web::ServerLimits{.connections = 4096},
                                          [this](std::string_view line) { log_.write(LOG_ERR, line); });
    for (const std::string& address : config_.listen) {
      if (config_.tls)
        http_->listen(address, *config_.tls);
      else
        http_->listen(address);
    }
    workers_.in_background(
        [this](Database& database) {
          const auto falls = [&database](const std::string& sid) -> std::optional<bool> {
            Transaction transaction(database, Database::Mode::read);
            const std::optional<Sensor> sensor = Accounts(database).sensor(sid);
            if (!sensor) return {};  // of a shard, which has no accounts
            return sensor->falls();
          };
          return [this, upkeep = std::make_shared<Upkeep>(database, falls)] {
            const bool worked = upkeep->step();
            if (worked) ++upkeep_steps_;
            return worked;
          };
        },
        60);
    if (config_.broker) {
      ingest_ = std::make_unique<Ingest>(loop_, workers_, options_of(*config_.broker), now,
                                         [this](std::string_view line) { log_.write(LOG_WARNING, line); });
      ingest_->start();
    }
    boost::asio::signal_set end(loop_, SIGTERM, SIGINT);
    end.async_wait([this](const boost::system::error_code& error, int) {
      if (!error) stop();
    });
    for (const std::string& address : http_->addresses())
      log_.write(LOG_INFO, fmt::format("listens on {}://{}", config_.tls ? "https" : "http", address));
    sd_notify(0, "READY=1");
    tick();
    loop_.run();
    workers_.stop();
    return 0;
  }

 private:
  /// The store's URL, once its tables are as this program has them.
  static const std::string& migrated(const std::string& url) {
    migrate(*open_database(url));
    return url;
  }

  static flm::mqtt::Options options_of(const flm::mqtt::Broker& broker) {
    flm::mqtt::Options options;
    static_cast<flm::mqtt::Broker&>(options) = broker;
    options.client_id = "flmserver-" + web::random_hex(8);  // any number of them at one broker
    return options;
  }

  void tick() {
    timer_.expires_after(std::chrono::seconds(1));
    timer_.async_wait([this](const boost::system::error_code& error) {
      if (!error) tick();
    });
    sd_notify(0, "WATCHDOG=1");
  }

  /// What was begun is answered, then the threads end.
  void stop() {
    sd_notify(0, "STOPPING=1");
    log_.write(LOG_INFO, "ends");
    if (ingest_) ingest_->stop();
    http_->stop();
    timer_.cancel();
  }

  boost::asio::io_context loop_{1};
  LogBook log_;
  const Config config_;
  std::atomic<std::uint64_t> upkeep_steps_ = 0;  // of a thread of workers_
  Workers workers_;
  Site site_;
  Api api_;
  Guard guard_{{.requests_per_minute = config_.requests_per_minute,
                .proxies = config_.proxies,
                .unlimited = {"/health"}},
               [this](std::string_view line) { log_.write(LOG_INFO, line); }};
  std::unique_ptr<Ingest> ingest_;
  std::unique_ptr<web::Server> http_;
  boost::asio::steady_timer timer_{loop_};
};

}  // namespace

int run_server(const fs::path& configuration) { return Daemon(configuration).run(); }

}  // namespace flm::server

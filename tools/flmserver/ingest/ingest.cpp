#include "tools/flmserver/ingest/ingest.hpp"

#include <fmt/format.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "tools/common/input_error.hpp"
#include "tools/flmserver/accounts/provision.hpp"
#include "tools/flmserver/ingest/topic.hpp"
#include "tools/flmserver/store/series_store.hpp"
#include "tools/web/exchange/json_input.hpp"

namespace flm::server {
class Ingest::Impl {
 public:
  Impl(boost::asio::io_context& loop, Workers& workers, flm::mqtt::Options broker, Clock clock, web::Log log)
      : workers_(workers),
        clock_(std::move(clock)),
        log_(std::move(log)),
        client_(loop, std::move(broker),
                {{},
                 [this](std::string_view topic, std::string_view payload, bool) { take(topic, payload); },
                 [this](const std::string& line) { log_(line); },
                 [this](std::string_view topic, std::string_view payload, bool) { take(topic, payload); }}) {
    client_.subscribe("/sensor/+/tmpo/+/+/+/gz");
    client_.subscribe("/device/+/config/sensor");
    client_.subscribe("/device/+/tmpo/sync");
  }

  void take(std::string_view topic, std::string_view payload) try {
    const Topic of = topic_of(topic);
    switch (of.kind) {
      case Topic::Kind::block: return take_block(of, payload, topic);
      case Topic::Kind::configuration: return take_config(of.id, payload, topic);
      case Topic::Kind::sync: return answer_sync(of.id, topic);
    }
  } catch (const InputError& error) {
    refuse(topic, error.what());
  }

  Counts counts;
  flm::mqtt::Client& client() { return client_; }

 private:
  void take_block(const Topic& of, std::string_view payload, std::string_view topic) {
    run(topic, payload.size(), &counts.blocks,
        [this, series = history::Series{of.id, of.rid}, block = of.block,
         gzip = std::string(payload)](Database& database) {
          if (!Accounts(database).sensor(series.sid)) throw InputError("the sensor is not known");
          SeriesStore(database).add_block(series, block, gzip, clock_());
        });
  }

  void take_config(const std::string& id, std::string_view payload, std::string_view topic) {
    run(topic, payload.size(), &counts.configurations,
        [this, id, text = std::string(payload)](Database& database) {
          Accounts accounts(database);
          const std::optional<Device> device = accounts.device(id);
          if (!device) throw InputError("the device is not known");
          provision_all(accounts, *device, web::parse_json(text, "config/sensor", 6), clock_());
        });
  }

  /// JSON list of the last block of each enabled sensor; level 0 and start 0 of one that has none.
  void answer_sync(const std::string& id, std::string_view topic) {
    const auto text = std::make_shared<std::string>();
    run(
        topic, 0, &counts.syncs,
        [id, text](Database& database) {
          Accounts accounts(database);
          if (!accounts.device(id)) throw InputError("the device is not known");
          SeriesStore store(database);
          std::string list(1, '[');
          for (const Sensor& sensor : accounts.sensors_of_device(id)) {
            if (!sensor.enabled) continue;
            const SeriesStore::Listed last = store.last_block(sensor.sid).value_or(SeriesStore::Listed{});
            list += fmt::format(R"({}{{"sid":"{}","rid":{},"lvl":{},"bid":{}}})", list.size() > 1 ? "," : "",
                                sensor.sid, last.rid, last.id.level, last.id.start);
          }
          *text = std::move(list) + "]";
        },
        [this, id, text] {
          client_.publish({.topic = fmt::format("/d/device/{}/tmpo/sync", id), .payload = *text});
        });
  }

  void run(std::string_view topic, std::size_t bytes, std::uint64_t* count,
           std::function<void(Database&)> work, std::function<void()> then = {}) {
    // A configuration comes before the blocks of its sensors.
    workers_.write_in_order(
        [work = std::move(work)](Database& database) {
          try {
            work(database);
            return web::no_content();
          } catch (const InputError& error) {
            return web::text(400, error.what());
          }
        },
        bytes,
        [this, topic = std::string(topic), count, then = std::move(then)](const web::Response& response) {
          if (response.status >= 400)
            return refuse(topic, std::string_view(response.body).substr(0, response.body.find('\n')));
          ++*count;
          if (then) then();
        });
  }

  /// What anybody can cause as often as he likes is said once a minute.
  void refuse(std::string_view topic, std::string_view why) {
    ++counts.refused;
    const auto now = std::chrono::steady_clock::now();
    if (said_ && now - *said_ < std::chrono::minutes(1)) return;
    said_ = now;
    log_(fmt::format("mqtt: {}: {}; {} messages were not taken so far", visible(topic.substr(0, 120)), why,
                     counts.refused));
  }

  Workers& workers_;
  Clock clock_;
  web::Log log_;
  std::optional<std::chrono::steady_clock::time_point> said_;
  flm::mqtt::Client client_;
};

Ingest::Ingest(boost::asio::io_context& loop, Workers& workers, flm::mqtt::Options broker, Clock clock,
               web::Log log)
    : impl_(std::make_unique<Impl>(loop, workers, std::move(broker), std::move(clock), std::move(log))) {}
Ingest::~Ingest() = default;
void Ingest::start() { impl_->client().start(); }
void Ingest::stop() { impl_->client().stop(); }
const Ingest::Counts& Ingest::counts() const { return impl_->counts; }
const flm::mqtt::Client& Ingest::client() const { return impl_->client(); }

}  // namespace flm::server

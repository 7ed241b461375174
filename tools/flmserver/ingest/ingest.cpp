#include "tools/flmserver/ingest/ingest.hpp"

#include <fmt/format.h>

#include <charconv>
#include <chrono>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "tools/common/input_error.hpp"
#include "tools/flmserver/accounts/provision.hpp"
#include "tools/flmserver/store/series_store.hpp"
#include "tools/web/exchange/json_input.hpp"

namespace flm::server {
namespace {

/// Levels of a topic that begins with '/': "/a/b" has a and b.
std::vector<std::string_view> levels_of(std::string_view topic) {
  std::vector<std::string_view> levels;
  if (topic.empty() || topic.front() != '/') return levels;
  while (!topic.empty()) {
    topic.remove_prefix(1);
    const std::size_t end = std::min(topic.find('/'), topic.size());
    levels.push_back(topic.substr(0, end));
    topic.remove_prefix(end);
  }
  return levels;
}

template <class Number>
std::optional<Number> number_of(std::string_view text) {
  Number number{};
  const auto result = std::from_chars(text.data(), text.data() + text.size(), number);
  if (result.ec != std::errc{} || result.ptr != text.data() + text.size() || number < 0) return std::nullopt;
  return number;
}

}  // namespace

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

  void take(std::string_view topic, std::string_view payload) {
    const std::vector<std::string_view> levels = levels_of(topic);
    if (levels.size() < 4 || !is_id(levels[1])) return refuse(topic, "the topic is none of a device");
    const std::string id(levels[1]);
    if (levels[0] == "sensor" && levels.size() == 7)
      take_block(id, levels, payload, topic);
    else if (levels[0] == "device" && levels[2] == "config" && levels[3] == "sensor")
      take_config(id, payload, topic);
    else if (levels[0] == "device" && levels[2] == "tmpo" && levels[3] == "sync")
      answer_sync(id, topic);
  }

  Counts counts;
  flm::mqtt::Client& client() { return client_; }

 private:
  void take_block(const std::string& sid, const std::vector<std::string_view>& levels,
                  std::string_view payload, std::string_view topic) {
    const auto rid = number_of<int>(levels[3]), level = number_of<int>(levels[4]);
    const auto start = number_of<std::int64_t>(levels[5]);
    if (!rid || !level || !start) return refuse(topic, "recycle id, level and start are whole numbers");
    run(topic, payload.size(), &counts.blocks,
        [this, sid, series = history::Series{sid, *rid}, block = history::BlockId{*level, *start},
         gzip = std::string(payload)](Database& database) {
          if (!Accounts(database).sensor(sid)) throw InputError("the sensor is not known");
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
    workers_.write(
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

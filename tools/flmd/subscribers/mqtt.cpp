#include "tools/flmd/subscribers/mqtt.hpp"

#include <fmt/format.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <chrono>
#include <deque>
#include <map>
#include <random>
#include <stdexcept>
#include <utility>

namespace flm::flmd {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using flm::mqtt::Message;
using mqtt::BlockName;

/// Blocks in answer to others: so many at a time, so far apart.
constexpr int portion = 8;
constexpr auto between_portions = 20ms;
constexpr int most_queries = 8;  ///< that wait; further ones are dropped

/// The broker sends what it kept right after it was asked, before it takes what we publish then.
constexpr auto kept_messages_within = 1'000ms;

}  // namespace

class MqttSubscriber::Impl : public std::enable_shared_from_this<MqttSubscriber::Impl> {
 public:
  Impl(asio::io_context& loop, MqttOptions options, BlockSource* blocks,
       std::function<void(const std::string&)> report)
      : options_(std::move(options)),
        device_(options_.gateway.device),
        blocks_(blocks),
        report_(std::move(report)),
        portion_(loop),
        discovery_(loop),
        random_(std::random_device{}()) {
    if (!mqtt::is_id(device_)) throw std::invalid_argument("the device's id is no 32 hex digits: " + device_);
    options_.broker.client_id = "flmd-" + device_.substr(0, 6);
    options_.broker.will = status("offline");
    client_.emplace(
        loop, options_.broker,
        flm::mqtt::Client::Handlers{[this] { on_connected(); },
                                    [this](std::string_view topic, std::string_view payload, bool retained) {
                                      on_message(topic, payload, retained);
                                    },
                                    report_});
    if (exchanges_blocks()) {
      client_->subscribe(mqtt::sync_answer_topic(device_));
      client_->subscribe(std::string(mqtt::query_filter));
    }
    if (const auto& prefix = options_.discovery_prefix) {
      client_->subscribe(mqtt::discovery_filter(*prefix, device_));
      client_->subscribe(*prefix + "/status");
    }
    client_->publish(status("online"));
    client_->start();
  }

  void on_reading(const Reading& reading) {
    if (!reading.sensor->enabled) return;
    const std::string topic = mqtt::reading_topic(reading);
    if (reading.quantity == Quantity::counter) {
      const auto [last, is_first] = counters_.try_emplace(topic, reading.point.value);
      if (!is_first && last->second == reading.point.value) return;
      last->second = reading.point.value;
    }
    client_->publish({topic, mqtt::reading_payload(reading), 0, true});
  }

  void on_sensors(std::span<const SiteSensor> sensors) {
    for (const SiteSensor& sensor : sensors_) {
      // What is not measured any more is not brought to the broker any more.
      if (is_ours(sensor.sid, sensors)) continue;
      for (const Quantity quantity : {Quantity::gauge, Quantity::counter}) {
        const std::string topic = mqtt::reading_topic({&sensor, quantity, {}, {}});
        client_->forget(topic);
        counters_.erase(topic);
      }
    }
    sensors_.assign(sensors.begin(), sensors.end());
    sensors_known_ = true;
    publish_sensors();
    announce();
  }

  void on_sections(nlohmann::ordered_json sections) {
    sections_ = std::move(sections);
    if (sensors_known_) publish_sensors();
  }

  void on_kubes(std::span<const mqtt::Kube> kubes, const mqtt::KubeNetwork& network) {
    kubes_.assign(kubes.begin(), kubes.end());
    client_->publish(
        {mqtt::device_topic(device_, "config/kube"), mqtt::config_kube(kubes, network), 0, true});
    announce();
  }

  void on_packet(int node, std::string_view hex) {
    client_->publish(
        {mqtt::device_topic(device_, fmt::format("kube/{}/packet", node)), std::string(hex), 0, false});
  }

  void on_block(const BlockName& id, std::string_view bytes) {
    client_->publish({mqtt::block_topic(id), std::string(bytes), 0, false});
  }

  void stop() {
    answers_.clear();
    portion_.cancel();
    discovery_.cancel();
    client_->stop(status("offline"));
  }

  [[nodiscard]] const flm::mqtt::Client& client() const { return *client_; }

 private:
  [[nodiscard]] Message status(std::string payload) const {
    return {mqtt::device_topic(device_, "status"), std::move(payload), 0, true};
  }
  [[nodiscard]] bool exchanges_blocks() const { return blocks_ != nullptr && options_.synchronise; }

  void publish_sensors() {
    client_->publish(
        {mqtt::device_topic(device_, "config/sensor"), mqtt::config_sensor(sensors_, sections_), 0, true});
  }

  void on_connected() {
    // Whoever asked has lost its connection to us or asks again.
    answers_.clear();
    if (exchanges_blocks()) client_->publish({mqtt::sync_request_topic(device_), {}, 0, false});
    if (options_.discovery_prefix) announce_after(kept_messages_within);
  }

  void on_message(std::string_view topic, std::string_view payload, bool retained) {
    if (options_.discovery_prefix) {
      const std::string& prefix = *options_.discovery_prefix;
      if (topic == prefix + "/status") {
        // Everybody's Home Assistant at once; at connecting this comes as a kept message, and is no news.
        const auto longest = options_.announced_within.count();
        if (payload == "online" && !retained)
          announce_after(
              std::chrono::milliseconds(std::uniform_int_distribution(longest / 10, longest)(random_)));
        return;
      }
      if (const auto found = mqtt::parse_discovery(prefix, device_, topic, payload)) {
        if (retained) announced_[std::string(topic)] = *found;
        return;
      }
    }
    if (!exchanges_blocks()) return;
    try {
      if (topic == mqtt::sync_answer_topic(device_))
        on_sync_answer(mqtt::parse_sync_answer(payload));
      else if (topic.starts_with("/query/"))
        on_query(mqtt::parse_query(topic, payload));
    } catch (const std::invalid_argument& error) {
      complain(topic, error.what());
    }
  }

  /// Once for each topic's complaint, so that a stranger does not fill the log.
  void complain(std::string_view topic, std::string_view what) {
    std::string line = fmt::format("MQTT: a message on {} is not taken: {}", topic.substr(0, 80), what);
    if (line == complaint_) return;
    if (report_) report_(line);
    complaint_ = std::move(line);
  }

  // ---- blocks

  /// Blocks of a sensor that are on their way out: an element of a sync answer, or a query.
  struct Answer {
    BlockName last;
    std::optional<mqtt::Query> query;
    std::optional<std::vector<BlockName>> blocks = {};  ///< once its turn has come
    std::size_t next = 0;
  };

  [[nodiscard]] static bool is_ours(const std::string& sid, std::span<const SiteSensor> sensors) {
    return std::any_of(sensors.begin(), sensors.end(),
                       [&](const SiteSensor& sensor) { return sensor.sid == sid && sensor.enabled; });
  }

  void on_sync_answer(const std::vector<BlockName>& last_known) {
    std::erase_if(answers_, [](const Answer& waiting) { return !waiting.query; });
    for (const BlockName& last : last_known)
      if (is_ours(last.sid, sensors_)) answers_.push_back({last, {}});
    begin_answers();
  }

  void on_query(const mqtt::Query& query) {
    const auto waiting =
        std::count_if(answers_.begin(), answers_.end(), [](const Answer& a) { return a.query; });
    if (!is_ours(query.sid, sensors_) || waiting >= most_queries) return;
    answers_.push_back({{}, query});
    begin_answers();
  }

  /// Never at once: of many requests in a row each would be answered at the cost of a look at the disk.
  void begin_answers() {
    if (!answering_ && !answers_.empty()) send_portion_later();
  }

  void send_portion_later() {
    answering_ = true;
    portion_.expires_after(between_portions);
    portion_.async_wait([self = shared_from_this()](boost::system::error_code error) {
      if (!error) self->send_portion();
    });
  }

  void send_portion() {
    if (client_->state() != flm::mqtt::Client::State::connected) answers_.clear();
    for (int left = client_->idle() ? portion : 0; left > 0 && !answers_.empty(); --left) {
      Answer& answer = answers_.front();
      if (!answer.blocks) {
        // A list is read from a disk: it is a portion of its own.
        answer.blocks = answer.query ? mqtt::blocks_between(blocks_->blocks(answer.query->sid), *answer.query)
                                     : mqtt::later_blocks(blocks_->blocks(answer.last.sid), answer.last);
        left = 1;
      }
      if (answer.next < answer.blocks->size()) send_block(answer, (*answer.blocks)[answer.next++]);
      if (answer.next == answer.blocks->size()) answers_.pop_front();
    }
    answering_ = false;
    begin_answers();
  }

  void send_block(const Answer& answer, const BlockName& id) {
    auto bytes = blocks_->block(id);
    if (!bytes) return;  // compacted since: its successor was published when it was made
    if (answer.query)
      client_->publish({mqtt::query_answer_topic(*answer.query), std::move(*bytes), 1, false});
    else
      client_->publish({mqtt::block_topic(id), std::move(*bytes), 0, false});
  }

  // ---- Home Assistant

  void announce_after(std::chrono::milliseconds delay) {
    discovery_.expires_after(delay);
    discovery_.async_wait([self = shared_from_this()](boost::system::error_code error) {
      if (error) return;
      self->may_announce_ = true;
      self->announce();
    });
  }

  /// What the broker has kept of an earlier run was announced too, and has to be taken back: it is waited for
  /// once.
  void announce() {
    if (!options_.discovery_prefix || !may_announce_ || !sensors_known_) return;
    announced_ = mqtt::with_removals(
        mqtt::discovery(*options_.discovery_prefix, options_.gateway, sensors_, kubes_), announced_);
    for (const auto& [topic, message] : announced_)
      client_->publish({topic, mqtt::discovery_payload(message), 0, true});
  }

  MqttOptions options_;
  std::string device_;
  BlockSource* blocks_;
  std::function<void(const std::string&)> report_;
  asio::steady_timer portion_, discovery_;
  std::minstd_rand random_;
  std::optional<flm::mqtt::Client> client_;

  std::vector<SiteSensor> sensors_;
  std::vector<mqtt::Kube> kubes_;
  nlohmann::ordered_json sections_;
  std::map<std::string, history::Milli> counters_;  ///< as published last, by topic
  std::deque<Answer> answers_;
  bool answering_ = false;  ///< a portion is on its way or due
  mqtt::Discovery announced_;
  bool sensors_known_ = false, may_announce_ = false;
  std::string complaint_;
};

MqttSubscriber::MqttSubscriber(asio::io_context& loop, MqttOptions options, BlockSource* blocks,
                               std::function<void(const std::string&)> report)
    : impl_(std::make_shared<Impl>(loop, std::move(options), blocks, std::move(report))) {}
MqttSubscriber::~MqttSubscriber() { impl_->stop(); }
void MqttSubscriber::on_reading(const Reading& reading) { impl_->on_reading(reading); }
void MqttSubscriber::on_sensors(std::span<const SiteSensor> sensors) { impl_->on_sensors(sensors); }
void MqttSubscriber::stop() { impl_->stop(); }
void MqttSubscriber::on_sections(nlohmann::ordered_json sections) { impl_->on_sections(std::move(sections)); }
void MqttSubscriber::on_kubes(std::span<const mqtt::Kube> kubes, const mqtt::KubeNetwork& network) {
  impl_->on_kubes(kubes, network);
}
void MqttSubscriber::on_packet(int node, std::string_view hex) { impl_->on_packet(node, hex); }
void MqttSubscriber::on_block(const BlockName& id, std::string_view bytes) { impl_->on_block(id, bytes); }
const flm::mqtt::Client& MqttSubscriber::client() const { return impl_->client(); }

}  // namespace flm::flmd

// Readings, configuration and blocks to an MQTT broker.
#pragma once
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tools/flmd/mqtt/home_assistant.hpp"
#include "tools/flmd/mqtt/topics.hpp"
#include "tools/flmd/site/reading.hpp"
#include "tools/mqtt/client.hpp"

namespace flm::flmd {

/// What MQTT asks of the history.
class BlockSource {
 public:
  virtual ~BlockSource() = default;
  /// Names of all closed blocks of a sensor, in any order; none when it is not known.
  virtual std::vector<mqtt::BlockName> blocks(const std::string& sid) = 0;
  /// The block as it is in its file, gzip; nothing when it is gone by now.
  virtual std::optional<std::string> block(const mqtt::BlockName&) = 0;
};

struct MqttOptions {
  flm::mqtt::Options broker;  ///< client id and will are set here: flmd-<6 digits>, offline
  mqtt::Gateway gateway;
  /// After Home Assistant has come up, at most; drawn from the upper nine tenths, for others announce
  /// themselves too.
  std::chrono::milliseconds announced_within{10'000};
  std::optional<std::string> discovery_prefix;  ///< "homeassistant"; nothing: no discovery
  bool synchronise = true;                      ///< take sync answers and queries, send blocks
};

/// Publishes, all of it with QoS 0 unless said otherwise:
///
///     /sensor/<sid>/gauge, counter              each reading, retained; a counter when it has changed
///     /device/<device>/status                   online, offline (also as last will), retained
///     /device/<device>/config/sensor, kube      on connecting and on changes, retained
///     /device/<device>/kube/<node>/packet       hex of what a radio node sent and nobody can decode
///     /device/<device>/tmpo/sync                empty, on connecting
///     /sensor/<sid>/tmpo/<rid>/<lvl>/<bid>/gz   finished blocks, and those that a sync answer lacks
///     /sensor/<sid>/query/<from>/<to>           blocks, for /query/<sid>/tmpo; QoS 1
///     <prefix>/device/flm_<6 digits>/...        Home Assistant's discovery, retained
///
/// Blocks in answer to others go out in portions, when the connection has taken what was before them:
/// readings keep their pace. A further sync answer replaces one that is being answered.
class MqttSubscriber : public Subscriber {
 public:
  /// `blocks` may be null. `report`: lines for the log. Throws InputError for files of the options.
  MqttSubscriber(boost::asio::io_context&, MqttOptions, BlockSource* blocks,
                 std::function<void(const std::string&)> report);
  ~MqttSubscriber() override;

  void on_reading(const Reading&) override;
  void on_sensors(std::span<const SiteSensor>) override;
  void stop() override;

  /// Sections that config/sensor has beside the sensors ("main", ...): an object.
  void on_sections(nlohmann::ordered_json sections);
  /// Sections "config/kube", and their devices in Home Assistant.
  void on_kubes(std::span<const mqtt::Kube>, const mqtt::KubeNetwork&);
  /// A kube's payload that cannot be decoded, as hex.
  void on_packet(int node, std::string_view hex);
  /// A block was finished.
  void on_block(const mqtt::BlockName&, std::string_view bytes);

  [[nodiscard]] const flm::mqtt::Client& client() const;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace flm::flmd

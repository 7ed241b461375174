// The broker's messages to the MQTT page: as they come, whoever publishes them.
#pragma once
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "tools/flmd/board/clock.hpp"
#include "tools/mqtt/client.hpp"
#include "tools/web/event_stream.hpp"

namespace flm::flmd {

/// A connection to the broker of its own, which is there only while a page looks: what it shows is what the
/// broker forwards, flmd's own messages with all others of /sensor/# and /device/#. Events `message`:
///
///     {"topic": ..., "payload": text, "t": Unix s, "retained": bool}
///
/// A payload of more than longest_payload bytes is cut, one that is no text is said by its length.
class MqttWatch {
 public:
  static constexpr std::size_t longest_payload = 2048;  ///< bytes that are shown
  static constexpr std::size_t longest_topic = 512;     ///< bytes; messages of longer ones are not shown
  static constexpr std::size_t most_kept =
      256 * 1024;  ///< bytes of last messages, for a page that comes later

  MqttWatch(boost::asio::io_context&, flm::mqtt::Options broker, const SiteClock&);

  /// The answer to a page: the last message of each topic, then those that come. 503: the broker's files
  /// cannot be read.
  [[nodiscard]] web::Response open();
  /// Once a second: leaves the broker when no page looks.
  void tick();
  [[nodiscard]] bool connected() const;

 private:
  void take(std::string_view topic, std::string payload, bool retained);

  boost::asio::io_context& loop_;
  flm::mqtt::Options broker_;
  const SiteClock& clock_;
  web::EventStream events_;
  std::map<std::string, std::string, std::less<>> kept_;  ///< the last event of each topic
  std::size_t kept_bytes_ = 0;
  std::optional<flm::mqtt::Client> client_;
  bool opened_ = false;  ///< a page has asked since the last tick, and may not be listening yet
};

}  // namespace flm::flmd

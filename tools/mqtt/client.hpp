// The way to the MQTT broker: libmosquitto (MQTT 3.1.1) on the daemon's own loop.
#pragma once
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "tools/mqtt/broker.hpp"

namespace boost::asio {
class io_context;
}

namespace flm::mqtt {

/// A topic's message. With `retain` the broker keeps it; an empty one removes what it keeps.
struct Message {
  std::string topic;
  std::string payload;
  int qos = 0;  ///< 0 or 1
  bool retain = false;
};

/// The broker, and how a client deals with it.
struct Options : Broker {
  std::string client_id;  ///< one of its own for each client of a broker
  Message will;           ///< what the broker publishes when the connection breaks; no topic: nothing
  std::chrono::seconds keep_alive{60};
  std::chrono::milliseconds answer_within{10'000};  ///< from the attempt to the broker's consent
  std::chrono::milliseconds first_delay{1'000};  ///< before the second attempt; doubled for each further one
  std::chrono::milliseconds longest_delay{60'000};  ///< a delay is drawn from its upper half
  std::chrono::milliseconds settled{10'000};  ///< a connection that lived so long starts the delays anew
};

/// What the client counts since it was made; for /metrics.
struct Counters {
  std::uint64_t connections = 0;  ///< that the broker agreed to
  std::uint64_t failures = 0;     ///< attempts that came to nothing, and connections that broke
  std::uint64_t published = 0;    ///< messages handed to the connection
  std::uint64_t dropped = 0;      ///< messages that found no connection or no room
  std::uint64_t received = 0;     ///< messages handed on
  std::uint64_t refused = 0;      ///< messages that came and were too long or no text
};

/// A client that is always on its way to the broker: it connects, tries again after a delay that grows to a
/// minute and is drawn at random, and never blocks. What is retained is remembered, the newest of each topic,
/// and brought to the broker with each connection: an outage or a broker without memory loses none of it.
/// Other messages need a connection. A broker that takes too slowly gets the newest of each retained topic
/// too, and up to `longest_queue` bytes of the others.
///
/// All calls and callbacks belong to the loop's thread; start() and stop() are not for callbacks. Names are
/// resolved by Asio's resolver, whose thread is the only one besides. SIGPIPE is ignored from the first
/// client on.
class Client {
 public:
  static constexpr std::size_t longest_queue = 1 << 20;  ///< bytes of messages that wait and are not retained
  static constexpr std::size_t longest_payload = 1 << 16;  ///< bytes of a text that is taken
  static constexpr std::size_t longest_packet = 1 << 20;   ///< bytes of one that ends the connection
  static constexpr std::size_t most_retained = 2'000;      ///< topics that are remembered

  enum class State { stopped, connecting, connected, waiting };

  struct Handlers {
    std::function<void()> connected;  ///< may be empty, as the others
    /// A message of a topic that was subscribed. Topic and payload are UTF-8 and not too long, and nothing
    /// more is known of them. `retained`: the broker had kept it.
    std::function<void(std::string_view topic, std::string_view payload, bool retained)> message;
    /// A line for the log: a problem, once until it changes or is over, and each connection.
    std::function<void(const std::string& line)> report;
    /// As `message`, of a payload that is no text, or too long for one: of any bytes.
    std::function<void(std::string_view topic, std::string_view payload, bool retained)> no_text = {};
  };

  /// Reads password, CA and certificate. Throws InputError: which file, what is wrong with it.
  Client(boost::asio::io_context&, Options, Handlers);
  ~Client();  ///< as by a break: the broker publishes the will
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  void start();
  /// Publishes `last` if there is a connection that takes it, then says good-bye, so that the will is not
  /// published.
  void stop(const Message& last);
  /// Ends without a last message, and with a good-bye too.
  void stop();

  /// A topic filter, for this connection and all that follow; QoS 0.
  void subscribe(std::string filter);

  /// False: dropped, because there is no connection (never so for a retained one) or no room. Throws
  /// std::invalid_argument for a topic that is none.
  bool publish(Message);

  /// A retained topic is not brought to the broker any more, which keeps what it has of it.
  void forget(const std::string& topic);

  /// There is a connection, and it has taken everything: the time for more of what is many.
  [[nodiscard]] bool idle() const;
  [[nodiscard]] State state() const;
  [[nodiscard]] const Counters& counters() const;
  [[nodiscard]] const std::string& problem() const;  ///< in words; empty while connected

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace flm::mqtt

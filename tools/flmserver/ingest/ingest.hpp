// What devices say to a broker: their blocks and their configuration into the store, and what they are told
// of it.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

#include "tools/flmserver/jobs/workers.hpp"
#include "tools/mqtt/client.hpp"

namespace flm::server {

/// | topic | what becomes of it |
/// |---|---|
/// | `/device/<device>/config/sensor` | its sensors are provisioned, when the device is known |
/// | `/sensor/<sid>/tmpo/<rid>/<lvl>/<bid>/gz` | a TMPO block is stored, when it can be read whole and the
/// sensor is known | | `/device/<device>/tmpo/sync` | is answered on `/d/device/<device>/tmpo/sync` with each
/// sensor's last block |
///
/// A broker does not say who published a message: who may publish for which sensor is up to the broker's
/// access list, which broker_access() makes. What cannot be taken is counted, and said in the log once a
/// minute.
class Ingest {
 public:
  using Clock = std::function<std::int64_t()>;  ///< Unix s
  struct Counts {
    std::uint64_t blocks = 0, configurations = 0, syncs = 0, refused = 0;
  };

  /// Throws InputError for a password or certificate file that is none.
  Ingest(boost::asio::io_context&, Workers&, flm::mqtt::Options broker, Clock, web::Log log);
  ~Ingest();
  Ingest(const Ingest&) = delete;
  Ingest& operator=(const Ingest&) = delete;

  void start();
  void stop();
  [[nodiscard]] const Counts& counts() const;
  [[nodiscard]] const flm::mqtt::Client& client() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace flm::server

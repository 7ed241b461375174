// The HTTP server: sockets, their limits and times, around a Conversation each.
#pragma once
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tools/web/conversation.hpp"  // Log
#include "tools/web/router.hpp"

namespace boost::asio {
class io_context;
}

namespace flm::web {

struct ServerLimits {
  /// A new connection beyond these takes the place of the one that has been idle longest; where none is idle,
  /// of the one that has been at its request longest. Those of events stay: their streams have their own
  /// limit.
  std::size_t connections = 256;
  std::chrono::milliseconds request{10'000};     ///< from a request's first byte to its last; then 408
  std::chrono::milliseconds idle{60'000};        ///< without a request
  std::chrono::milliseconds answer{30'000};      ///< that is made elsewhere (Later); then 503
  std::chrono::milliseconds write{20'000};       ///< without the client taking a byte of an answer
  std::chrono::milliseconds keep_alive{15'000};  ///< between comments on a quiet stream of events
  std::chrono::milliseconds linger{1'000};       ///< for a client to read the last answer
  std::chrono::milliseconds stop{2'000};         ///< for what runs when the server stops
};

/// Files in PEM.
struct TlsFiles {
  std::filesystem::path certificate;  ///< with its chain
  std::filesystem::path key;
};

/// Runs on the io_context's one thread, as do its handlers. It leaves no work there after stop(), or once it
/// is destroyed, which a handler must not do.
class Server {
 public:
  struct Counts {
    std::uint64_t connections = 0;  ///< accepted since the start
    std::uint64_t crowded_out = 0;  ///< of these, ended for a new one
    std::size_t open = 0;
  };

  /// `log` takes a line for each fault of a handler.
  Server(boost::asio::io_context&, Router, ServerLimits = {}, Log log = {});
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// "127.0.0.1:8080", "[::]:8080" (IPv4 too); port 0: any that is free. Throws InputError: no address, not
  /// of this machine, not permitted, or taken, and by which program where that can be seen.
  void listen(std::string_view address);
  /// HTTPS. Throws InputError also for files that are no certificate and key, or do not belong together, and
  /// where the program was built without TLS.
  void listen(std::string_view address, const TlsFiles&);
  /// Where it listens, with ports as they are: "127.0.0.1:40123".
  [[nodiscard]] std::vector<std::string> addresses() const;
  [[nodiscard]] Counts counts() const;

  /// Takes nothing new, ends what is idle and all streams, and lets what runs end within ServerLimits::stop.
  void stop();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace flm::web

// A small HTTP server on loopback that answers what a script says: rightly, wrongly, halfway, or not at all.
#pragma once
#include <openssl/ssl.h>

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace flm::flmd {

struct Received {
  std::string method, target;
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
  std::size_t connection = 0;  // from 1
};

struct Reply {
  enum class Then { keep, close, wait };  // wait: until the client closes
  std::string bytes;
  Then then = Then::keep;
};

/// A whole answer.
Reply answer(int status, const std::string& body = "",
             const std::vector<std::pair<std::string, std::string>>& headers = {});
/// The connection stays, and nothing comes.
Reply nothing();
/// The first bytes of an answer; then the connection ends.
Reply cut(const Reply&, std::size_t bytes);

/// Certificate and key of a server, PEM files.
struct ServerIdentity {
  std::string certificate, key;
};

class ScriptedServer {
 public:
  using Script = std::function<Reply(const Received&)>;

  /// Takes a port; start() begins to answer. The script is called for one request at a time.
  explicit ScriptedServer(Script script, const ServerIdentity* identity = nullptr);
  ~ScriptedServer();
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;

  ScriptedServer& start();
  /// "http://127.0.0.1:<port>/"
  [[nodiscard]] std::string url() const;
  [[nodiscard]] std::uint16_t port() const { return port_; }

  [[nodiscard]] std::size_t connections() const { return connections_; }
  [[nodiscard]] std::size_t requests() const { return requests_; }
  /// What came so far.
  [[nodiscard]] std::vector<Received> received() const;
  /// Bodies are not kept, for tests with many of them.
  void forget_requests() { keeps_ = false; }

 private:
  class Connection;
  void accept_all();
  void serve(int socket, std::size_t number);

  Script script_;
  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> tls_{nullptr, &SSL_CTX_free};
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<bool> ends_ = false, keeps_ = true;
  std::atomic<std::size_t> connections_ = 0, requests_ = 0;
  mutable std::mutex mutex_;
  std::vector<Received> received_;
  std::vector<int> sockets_;
  std::thread acceptor_;
  std::list<std::thread> threads_;
};

/// A port of loopback at which nobody listens.
std::uint16_t closed_port();

}  // namespace flm::flmd

// POST over HTTP and HTTPS on the daemon's loop: Beast and OpenSSL. No call waits for the network.
#pragma once
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace flm::flmd {

struct HttpRequest {
  std::string url;                                           ///< http:// or https://
  std::vector<std::pair<std::string, std::string>> headers;  ///< beside User-Agent and Content-Length
  std::string body;
};

struct HttpAnswer {
  int status = 0;     ///< 200 to 599; 0: there was no whole answer
  std::string error;  ///< why there was none
  std::string body;
  std::map<std::string, std::string> headers;  ///< names in lower case; the last one of a name

  /// Empty when it is not there.
  [[nodiscard]] std::string header(const std::string& lower_case_name) const;
};

struct HttpSettings {
  std::string user_agent;
  std::string ca_file;             ///< PEM; the only authorities that are trusted. Empty: those of the system
  std::string username, password;  ///< basic authentication; empty: none
  std::chrono::milliseconds connect_limit{10'000};  ///< for name, connection and TLS
  std::chrono::milliseconds whole_limit{60'000};    ///< for all of a request
  std::size_t answer_limit = 65'536;                ///< bytes of an answer's body; a longer one is an error
};

/// Sends requests; a connection stays open for the next. The peer's certificate and name are always verified,
/// redirections are not followed, and proxies are not used.
///
/// A name is resolved by the C library on a thread of its own: the loop and the program's end go on, whatever
/// a name server does.
class HttpClient {
 public:
  using Done = std::function<void(HttpAnswer)>;

  HttpClient(boost::asio::io_context&, HttpSettings);
  /// Like cancel().
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  /// `done` is called once, from the loop and never before post() returns, unless cancel() comes first.
  /// Throws std::runtime_error for want of memory.
  void post(HttpRequest, Done done);

  /// Gives up all requests; none of their `done` is called. Waits for nothing.
  void cancel();

 private:
  class Transfers;
  std::shared_ptr<Transfers> transfers_;
};

}  // namespace flm::flmd

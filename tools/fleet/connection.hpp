// One connection to an HTTP server that stays, for one thread.
#pragma once
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

namespace flm::fleet {

/// The connection cannot be made, or has ended, or nothing has come for 60 s.
class ConnectionLost : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct Address {
  std::string host = "127.0.0.1", port = "8090";
};
/// "http://127.0.0.1:8090". Throws InputError.
Address address_of(std::string_view url);

struct HttpAnswer {
  int status = 0;
  std::string body;
};

class Connection {
 public:
  explicit Connection(Address address) : address_(std::move(address)) {}
  ~Connection() { close(); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Sends a request and waits for its answer; connects first where there is no connection. `headers`: lines
  /// with their ends. Throws ConnectionLost: whether the server has taken it is not known.
  HttpAnswer ask(std::string_view method, std::string_view target, std::string_view headers = {},
                 std::string_view body = {});

 private:
  void open();
  void close();
  Address address_;
  int handle_ = -1;
  std::string request_, received_;
};

}  // namespace flm::fleet

// A server on the loopback in a thread of its own, and a client that sends bytes as they are.
#pragma once
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <chrono>
#include <cstdint>
#include <future>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "tools/web/server.hpp"

namespace flm::test {

using namespace std::chrono_literals;

/// Runs until it is destroyed. What is asked of the server is asked on its thread.
class RunningServer {
 public:
  explicit RunningServer(web::Router router, web::ServerLimits limits = {}, web::Log log = {},
                         std::string_view address = "127.0.0.1:0")
      : server_(io_, std::move(router), limits, std::move(log)) {
    server_.listen(address);
    const std::string at = server_.addresses().at(0);
    port_ = static_cast<std::uint16_t>(std::stoul(at.substr(at.rfind(':') + 1)));
    thread_ = std::thread([this] { io_.run(); });
  }
  ~RunningServer() {
    io_.stop();
    join();
  }
  [[nodiscard]] std::uint16_t port() const { return port_; }
  template <class Act>
  auto on_loop(Act act) {
    std::packaged_task<decltype(act(server_))()> task([&] { return act(server_); });
    auto result = task.get_future();
    boost::asio::post(io_, [&] { task(); });
    return result.get();
  }
  [[nodiscard]] std::size_t open() {
    return on_loop([](web::Server& server) { return server.counts().open; });
  }
  void stop() {
    on_loop([](web::Server& server) {
      server.stop();
      return 0;
    });
  }
  /// Returns when the loop has no work left.
  void join() {
    if (thread_.joinable()) thread_.join();
  }

 private:
  boost::asio::io_context io_{1};
  web::Server server_;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

class RawClient {
 public:
  explicit RawClient(std::uint16_t port, int receive_buffer = 0)
      : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    if (receive_buffer > 0)
      ::setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (socket_ < 0 || ::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
      throw std::runtime_error("cannot connect");
  }
  RawClient(const std::uint16_t port, std::string_view bytes) : RawClient(port) { send(bytes); }
  RawClient(RawClient&& other) noexcept
      : socket_(std::exchange(other.socket_, -1)), read_(std::move(other.read_)) {}
  RawClient& operator=(RawClient&&) = delete;
  ~RawClient() {
    if (socket_ >= 0) ::close(socket_);
  }

  /// false: the server has closed.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  void end_sending() { ::shutdown(socket_, SHUT_WR); }

  /// What comes up to and with `end`, or up to the end of the connection, or what came within the time.
  std::string until(std::string_view end, std::chrono::milliseconds time = 5000ms) {
    const auto deadline = std::chrono::steady_clock::now() + time;
    for (;;) {
      if (const std::size_t found = end.empty() ? read_.npos : read_.find(end); found != read_.npos) {
        std::string result = read_.substr(0, found + end.size());
        read_.erase(0, result.size());
        return result;
      }
      if (!receive(deadline)) return std::exchange(read_, {});
    }
  }
  /// A whole answer by its Content-Length; without_body: of HEAD.
  std::string answer(bool without_body = false) {
    std::string result = until("\r\n\r\n");
    const std::size_t at = result.find("Content-Length: ");
    const std::size_t size = at == result.npos || without_body ? 0 : std::stoul(result.substr(at + 16));
    const auto deadline = std::chrono::steady_clock::now() + 5000ms;
    while (read_.size() < size && receive(deadline)) continue;
    result += read_.substr(0, size);
    read_.erase(0, size);
    return result;
  }
  /// All that comes until the server closes; `closed()` says whether it did.
  std::string rest(std::chrono::milliseconds time = 5000ms) { return until("", time); }
  /// Whether the server closes within the time.
  bool closed(std::chrono::milliseconds time = 5000ms) {
    rest(time);
    return ended_;
  }

 private:
  bool receive(std::chrono::steady_clock::time_point deadline) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    pollfd wait{socket_, POLLIN, 0};
    if (ended_ || left.count() <= 0 || ::poll(&wait, 1, static_cast<int>(left.count())) <= 0) return false;
    char bytes[65536];
    const ssize_t size = ::recv(socket_, bytes, sizeof bytes, 0);
    if (size <= 0) {
      ended_ = true;
      return false;
    }
    read_.append(bytes, static_cast<std::size_t>(size));
    return true;
  }

  int socket_;
  std::string read_;
  bool ended_ = false;
};

}  // namespace flm::test

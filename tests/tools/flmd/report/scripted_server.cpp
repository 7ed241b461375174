#include "tests/tools/flmd/report/scripted_server.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <optional>
#include <stdexcept>

namespace flm::flmd {
namespace {

int listen_on_loopback(std::uint16_t& port) {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof(address);
  if (bind(listener, reinterpret_cast<sockaddr*>(&address), length) != 0 || listen(listener, 16) != 0 ||
      getsockname(listener, reinterpret_cast<sockaddr*>(&address), &length) != 0)
    throw std::runtime_error("the test's server gets no port");
  port = ntohs(address.sin_port);
  return listener;
}

}  // namespace

Reply answer(int status, const std::string& body,
             const std::vector<std::pair<std::string, std::string>>& headers) {
  std::string text = "HTTP/1.1 " + std::to_string(status) + " Text\r\n";
  if (status != 204) text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  for (const auto& [name, value] : headers) text += name + ": " + value + "\r\n";
  return {text + "\r\n" + body, Reply::Then::keep};
}

Reply nothing() { return {"", Reply::Then::wait}; }

Reply cut(const Reply& whole, std::size_t bytes) {
  return {whole.bytes.substr(0, bytes), Reply::Then::close};
}

// Bytes of one client, plain or through TLS.
class ScriptedServer::Connection {
 public:
  Connection(int socket, SSL_CTX* tls) : socket_(socket) {
    const int on = 1;
    setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    if (tls == nullptr) return;
    ssl_.reset(SSL_new(tls));
    SSL_set_fd(ssl_.get(), socket);
    good_ = SSL_accept(ssl_.get()) == 1;
  }

  // The next request; nothing at the end.
  std::optional<Received> read() {
    std::size_t head_end = std::string::npos;
    while ((head_end = buffer_.find("\r\n\r\n")) == std::string::npos)
      if (!more()) return std::nullopt;
    Received request;
    std::size_t at = buffer_.find("\r\n");
    const std::string first = buffer_.substr(0, at);
    request.method = first.substr(0, first.find(' '));
    request.target = first.substr(first.find(' ') + 1, first.rfind(' ') - first.find(' ') - 1);
    while (at < head_end) {
      const std::size_t start = at + 2;
      at = buffer_.find("\r\n", start);
      const std::string line = buffer_.substr(start, at - start);
      const std::size_t colon = line.find(": ");
      std::string name = line.substr(0, colon);
      std::transform(name.begin(), name.end(), name.begin(),
                     [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
      if (colon != std::string::npos) request.headers[name] = line.substr(colon + 2);
    }
    const std::string length_text = request.headers["content-length"];
    const std::size_t length = length_text.empty() ? 0 : std::stoul(length_text);
    while (buffer_.size() < head_end + 4 + length)
      if (!more()) return std::nullopt;
    request.body = buffer_.substr(head_end + 4, length);
    buffer_.erase(0, head_end + 4 + length);
    return request;
  }

  void write(const std::string& bytes) {
    for (std::size_t done = 0; good_ && done < bytes.size();) {
      const auto count =
          ssl_ ? SSL_write(ssl_.get(), bytes.data() + done, static_cast<int>(bytes.size() - done))
               : static_cast<int>(send(socket_, bytes.data() + done, bytes.size() - done, MSG_NOSIGNAL));
      good_ = count > 0;
      if (good_) done += static_cast<std::size_t>(count);
    }
  }

  bool more() {
    if (!good_) return false;
    std::array<char, 65'536> bytes;
    const auto count = ssl_ ? SSL_read(ssl_.get(), bytes.data(), static_cast<int>(bytes.size()))
                            : static_cast<int>(recv(socket_, bytes.data(), bytes.size(), 0));
    good_ = count > 0;
    if (good_) buffer_.append(bytes.data(), static_cast<std::size_t>(count));
    return good_;
  }

 private:
  int socket_;
  std::unique_ptr<SSL, decltype(&SSL_free)> ssl_{nullptr, &SSL_free};
  std::string buffer_;
  bool good_ = true;
};

ScriptedServer::ScriptedServer(Script script, const ServerIdentity* identity) : script_(std::move(script)) {
  std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes to clients that are gone
  listener_ = listen_on_loopback(port_);
  if (identity == nullptr) return;
  tls_.reset(SSL_CTX_new(TLS_server_method()));
  if (SSL_CTX_use_certificate_file(tls_.get(), identity->certificate.c_str(), SSL_FILETYPE_PEM) != 1 ||
      SSL_CTX_use_PrivateKey_file(tls_.get(), identity->key.c_str(), SSL_FILETYPE_PEM) != 1)
    throw std::runtime_error("the test's server cannot use its certificate");
}

ScriptedServer::~ScriptedServer() {
  ends_ = true;
  shutdown(listener_, SHUT_RDWR);
  if (acceptor_.joinable()) acceptor_.join();
  {
    const std::lock_guard lock(mutex_);
    for (const int socket : sockets_) shutdown(socket, SHUT_RDWR);
  }
  for (std::thread& thread : threads_) thread.join();
  for (const int socket : sockets_) close(socket);
  close(listener_);
}

ScriptedServer& ScriptedServer::start() {
  acceptor_ = std::thread([this] { accept_all(); });
  return *this;
}

std::string ScriptedServer::url() const {
  return std::string(tls_ ? "https" : "http") + "://127.0.0.1:" + std::to_string(port_) + "/";
}

std::vector<Received> ScriptedServer::received() const {
  const std::lock_guard lock(mutex_);
  return received_;
}

void ScriptedServer::accept_all() {
  while (!ends_) {
    const int socket = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (socket < 0) continue;
    const std::lock_guard lock(mutex_);
    sockets_.push_back(socket);
    threads_.emplace_back([this, socket, number = ++connections_] { serve(socket, number); });
  }
}

void ScriptedServer::serve(int socket, std::size_t number) {
  Connection connection(socket, tls_.get());
  while (auto request = connection.read()) {
    request->connection = number;
    ++requests_;
    Reply reply;
    {
      const std::lock_guard lock(mutex_);
      if (keeps_) received_.push_back(*request);
      reply = script_(*request);
    }
    connection.write(reply.bytes);
    if (reply.then == Reply::Then::wait)
      while (connection.more()) continue;
    if (reply.then != Reply::Then::keep) break;
  }
  shutdown(socket, SHUT_RDWR);
}

std::uint16_t closed_port() {
  std::uint16_t port = 0;
  close(listen_on_loopback(port));
  return port;
}

}  // namespace flm::flmd

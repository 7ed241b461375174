#include "tools/fleet/connection.hpp"

#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <charconv>

#include "tools/common/input_error.hpp"

namespace flm::fleet {

Address address_of(std::string_view url) {
  constexpr std::string_view scheme = "http://";
  const auto refuse = [&] { throw InputError(fmt::format("url '{}': allowed: http://HOST:PORT", url)); };
  if (!url.starts_with(scheme)) refuse();
  std::string_view rest = url.substr(scheme.size());
  rest = rest.substr(0, rest.find('/'));
  const std::size_t colon = rest.rfind(':');
  const bool has_port = colon != rest.npos && rest.back() != ']';
  std::string_view host = rest.substr(0, has_port ? colon : rest.npos);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  if (host.empty()) refuse();
  return {std::string(host), std::string(has_port ? rest.substr(colon + 1) : "80")};
}

void Connection::open() {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  if (::getaddrinfo(address_.host.c_str(), address_.port.c_str(), &hints, &list) != 0)
    throw ConnectionLost("no such host: " + address_.host);
  for (const addrinfo* each = list; each != nullptr && handle_ < 0; each = each->ai_next) {
    handle_ = ::socket(each->ai_family, each->ai_socktype | SOCK_CLOEXEC, each->ai_protocol);
    if (handle_ >= 0 && ::connect(handle_, each->ai_addr, each->ai_addrlen) != 0) close();
  }
  ::freeaddrinfo(list);
  if (handle_ < 0) throw ConnectionLost("nobody answers at " + address_.host + ":" + address_.port);
  const timeval limit{60, 0};
  const int on = 1;
  ::setsockopt(handle_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  ::setsockopt(handle_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  ::setsockopt(handle_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

void Connection::close() {
  if (handle_ >= 0) ::close(handle_);
  handle_ = -1;
  received_.clear();
}

HttpAnswer Connection::ask(std::string_view method, std::string_view target, std::string_view headers,
                           std::string_view body) {
  if (handle_ < 0) open();
  request_ = fmt::format("{} {} HTTP/1.1\r\nHost: {}:{}\r\n{}", method, target, address_.host, address_.port,
                         headers);
  if (method == "POST") request_ += fmt::format("Content-Length: {}\r\n", body.size());
  request_ += "\r\n";
  request_ += body;
  const auto lost = [this] {
    close();
    throw ConnectionLost("the server ends the connection");
  };
  for (std::size_t sent = 0; sent < request_.size();) {
    const ssize_t now = ::send(handle_, request_.data() + sent, request_.size() - sent, MSG_NOSIGNAL);
    if (now <= 0) lost();
    sent += static_cast<std::size_t>(now);
  }
  const auto receive = [&] {
    char part[16'384];
    const ssize_t count = ::recv(handle_, part, sizeof part, 0);
    if (count <= 0) lost();
    received_.append(part, static_cast<std::size_t>(count));
  };
  std::size_t end;
  while ((end = received_.find("\r\n\r\n")) == received_.npos) receive();
  const std::string_view head = std::string_view(received_).substr(0, end + 2);
  HttpAnswer answer;
  std::size_t length = 0;
  constexpr std::string_view length_is = "Content-Length: ";
  const std::size_t at = head.find(length_is);
  if (head.size() < 12 || std::from_chars(head.data() + 9, head.data() + 12, answer.status).ec != std::errc{})
    lost();
  if (at != head.npos) std::from_chars(head.data() + at + length_is.size(), head.data() + end, length);
  const bool closes = head.find("Connection: close") != head.npos;
  const bool in_chunks = head.find("Transfer-Encoding: chunked") != head.npos;
  std::size_t next = end + 4;
  const auto take = [&](std::size_t count) {
    while (received_.size() < next + count) receive();
    answer.body.append(received_, next, count);
    next += count;
  };
  while (in_chunks) {  // each behind a line with its length in hexadecimal; the last one is empty
    std::size_t end_of_line;
    while ((end_of_line = received_.find("\r\n", next)) == received_.npos) receive();
    length = 0;
    if (std::from_chars(received_.data() + next, received_.data() + end_of_line, length, 16).ec !=
        std::errc{})
      lost();
    next = end_of_line + 2;
    take(length);
    while (received_.size() < next + 2) receive();
    next += 2;
    if (length == 0) break;
  }
  if (!in_chunks) take(length);
  received_.erase(0, next);
  if (closes) close();
  return answer;
}

}  // namespace flm::fleet

// A port for a program that a test starts.
#pragma once
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <random>
#include <stdexcept>

namespace flm::test {

/// A TCP port of 127.0.0.1 that nobody uses, 10000 to 29999: below those that Linux gives to connections
/// (32768 and up), so that it is still free when a program is started on it again. Throws std::runtime_error
/// after 100 that are taken.
inline int free_port() {
  static std::mt19937 random{std::random_device{}()};
  for (int tried = 0; tried < 100; ++tried) {
    const int port = std::uniform_int_distribution<int>(10000, 29999)(random);
    const int handle = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<in_port_t>(port));
    const bool is_bound = ::bind(handle, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    ::close(handle);
    if (is_bound) return port;
  }
  throw std::runtime_error("no port of 127.0.0.1 from 10000 to 29999 is free");
}

}  // namespace flm::test

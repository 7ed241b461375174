#include "tools/mqtt/bytes_received.hpp"

#include <linux/tcp.h>  // tcpi_bytes_received; netinet/tcp.h, which Asio includes, lacks it and goes with this one nowhere
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstddef>

namespace flm::mqtt {

std::optional<std::uint64_t> bytes_received(int socket) {
  tcp_info info{};
  socklen_t size = sizeof info;
  if (::getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &size) != 0 ||
      size < offsetof(tcp_info, tcpi_bytes_received) + sizeof info.tcpi_bytes_received)
    return {};
  return info.tcpi_bytes_received;
}

}  // namespace flm::mqtt

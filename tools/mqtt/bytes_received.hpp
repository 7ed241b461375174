// What a TCP connection has brought so far.
#pragma once
#include <cstdint>
#include <optional>

namespace flm::mqtt {

/// Bytes, TLS's own included; nothing on a Linux before 4.1, which does not count them.
std::optional<std::uint64_t> bytes_received(int socket);

}  // namespace flm::mqtt

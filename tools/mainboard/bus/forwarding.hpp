// Forwarding of a smart meter's line that ends at the main board: how often, how much at once, and the
// message.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "protocol/hex.hpp"
#include "tools/mainboard/link/time.hpp"

namespace flm::mainboard {

/// Between two looks at the line. At 115200 baud 115 bytes come meanwhile; a device keeps 4096.
inline constexpr Time forward_period = 10ms;
/// Bytes in a message, so that nothing else waits for long.
inline constexpr std::size_t forward_most = 32;

/// Bytes of a smart meter's line on the wire: a `p` message (protocol/link.hpp), which is not answered.
inline std::string forwarded(std::string_view bytes) {
  std::string message = "p";
  for (const char byte : bytes)
    for (const int digit : {static_cast<std::uint8_t>(byte) >> 4, byte & 0xF})
      message += protocol::hex_digit(static_cast<std::uint8_t>(digit));
  return message + '.';
}

}  // namespace flm::mainboard

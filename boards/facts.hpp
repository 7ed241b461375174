// Vocabulary for what boards differ in: each fact under a name of its own, so that no board has to be asked
// for by a different fact that happens to go with it.
#pragma once
#include <stdint.h>

#include "toolchain/attributes.hpp"

namespace flm {
namespace boards {

/// Use of USART 0, which is the link's `u` channel.
enum class Channel : uint8_t { rs485, radio };

/// Where a smart meter's line ends: at the board's own USART, or at the main board, which forwards its bytes.
enum class MeterLine : uint8_t { board, main_board };

/// Choice of what the LED shows: its heartbeat alone, or any port instead.
enum class LedShows : uint8_t { heartbeat, any_port };

/// Values of a telegram that a board keeps: as many as its flash has room for.
enum class MeterValues : uint8_t { all, few };

/// Terminal ports, a bit each from port 1 up.
FLM_NODISCARD constexpr uint8_t port_bit(uint8_t terminal_port) {
  return static_cast<uint8_t>(1u << terminal_port);
}

/// The terminal ports of pulse inputs that share them with clamps: a switch makes them one or the other.
template <class... Inputs>
struct SwitchedPorts {
  static constexpr uint8_t bits = 0;
};
template <class First, class... Rest>
struct SwitchedPorts<First, Rest...> {
  static constexpr uint8_t bits = static_cast<uint8_t>(
      (First::when_analog_off ? port_bit(First::terminal_port) : 0) | SwitchedPorts<Rest...>::bits);
};

}  // namespace boards
}  // namespace flm

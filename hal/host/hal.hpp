// The hal contract as plain variables, for the simulator's native engine and for tests.
#pragma once
#include <stdint.h>

#include "firmware/metering/integer.hpp"  // PortableArithmetic
#include "protocol/attributes.hpp"

namespace flm {
namespace hal {

/// Hardware of a board on this machine. Whoever owns the board application sets the inputs and reads the outputs.
template <class BoardFacts>
struct HostHal {
  using Board = BoardFacts;
  using Arithmetic = metering::PortableArithmetic;
  /// Nothing interrupts here: the engine calls the interrupts between steps.
  struct Critical {
    Critical() {}
    ~Critical() {}
    Critical(const Critical&) = delete;
    Critical& operator=(const Critical&) = delete;
  };

  void start() {}
  void start_sampling() { sampling = true; }
  void select_clamp(uint8_t clamp) { selected_clamp = clamp; }
  FLM_NODISCARD uint8_t pulse_levels() const { return levels; }
  void led(bool on) { led_lit = on; }
  void set_lines(bool analog, bool rx, bool tx) {
    analog_front_end_on = analog;
    invert_rx = rx;
    invert_tx = tx;
  }
  void barrier() {}

  uint8_t levels = 0xFF;  ///< pins of the pulse ports
  uint8_t selected_clamp = 0;
  bool sampling = false;
  bool led_lit = false;
  bool analog_front_end_on = true;
  bool invert_rx = false;
  bool invert_tx = false;
};

}  // namespace hal
}  // namespace flm

// Pulse inputs: debounced falling edges, by looking at the level at every scan of the clamps (2 kHz).
//
// A level counts when it has been the same for the port's debounce time, without a break. So contacts may
// bounce for anything shorter than that, spikes shorter than that are nothing, an edge inside the bounce is
// never forgotten (the level is looked at again at every scan), and noise of whatever frequency costs a
// bounded time.
#pragma once
#include <stdint.h>

#include "toolchain/attributes.hpp"

namespace flm {
namespace metering {

/// Debounce time of a port until it is set: longer than the 5 ms for which an S0 contact may bounce, shorter
/// than half a period at 60 Hz.
constexpr uint16_t default_debounce_tenths_ms = 60;
/// Shortest: four scans on both boards. No spike of 1 ms is seen in more than three, every level of 2 ms (250
/// Hz) in four.
constexpr uint16_t shortest_debounce_tenths_ms = 15;
/// Longest, for gas and water wheels whose magnet creeps past a reed contact: all that 16 bits hold, 6.5535
/// s.
constexpr uint16_t longest_debounce_tenths_ms = 0xFFFF;

/// State of one pulse input.
struct PulseInput {
  uint16_t last_ms;   ///< when the newest pulse was accepted, modulo 2^16: 65 s, it is taken long before
  uint16_t held;      ///< scans for which the level has differed from the accepted one
  uint16_t debounce;  ///< scans after which it is accepted
  volatile uint8_t pulses;  ///< accepted and not taken yet
  uint8_t pin;              ///< mask in the I/O port
};

/// The pulse inputs of a board: `Inputs` are boards::PulseInput types on one I/O port, of adjoining terminal
/// ports.
template <class... Inputs>
class PulseInputs {
 public:
  static constexpr uint8_t count = sizeof...(Inputs);
  static constexpr uint8_t terminal_port_of(uint8_t input) {
    const uint8_t ports[] = {Inputs::terminal_port...};
    return ports[input];
  }
  /// Terminal port (0..5) of the first input; the others follow.
  static constexpr uint8_t first_terminal_port = terminal_port_of(0);

  /// Before the first sample(); set_debounce() for each input comes next.
  void start() {
    PulseInput* input = inputs_;
    const uint8_t pins[] = {((input++)->pin = Inputs::mask)...};
    static_cast<void>(pins);
  }

  /// Interrupt: `levels` are the I/O port's pins, `now_ms` the time.
  FLM_INLINE void sample(uint8_t levels, const uint32_t& now_ms) {
    const uint8_t differs = static_cast<uint8_t>((levels ^ accepted_) & watched_);
    if ((differs | counting_) != 0) sample_all(differs, levels, now_ms);
  }

  /// True when pulses wait to be taken.
  FLM_NODISCARD bool any() const { return any_ != 0; }

  /// Main loop: hands each input's pulses to `use(terminal_port, pulses, last_ms, debounce)`, once and only
  /// once.
  template <class Critical, class Use>
  void take(Use use) {
    any_ = 0;  // before the looks: a pulse that comes now is taken now, or at the next call
    uint8_t terminal_port = first_terminal_port;
    for (PulseInput& input : inputs_) {
      uint8_t pulses = 0;
      uint16_t last_ms = 0;
      {
        const Critical critical;
        pulses = input.pulses;
        last_ms = input.last_ms;
        input.pulses = 0;
      }
      if (pulses != 0) use(terminal_port, pulses, last_ms, input.debounce);
      ++terminal_port;
    }
  }

  /// Watches the pins of `mask` from now on. A level that was there before is not an edge. Under a critical
  /// section.
  void watch(uint8_t mask, uint8_t levels) {
    const uint8_t added = static_cast<uint8_t>(mask & ~watched_);
    accepted_ = static_cast<uint8_t>((accepted_ & ~added) | (levels & added));
    counting_ = static_cast<uint8_t>(counting_ & mask);
    watched_ = mask;
    for (PulseInput& input : inputs_)
      if ((input.pin & counting_) == 0) input.held = 0;
  }

  /// Sets the inputs' debounce times, in tenths of a ms, the first input's first. `Clock`: says how many
  /// scans that is.
  template <class Clock>
  void set_debounce(const uint16_t* tenths_ms) {
    for (PulseInput& input : inputs_) input.debounce = Clock::scans_of_tenths(*tenths_ms++);
  }

  /// True while the contact on a terminal port is closed; false for a port that is not a pulse input now.
  FLM_NODISCARD bool closed(uint8_t terminal_port) const {
    const uint8_t input = static_cast<uint8_t>(terminal_port - first_terminal_port);
    return input < count && (inputs_[input].pin & watched_ & static_cast<uint8_t>(~accepted_)) != 0;
  }

  /// Terminal ports (a bit each, port 1 is bit 0) that are pulse inputs with the analog front end off, or on.
  FLM_NODISCARD static constexpr uint8_t terminal_ports(bool analog_off) {
    const uint8_t each_port[] = {
        static_cast<uint8_t>(analog_off || !Inputs::when_analog_off ? 1u << Inputs::terminal_port : 0u)...};
    uint8_t ports = 0;
    for (const uint8_t port : each_port) ports = static_cast<uint8_t>(ports | port);
    return ports;
  }

  /// Pins that are pulse inputs with the analog front end off, or on.
  FLM_NODISCARD static constexpr uint8_t mask(bool analog_off) {
    const uint8_t each_pin[] = {
        static_cast<uint8_t>(analog_off || !Inputs::when_analog_off ? Inputs::mask : 0)...};
    uint8_t pins = 0;
    for (const uint8_t pin : each_pin) pins = static_cast<uint8_t>(pins | pin);
    return pins;
  }

 private:
  static_assert(terminal_port_of(count - 1) - terminal_port_of(0) == count - 1,
                "pulse inputs take adjoining terminal ports, in order");

  /// Some level differs from the accepted one, or has.
  FLM_OUTLINE void sample_all(uint8_t differs, uint8_t levels, const uint32_t& now_ms) {
    uint8_t counting = 0;
    for (PulseInput& input : inputs_) {
      if ((differs & input.pin) != 0) {
        if (++input.held < input.debounce) {
          counting = static_cast<uint8_t>(counting | input.pin);
          continue;
        }
        accepted_ = static_cast<uint8_t>(accepted_ ^ input.pin);
        if ((levels & input.pin) == 0) {
          // The clock may tick meanwhile: its lowest byte changes with each tick.
          const volatile uint8_t* const clock = reinterpret_cast<const volatile uint8_t*>(&now_ms);
          uint8_t low = 0;
          do {
            low = clock[0];
            input.last_ms = static_cast<uint16_t>(clock[1] << 8 | low);
          } while (clock[0] != low);
          input.pulses = static_cast<uint8_t>(input.pulses + 1);
          any_ = 1;
        }
      }
      input.held = 0;
    }
    counting_ = counting;
  }

  PulseInput inputs_[count] = {};
  uint8_t accepted_ = 0;  ///< debounced levels
  uint8_t counting_ = 0;  ///< inputs with held > 0
  uint8_t watched_ = 0;
  volatile uint8_t any_ = 0;  ///< pulses wait
};

}  // namespace metering
}  // namespace flm

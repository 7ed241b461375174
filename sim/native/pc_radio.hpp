// A radio chip on the hal of this machine: its words, and its interrupt with the edge that it remembers.
#pragma once
#include <utility>

#include "hal/pc/radio.hpp"
#include "sim/engine/radio_chip.hpp"

namespace flm::sim {

class PcRadio final : public hal::PcRadioChip {
 public:
  explicit PcRadio(RadioChip& chip) : chip_(chip) {}

  std::uint16_t word(std::uint16_t command) override {
    const std::uint16_t answer = chip_.word(command);
    look();
    return answer;
  }
  bool request() override { return chip_.request(); }
  void interrupt(bool wanted) override { wanted_ = wanted; }

  /// Lets the chip run up to time t. The caller raises the interrupts, as take_interrupt() says.
  void advance(Nanoseconds t) {
    chip_.advance(t);
    look();
  }
  /// The next time at which there may be an interrupt, or kNever.
  [[nodiscard]] Nanoseconds next_event() const { return chip_.next_event(); }
  /// True once for each interrupt: nIRQ has fallen, and it is wanted.
  [[nodiscard]] bool take_interrupt() { return wanted_ && std::exchange(fallen_, false); }

 private:
  void look() {
    const bool low = chip_.request();
    if (low && !low_) fallen_ = true;
    low_ = low;
  }

  RadioChip& chip_;
  bool wanted_ = false, low_ = false, fallen_ = false;
};

/// Runs a board's radio up to a time; `raise` is its interrupt's handler. A chip that asks for ever is served
/// once a bit.
template <class Raise>
void run_radio(PcRadio& radio, Nanoseconds t, Raise raise) {
  for (;;) {
    while (radio.take_interrupt()) raise();
    const Nanoseconds next = radio.next_event();
    if (next > t) break;
    radio.advance(next);
  }
  radio.advance(t);
  while (radio.take_interrupt()) raise();
}

}  // namespace flm::sim

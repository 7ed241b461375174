// The radio's part of the hal contract on the PC.
#pragma once
#include <stdint.h>

#include "toolchain/attributes.hpp"

namespace flm {
namespace hal {

/// A radio chip and its request line.
struct PcRadioChip {
  virtual ~PcRadioChip() {}
  /// Shifts a command word out and returns the 16 bits that came in.
  virtual uint16_t word(uint16_t command) = 0;
  /// True while nIRQ is low.
  virtual bool request() = 0;
  /// Lets nIRQ's falling edge interrupt, or not; an edge that comes meanwhile is kept.
  virtual void interrupt(bool wanted) = 0;
};

/// A chip that hears everything and says nothing.
struct SilentRadioChip final : PcRadioChip {
  uint16_t word(uint16_t) override { return 0; }
  bool request() override { return false; }
  void interrupt(bool) override {}
};

/// Members of a HAL that firmware/radio calls.
struct PcRadioWords {
  SilentRadioChip silent_radio;
  PcRadioChip* radio = &silent_radio;  ///< set before start() when there is one

  void radio_send(uint16_t command) { received_ = radio->word(command); }
  FLM_NODISCARD uint8_t radio_receive() { return static_cast<uint8_t>(received_ & 0xFF); }
  uint16_t radio_word(uint16_t command) { return radio->word(command); }
  FLM_NODISCARD bool radio_request() { return radio->request(); }
  void radio_interrupt(bool wanted) { radio->interrupt(wanted); }

 private:
  uint16_t received_ = 0;
};

}  // namespace hal
}  // namespace flm

// The P1 parser with a board's fields on the controller. The simulator puts a byte into GPIOR1, and measures
// from the write of 1 to GPIOR2 to that of 2. Values go to GPIOR0. With FLM_P1_EMPTY the same program without
// the parser, to measure its flash.
#include <avr/interrupt.h>
#include <avr/io.h>
#include <avr/sleep.h>

#include "protocol/p1.hpp"

namespace {

using namespace flm::protocol;

void say(uint32_t value) {
  for (uint8_t i = 0; i < 4; ++i, value >>= 8) GPIOR0 = static_cast<uint8_t>(value);
}

#ifdef FLM_P1_EMPTY
/// Takes no bytes, and has the same values to say.
struct Nothing {
  volatile uint32_t net, power, value, time;
  volatile uint16_t number;
  volatile uint8_t flags;
  uint32_t net_wh() const { return net; }
  uint32_t power_w() const { return power; }
  bool has_net() const { return flags != 0; }
  bool has_power() const { return flags != 0; }
  uint16_t equipment() const { return number; }
  struct Device {
    uint32_t value, time;
    bool has_value;
  };
  Device device(uint8_t) const { return {value, time, flags != 0}; }
  void accept_without_crc(bool) {}
} parser;
FLM_OUTLINE uint8_t step(uint8_t byte) { return byte; }
#else
p1::Parser<p1::BoardFields> parser;
FLM_OUTLINE uint8_t step(uint8_t byte) { return static_cast<uint8_t>(parser.push(byte)); }
#endif

}  // namespace

int main() {
  parser.accept_without_crc(true);
  for (;;) {
    const uint8_t byte = GPIOR1;
    GPIOR2 = 1;
    const uint8_t event = step(byte);
    GPIOR2 = 2;
    if (event == static_cast<uint8_t>(p1::Event::telegram)) {
      say(static_cast<uint32_t>(parser.net_wh()));
      say(static_cast<uint32_t>(parser.power_w()));
      say(parser.device(0).value);
      say(parser.device(0).time);
      say(parser.equipment());
      say(static_cast<uint32_t>(parser.has_net() | parser.has_power() << 1 |
                                parser.device(0).has_value << 2));
    }
  }
}

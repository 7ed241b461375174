// The vectors on the controller: "ok", or "failed N", to GPIOR0, byte by byte; then cli and sleep, which ends
// an emulation.
#include <avr/interrupt.h>
#include <avr/io.h>
#include <avr/sleep.h>

#include "hal/avr/hal.hpp"
#include "tests/vectors/vectors.hpp"

static_assert(flm::vectors::first_failure() == 0, "avr-g++ computes a vector wrong at compile time");

namespace {

void say(const char* text) {
  for (; *text != 0; ++text) GPIOR0 = static_cast<uint8_t>(*text);
}
void say_number(uint16_t number) {
  if (number >= 10) say_number(number / 10);
  GPIOR0 = static_cast<uint8_t>('0' + number % 10);
}

/// The sampling interrupt's own addition of squares against the portable one: every 10-bit number, into sums
/// that carry. The first number that was wrong, plus 1; 0 when all is right.
uint16_t first_wrong_square() {
  const flm::vectors::Unknown v;
  uint32_t fast = v(UINT32_C(0xFFFF0000)), portable = v(UINT32_C(0xFFFF0000));
  for (uint16_t x = 0; x < 1024; ++x) {
    flm::hal::AvrArithmetic::add_square(fast, x);
    flm::hal::PortableArithmetic::add_square(portable, x);
    if (fast != portable) return static_cast<uint16_t>(x + 1);
    uint32_t alone = v(UINT32_C(0xFF));
    flm::hal::AvrArithmetic::add_square(alone, v(x));
    if (alone != static_cast<uint32_t>(x) * x + 0xFF) return static_cast<uint16_t>(x + 1);
  }
  return 0;
}

bool right(const char* what, uint16_t first_failure) {
  if (first_failure == 0) return true;
  say("failed ");
  say(what);
  say_number(first_failure);
  return false;
}

}  // namespace

int main() {
  if (right("", static_cast<uint16_t>(flm::vectors::first_failure(flm::vectors::Unknown()))) &&
      right("flm02a scan ", flm::vectors::first_wrong_scan<flm::boards::Flm02a>()) &&
      right("flm02b scan ", flm::vectors::first_wrong_scan<flm::boards::Flm02b>()) &&
      right("square ", first_wrong_square()))
    say("ok");
  cli();
  sleep_enable();
  sleep_cpu();
}

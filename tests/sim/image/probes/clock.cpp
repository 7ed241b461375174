// The clock prescaler: a change in time, a change that comes too late, a change without the enable bit.
#include "probe.hpp"

int main() {
  report(1);
  if (mode() == 0) {
    CLKPR = _BV(CLKPCE);
    CLKPR = 0;
  } else if (mode() == 1) {
    CLKPR = _BV(CLKPCE);
    __asm__ volatile("nop\n\tnop\n\tnop\n\tnop\n\tnop");
    CLKPR = 0;
  } else {
    CLKPR = 0;
  }
  report(2);
  // 8000 cycles: 250 * 32
  for (uint8_t outer = 250; outer != 0; --outer) __builtin_avr_delay_cycles(29);
  report(3);
  report(CLKPR);
  finish();
}

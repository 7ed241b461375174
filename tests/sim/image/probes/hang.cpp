// An image for FLM02B that never samples.
#include "probe.hpp"

__asm__(".section .flm_board,\"\",@progbits\n.asciz \"flm02b\"\n.text\n");

static volatile uint8_t data[10] = {1, 2, 3};
static volatile uint8_t zeros[7];

extern "C" void waits_for_ever() __attribute__((noinline));
extern "C" void waits_for_ever() {
  for (;;) report(data[zeros[2]]);
}
int main() { waits_for_ever(); }

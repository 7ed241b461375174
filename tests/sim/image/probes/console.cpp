// Writes to the console and ends, crashes or hangs.
#include "probe.hpp"

int main() {
  for (const char* at = "123456789"; *at != 0; ++at) report(static_cast<uint8_t>(*at));
  if (FLM_PROBE_END == 1) __asm__ volatile(".word 0x0001");
  if (FLM_PROBE_END == 2)
    for (;;) {
    }
  finish();
}

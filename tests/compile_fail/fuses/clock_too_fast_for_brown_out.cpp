// expect: the brown-out level lets the CPU run on less than its clock needs
#include "boards/fuses.hpp"
#ifdef RIGHT
using FuseBytes = flm::boards::Fuses<16000000, 0x6E, 0xDC, 0x01>;  // 4.3 V, at least 4.1: 17.8 MHz
#else
using FuseBytes = flm::boards::Fuses<16000000, 0x6E, 0xDD, 0x01>;  // 2.7 V, at least 2.5: 8.7 MHz
#endif
static_assert(FuseBytes::low != 0, "used");

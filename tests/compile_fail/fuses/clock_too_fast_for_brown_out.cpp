// expect: the brown-out level lets the CPU run on less than its clock needs: a higher level, or a guard by
// the firmware
#include "boards/fuses.hpp"
#ifdef RIGHT
using FuseBytes = flm::boards::Fuses<16000000, 0x6E, 0xDC, 0x01>;  // 4.3 V
#else
using FuseBytes = flm::boards::Fuses<16000000, 0x6E, 0xDE, 0x01>;  // 1.8 V
#endif
static_assert(FuseBytes::low != 0, "used");

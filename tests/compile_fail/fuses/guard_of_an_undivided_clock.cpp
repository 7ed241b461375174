// expect: the firmware can guard a clock that CKDIV8 divides from the first instruction on
#include "boards/fuses.hpp"
using flm::boards::ClockGuard;
#ifdef RIGHT
using FuseBytes = flm::boards::Fuses<16000000, 0x6E, 0xDE, 0x01, ClockGuard::by_firmware>;
#else
using FuseBytes = flm::boards::Fuses<16000000, 0xEE, 0xDE, 0x01, ClockGuard::by_firmware>;
#endif
static_assert(FuseBytes::low != 0, "used");

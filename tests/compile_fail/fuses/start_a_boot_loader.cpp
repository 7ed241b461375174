// expect: there is no boot loader, the program starts at 0: BOOTRST must be 1
#include "boards/fuses.hpp"
#ifdef RIGHT
using FuseBytes = flm::boards::Fuses<16000000, 0x6E, 0xDE, 0x01, flm::boards::ClockGuard::by_firmware>;
#else
using FuseBytes = flm::boards::Fuses<16000000, 0x6E, 0xDE, 0x00, flm::boards::ClockGuard::by_firmware>;
#endif
static_assert(FuseBytes::low != 0, "used");

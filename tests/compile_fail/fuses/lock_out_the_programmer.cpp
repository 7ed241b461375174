// expect: the main board could not program the controller again: RSTDISBL and DWEN must be 1, SPIEN 0
#include "boards/fuses.hpp"
#ifdef RIGHT
using FuseBytes = flm::boards::Fuses<16000000, 0x6E, 0xDE, 0x01, flm::boards::ClockGuard::by_firmware>;
#else
using FuseBytes = flm::boards::Fuses<16000000, 0x6E, 0x5E, 0x01, flm::boards::ClockGuard::by_firmware>;
#endif
static_assert(FuseBytes::clock_divided_by_8, "used");

// expect: CKSEL does not fit the crystal: 110x up to 8 MHz, 111x above
#include "boards/fuses.hpp"
#ifdef RIGHT
using FuseBytes = flm::boards::Fuses<3686400, 0xEC, 0xDE, 0x01>;
#else
using FuseBytes = flm::boards::Fuses<3686400, 0x6E, 0xDE, 0x01>;
#endif
static_assert(FuseBytes::low != 0, "used");

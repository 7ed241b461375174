// expect: 10 bits need a converter clock of 50 to 200 kHz
#include "boards/pins.hpp"
#ifdef RIGHT
using Sampling = flm::boards::SampleClock<16000000, 64, 40, 128>;  // 125 kHz
#else
using Sampling = flm::boards::SampleClock<16000000, 64, 40, 64>;  // 250 kHz
#endif
static_assert(Sampling::counts == 40, "used");

// expect: 10 bits need a converter clock of 50 to 200 kHz
#include "boards/pins.hpp"
#ifdef RIGHT
using Sampling = flm::boards::SampleClock<3686400, 64, 40, 64>;  // 57.6 kHz
#else
using Sampling = flm::boards::SampleClock<3686400, 64, 40, 128>;  // 28.8 kHz
#endif
static_assert(Sampling::counts == 40, "used");

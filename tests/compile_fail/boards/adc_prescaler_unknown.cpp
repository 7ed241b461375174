// expect: the converter divides by 16, 32, 64 or 128 here
#include "boards/pins.hpp"
#ifdef RIGHT
using Sampling = flm::boards::SampleClock<16000000, 64, 40, 128>;
#else
using Sampling = flm::boards::SampleClock<16000000, 64, 40, 100>;
#endif
static_assert(Sampling::counts == 40, "used");

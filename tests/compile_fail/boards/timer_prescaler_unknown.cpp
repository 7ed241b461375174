// expect: timer 0 divides by 1, 8, 64 or 256
#include "boards/pins.hpp"
#ifdef RIGHT
using Sampling = flm::boards::SampleClock<16000000, 64, 40, 128>;
#else
using Sampling = flm::boards::SampleClock<16000000, 32, 80, 128>;  // timer 2 could
#endif
static_assert(Sampling::adc_prescaler == 128, "used");

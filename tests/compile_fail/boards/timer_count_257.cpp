// expect: timer 0 counts 8 bits: 2 to 256 counts a tick
#include "boards/pins.hpp"
#ifdef RIGHT
using Sampling = flm::boards::SampleClock<16000000, 8, 256, 128>;
#else
using Sampling = flm::boards::SampleClock<16000000, 8, 257, 128>;
#endif
static_assert(Sampling::adc_prescaler == 128, "used");

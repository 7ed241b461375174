// expect: a conversion must end, and its interrupt select the next channel, before the next trigger
#include "boards/pins.hpp"
#ifdef RIGHT
using Sampling = flm::boards::SampleClock<16000000, 8, 234, 128>;  // 1 872 cycles for 1 728 and 144
#else
using Sampling = flm::boards::SampleClock<16000000, 8, 233, 128>;
#endif
static_assert(Sampling::adc_prescaler == 128, "used");

// expect: a scan must be a simple fraction of a millisecond
#include "boards/pins.hpp"
#include "firmware/metering/clock.hpp"
using namespace flm;
#ifdef RIGHT
using Clock = metering::ScanClock<boards::SampleClock<16000000, 64, 40, 128>>;  // 12/25 ms
#else
using Clock = metering::ScanClock<boards::SampleClock<16000000, 64, 41, 128>>;  // 123/250 ms
#endif
static_assert(Clock::numerator != 0, "used");

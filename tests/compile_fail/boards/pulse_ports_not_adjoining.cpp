// expect: pulse inputs take adjoining terminal ports, in order
#include "boards/pins.hpp"
#include "firmware/metering/pulses.hpp"
using namespace flm;
using Port2 = boards::PulseInput<1, boards::Pin<boards::IoPort::C, 0>>;
using Port3 = boards::PulseInput<2, boards::Pin<boards::IoPort::C, 1>>;
using Port5 = boards::PulseInput<4, boards::Pin<boards::IoPort::C, 5>>;
#ifdef RIGHT
using Inputs = metering::PulseInputs<Port2, Port3>;
#else
using Inputs = metering::PulseInputs<Port2, Port5>;
#endif
static_assert(Inputs::count == 2, "used");

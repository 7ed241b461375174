// expect: the analog switch shares a pin with a pulse port
#include "boards/pins.hpp"
using namespace flm::boards;
struct Board {
  using PulsePort2 = PulseInput<1, Pin<IoPort::C, 0>, true>;
  using PulsePort3 = PulseInput<2, Pin<IoPort::C, 1>, true>;
#ifdef RIGHT
  using AnalogFrontEnd = Pin<IoPort::C, 2>;
#else
  using AnalogFrontEnd = Pin<IoPort::C, 1>;
#endif
  static_assert(AllDifferent<PulsePort2, PulsePort3, AnalogFrontEnd>::value,
                "the analog switch shares a pin with a pulse port");
};

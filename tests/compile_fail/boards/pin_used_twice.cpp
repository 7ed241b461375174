// expect: two pulse ports share a pin
#include "boards/pins.hpp"
using namespace flm::boards;
struct Board {
  using PulsePort4 = PulseInput<3, Pin<IoPort::C, 4>>;
#ifdef RIGHT
  using PulsePort5 = PulseInput<4, Pin<IoPort::C, 5>>;
#else
  using PulsePort5 = PulseInput<4, Pin<IoPort::C, 4>>;
#endif
  using OtherPort = Pin<IoPort::D, 4>;  // the same bit of another port is another pin
  static_assert(AllDifferent<PulsePort4, OtherPort, PulsePort5>::value, "two pulse ports share a pin");
};

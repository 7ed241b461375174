// expect: terminal ports are numbered 0 to 5 here, 1 to 6 on the enclosure
#include "boards/pins.hpp"
using namespace flm::boards;
#ifdef RIGHT
using Port = PulseInput<5, Pin<IoPort::C, 4>>;
#else
using Port = PulseInput<6, Pin<IoPort::C, 4>>;
#endif
static_assert(Port::mask == 0x10, "used");

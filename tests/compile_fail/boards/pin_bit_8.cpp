// expect: an I/O port of the ATmega168P has pins 0 to 7
#include "boards/pins.hpp"
#ifdef RIGHT
using Led = flm::boards::Pin<flm::boards::IoPort::B, 7>;
#else
using Led = flm::boards::Pin<flm::boards::IoPort::B, 8>;
#endif
static_assert(Led::port == flm::boards::IoPort::B, "used");

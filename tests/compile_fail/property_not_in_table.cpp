// expect: no such property in PropertyTable
#include "protocol/commands.hpp"
#ifdef RIGHT
constexpr uint8_t digits = flm::protocol::PropertyOf<'c'>::digits;
#else
constexpr uint8_t digits = flm::protocol::PropertyOf<'z'>::digits;
#endif
static_assert(digits == 8, "used");

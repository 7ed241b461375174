// expect: ignoring return value
#include "protocol/crc8.hpp"
uint8_t crc_of_two(uint8_t first, uint8_t second) {
#ifdef RIGHT
  return flm::protocol::crc8_maxim(flm::protocol::crc8_maxim(0, first), second);
#else
  flm::protocol::crc8_maxim(0, first);
  return flm::protocol::crc8_maxim(0, second);
#endif
}

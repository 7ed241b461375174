#include "sim/meter_uart.hpp"

namespace flm::sim {

std::vector<std::uint8_t> MeterUart::take(Nanoseconds t, std::size_t most) {
  std::vector<std::uint8_t> bytes;
  while (next() <= t && bytes.size() < most) {
    const SerialLine::Byte byte = bytes_.take();
    const bool seven_bits = byte.bit > 1'000'000'000 / 115'200;  // the slow line is 7E1
    bytes.push_back(seven_bits ? byte.data & 0x7F : byte.data);
  }
  if (!engine_.inverts_rx()) bytes.clear();
  return bytes;
}

}  // namespace flm::sim

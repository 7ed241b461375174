#include "sim/run/meter_uart.hpp"

#include <bit>

namespace flm::sim {

std::vector<std::uint8_t> MeterUart::take(Nanoseconds t, std::size_t most) {
  std::vector<std::uint8_t> bytes;
  while (next() <= t && bytes.size() < most) {
    const SerialLine::Byte byte = bytes_.take();
    const bool seven_bits = byte.bit > 1'000'000'000 / 115'200;  // the slow line is 7E1
    const bool good = !byte.framing_error && (!seven_bits || std::popcount(byte.data) % 2 == 0);
    bytes.push_back(static_cast<std::uint8_t>(!good ? 0 : seven_bits ? byte.data & 0x7F : byte.data));
  }
  if (!engine_.inverts_rx()) bytes.clear();
  return bytes;
}

}  // namespace flm::sim

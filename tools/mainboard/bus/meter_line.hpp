// A smart meter's line that ends at this machine (FLM02B), which forwards its bytes to the sensor board.
#pragma once
#include <memory>
#include <string>

namespace flm::mainboard {

class Bus;

class MeterLine {
 public:
  virtual ~MeterLine() = default;
  /// What has come since the last call; empty: nothing. Throws NoAnswer when the device has gone.
  [[nodiscard]] virtual std::string read() = 0;
};

/// A serial device on this machine: 115200 baud 8N1, or, as DSMR 2.2 and 3 meters send, 9600 baud 7E1. Throws
/// InputError.
std::unique_ptr<MeterLine> open_meter_line(const std::string& device, int baud);

/// The same bus; whenever it waits, what comes on the line goes to the board as `p` messages
/// (protocol/link.hpp).
std::unique_ptr<Bus> forwarding(std::unique_ptr<Bus>, std::unique_ptr<MeterLine>);

}  // namespace flm::mainboard

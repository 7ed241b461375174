// A main board's UART at a smart meter's line, where the board leaves that line to it.
#pragma once
#include <cstdint>
#include <vector>

#include "sim/engine/engine.hpp"
#include "sim/scenario/board_model.hpp"
#include "sim/world/serial_line.hpp"

namespace flm::sim {

class MeterUart {
 public:
  MeterUart(const Scenario& scenario, const BoardModel& board, const Engine& engine)
      : engine_(engine),
        line_(scenario.serial, scenario.front_end.seed),
        bytes_(line_),
        connected_(board.meter_line == boards::MeterLine::main_board && !scenario.serial.empty()) {}
  MeterUart(const MeterUart&) = delete;
  MeterUart& operator=(const MeterUart&) = delete;

  /// There is a line, and it ends here: the sensor board's USART is the radio's.
  [[nodiscard]] bool connected() const { return connected_; }
  /// When the next byte has come, or kNever.
  [[nodiscard]] Nanoseconds next() const { return connected_ ? bytes_.next() : kNever; }
  /// The oldest bytes that have come by time t, `most` of them, 0 for one with a wrong parity or stop bit, as
  /// Linux reads them (termios: INPCK, without IGNPAR and PARMRK); none while the sensor board does not
  /// invert the line: the UART sees no start bit that it knows.
  [[nodiscard]] std::vector<std::uint8_t> take(Nanoseconds t, std::size_t most);
  /// What came before time t is lost.
  void lose(Nanoseconds t) {
    while (next() < t) static_cast<void>(bytes_.take());
  }

 private:
  const Engine& engine_;
  SerialLine line_;
  SerialLine::Reader bytes_;
  bool connected_;
};

}  // namespace flm::sim

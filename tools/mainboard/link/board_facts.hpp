// Facts about each board that a host needs, as run-time values from the types that the firmware is compiled
// with.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace flm::ctl {

struct BoardFacts {
  std::string name;         ///< flm02a, flm02b
  std::uint8_t letter = 0;  ///< as `gv` names it
  int hardware_major = 0, hardware_minor = 0;
  int spi_mode = 0;
  double byte_gap = 0.0;    ///< s between two bytes
  double reply_wait = 0.0;  ///< s between a command and the read of its reply
  bool has_port_configuration = false;
  bool has_radio = false;
  std::uint16_t features = 0;        ///< bits of protocol::feature, as `gv` answers them
  std::vector<int> pulse_ports;      ///< terminal ports, 1 to 6, that can be pulse inputs
  double samples_per_second = 0.0;   ///< of a clamp
  double clock_tolerance_ppm = 0.0;  ///< of its crystal or resonator
};

/// Every board.
const std::vector<BoardFacts>& all_boards();
/// The board of that name, or nullptr.
const BoardFacts* find_board(const std::string& name);

}  // namespace flm::ctl

// Facts of each board as run-time values, from the types that the firmware is compiled with.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "boards/facts.hpp"
#include "tools/mainboard/link/time.hpp"

namespace flm::mainboard {

struct BoardFacts {
  std::string name;         ///< flm02a, flm02b
  std::uint8_t letter = 0;  ///< as `gv` names it
  int hardware_major = 0, hardware_minor = 0;
  int spi_mode = 0;
  Time byte_gap{};     ///< from the end of a byte to the start of the next
  Time reply_wait{};   ///< between a command and the read of its reply
  Time poll_period{};  ///< between two looks at the `u` channel
  boards::Channel channel = {};
  boards::MeterLine meter_line = {};
  boards::LedShows led_shows = {};
  bool inverts_meter_line = false;
  std::uint16_t features = 0;        ///< bits of protocol::feature, as `gv` answers them
  std::vector<int> clamp_ports;      ///< terminal ports, 1 to 6, that can be clamps
  std::vector<int> pulse_ports;      ///< terminal ports that can be pulse inputs
  std::vector<int> switched_ports;   ///< terminal ports that are both, and switched together
  int meter_port = 0;                ///< terminal port that a smart meter can have
  double samples_per_second = 0.0;   ///< rate of each clamp
  double clock_tolerance_ppm = 0.0;  ///< tolerance of its crystal or resonator
  struct {
    int low = 0, high = 0, extended = 0;
  } fuses;  ///< the controller's three fuse bytes

  [[nodiscard]] bool has_radio() const { return channel == boards::Channel::radio; }
  [[nodiscard]] bool is_clamp_port(int port) const;
  [[nodiscard]] bool is_pulse_port(int port) const;
  [[nodiscard]] bool is_switched(int port) const;
  /// "clamp ports 1, 2, 3 of flm02a", "pulse ports 4, 5 of flm02a"
  [[nodiscard]] std::string clamp_port_names() const;
  [[nodiscard]] std::string pulse_port_names() const;
  /// "ports 2 and 3"
  [[nodiscard]] std::string switched_port_names() const;
};

/// Every board.
const std::vector<BoardFacts>& all_boards();
/// Names of the boards for which is_so() is true, "flm02a, flm02b": for a message's "allowed".
std::string board_names(bool (*is_so)(const BoardFacts&));
/// The board of that name, or nullptr.
const BoardFacts* find_board(const std::string& name);

}  // namespace flm::mainboard

#include "tools/mainboard/link/board_facts.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "boards/all.hpp"
#include "protocol/commands.hpp"

namespace flm::mainboard {
namespace {

/// Terminal ports of a board's pulse inputs.
template <class... Inputs>
struct TerminalPorts {
  static std::vector<int> list() { return {Inputs::terminal_port + 1 ...}; }
};

template <class Board>
BoardFacts facts() {
  BoardFacts f;
  f.name = Board::name();
  f.letter = Board::letter;
  f.hardware_major = Board::hardware_major;
  f.hardware_minor = Board::hardware_minor;
  f.spi_mode = Board::spi_mode;
  f.byte_gap = std::chrono::microseconds{Board::spi_byte_gap_us};
  f.reply_wait = std::chrono::milliseconds{Board::reply_wait_ms};
  f.poll_period = std::chrono::milliseconds{Board::poll_period_ms};
  f.channel = Board::channel;
  f.meter_line = Board::meter_line;
  f.led_shows = Board::led_shows;
  f.inverts_meter_line = Board::inverts_meter_line;
  f.features = protocol::features_of<Board>();
  f.pulse_ports = Board::template WithPulseInputs<TerminalPorts>::list();
  using Sampling = typename Board::Sampling;
  for (int port = 1; port <= Sampling::clamps; ++port) f.clamp_ports.push_back(port);
  for (int port = 1; port <= 6; ++port)
    if ((Board::switched_ports >> (port - 1) & 1) != 0) f.switched_ports.push_back(port);
  f.meter_port = Board::meter_port + 1;
  f.samples_per_second = double(Board::cpu_hz) / Sampling::tick_cycles / Sampling::clamps;
  f.clock_tolerance_ppm = Board::clock_tolerance_ppm;
  f.fuses = {Board::FuseBytes::low, Board::FuseBytes::high, Board::FuseBytes::extended};
  return f;
}

template <class... Boards>
struct Facts {
  static std::vector<BoardFacts> list() { return {facts<Boards>()...}; }
};

bool holds(const std::vector<int>& ports, int port) {
  return std::find(ports.begin(), ports.end(), port) != ports.end();
}

}  // namespace

bool BoardFacts::is_clamp_port(int port) const { return holds(clamp_ports, port); }
bool BoardFacts::is_pulse_port(int port) const { return holds(pulse_ports, port); }
bool BoardFacts::is_switched(int port) const { return holds(switched_ports, port); }

std::string BoardFacts::clamp_port_names() const {
  return fmt::format("clamp ports {} of {}", fmt::join(clamp_ports, ", "), name);
}
std::string BoardFacts::pulse_port_names() const {
  return fmt::format("pulse ports {} of {}", fmt::join(pulse_ports, ", "), name);
}
std::string BoardFacts::switched_port_names() const {
  return fmt::format("ports {}", fmt::join(switched_ports, " and "));
}

std::string board_names(bool (*is_so)(const BoardFacts&)) {
  std::vector<std::string> names;
  for (const BoardFacts& board : all_boards())
    if (is_so(board)) names.push_back(board.name);
  return fmt::format("{}", fmt::join(names, ", "));
}

const std::vector<BoardFacts>& all_boards() {
  static const std::vector<BoardFacts> boards = boards::WithAllBoards<Facts>::list();
  return boards;
}

const BoardFacts* find_board(const std::string& name) {
  const auto& boards = all_boards();
  const auto found =
      std::find_if(boards.begin(), boards.end(), [&](const BoardFacts& b) { return b.name == name; });
  return found == boards.end() ? nullptr : &*found;
}

}  // namespace flm::mainboard

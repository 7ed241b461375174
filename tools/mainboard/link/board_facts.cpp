#include "tools/mainboard/link/board_facts.hpp"

#include <algorithm>

#include "boards/all.hpp"
#include "protocol/commands.hpp"

namespace flm::ctl {
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
  f.byte_gap = Board::spi_byte_gap_us * 1e-6;
  f.reply_wait = Board::reply_wait_ms * 1e-3;
  f.has_port_configuration = Board::has_port_configuration;
  f.has_radio = Board::has_radio;
  f.features = protocol::features_of<Board>();
  f.pulse_ports = Board::template WithPulseInputs<TerminalPorts>::list();
  using Sampling = typename Board::Sampling;
  f.samples_per_second = double(Board::cpu_hz) / Sampling::tick_cycles / 3.0;
  f.clock_tolerance_ppm = Board::clock_tolerance_ppm;
  return f;
}

template <class... Boards>
struct Facts {
  static std::vector<BoardFacts> list() { return {facts<Boards>()...}; }
};

}  // namespace

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

}  // namespace flm::ctl

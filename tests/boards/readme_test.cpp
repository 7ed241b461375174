// The tables of boards/README.md against board.hpp.
#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <cctype>
#include <fstream>
#include <string>
#include <vector>

#include "boards/all.hpp"

using namespace flm::boards;

namespace {

/// Cells of each table row of boards/README.md.
std::vector<std::vector<std::string>> rows() {
  std::ifstream in(FLM_SOURCE_DIR "/boards/README.md");
  std::vector<std::vector<std::string>> rows;
  for (std::string line; std::getline(in, line);) {
    if (!line.starts_with("| ")) continue;
    std::vector<std::string> cells;
    for (std::size_t at = 1, end = 0; (end = line.find('|', at)) != line.npos; at = end + 1)
      cells.push_back(end > at + 1 ? line.substr(at + 1, end - at - 2) : "");
    rows.push_back(cells);
  }
  return rows;
}

/// A board's cell in the first row that begins so; empty if there is none.
std::string cell(const std::string& first, std::string board) {
  for (char& c : board) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  std::size_t column = 0;
  for (const auto& row : rows()) {
    for (std::size_t i = 1; i < row.size(); ++i)
      if (row[i] == board) column = i;
    if (row.front().starts_with(first) && column > 0 && column < row.size()) return row[column];
  }
  return {};
}

template <class Pin>
std::string name() {
  return fmt::format("P{}{}", "BCD"[static_cast<int>(Pin::port)], Pin::bit);
}

/// Whether `text` holds `word` as a word of its own: "PC1" is not in "PC12".
bool has_word(const std::string& text, const std::string& word) {
  const std::size_t at = text.find(word);
  return at != text.npos && (at + word.size() == text.size() ||
                             std::isalnum(static_cast<unsigned char>(text[at + word.size()])) == 0);
}

template <class Board>
void check_pulse_inputs() {}
template <class Board, class Input, class... Rest>
void check_pulse_inputs() {
  const std::string port = std::to_string(Input::terminal_port + 1);
  CAPTURE(port);
  CHECK(has_word(cell(port, Board::name()), "pulses, " + name<Input>()));
  CHECK((cell(port, Board::name()).find("clamp") != std::string::npos) == Input::when_analog_off);
  if (Board::input_capacitance_nf > 0)
    CHECK(has_word(cell(port, Board::name()), fmt::format("{} nF", Board::input_capacitance_nf)));
  check_pulse_inputs<Board, Rest...>();
}

template <class Board>
struct PulseInputs {
  template <class... Inputs>
  struct Of {
    static void check() { check_pulse_inputs<Board, Inputs...>(); }
  };
};

template <class Board>
void check_board() {
  const auto says = [](const std::string& first, const std::string& word) {
    CAPTURE(Board::name(), first, word, cell(first, Board::name()));
    CHECK(has_word(cell(first, Board::name()), word));
  };
  says("sensor board", fmt::format("v{}.{}", Board::hardware_major, Board::hardware_minor));
  says("letter", fmt::format("{:02x}", Board::letter));
  says("clock", fmt::format("{} MHz", Board::cpu_hz / 1e6));
  says("clock", fmt::format("+-{} ppm", Board::clock_tolerance_ppm));
  using Fuses = typename Board::FuseBytes;
  says("fuse bytes", fmt::format("0x{:02X} 0x{:02X} 0x{:02X}", Fuses::low, Fuses::high, Fuses::extended));
  says("CPU clock at reset", Fuses::clock_divided_by_8 ? "divided by 8" : "undivided");
  says("conversions", std::to_string(Board::cpu_hz / Board::Sampling::tick_cycles));
  says("heartbeat", name<typename Board::Led>());
  CHECK(cell("SPI mode", Board::name()).starts_with(std::to_string(Board::spi_mode)));
  says("between two bytes", fmt::format("{} us", Board::spi_byte_gap_us));
  says("from a command", fmt::format("{} ms", Board::reply_wait_ms));
  says("poll", fmt::format("{} ms", Board::poll_period_ms));
  for (std::uint8_t clamp = 0; clamp < 3; ++clamp)
    says(std::to_string(clamp + 1), fmt::format("clamp, ADC{}", Board::clamp_input(clamp)));
  Board::template WithPulseInputs<PulseInputs<Board>::template Of>::check();
  if constexpr (requires { typename Board::DriverEnable; })
    says("6", "driver enable " + name<typename Board::DriverEnable>());
  if constexpr (requires { typename Board::AnalogFrontEnd; }) {
    says("6", "RX: " + name<typename Board::InvertRx>());
    says("6", "TX: " + name<typename Board::InvertTx>());
    says("ports 2 and 3", name<typename Board::AnalogFrontEnd>() + " high: clamps");
  }
  if constexpr (requires { typename Board::RadioSelect; }) {
    says("radio", "SCK " + name<typename Board::RadioClock>());
    says("radio", "select " + name<typename Board::RadioSelect>());
    says("radio", "nIRQ " + name<typename Board::RadioRequest>());
  } else {
    says("radio", "none");
  }
}

template <class... Boards>
struct AllBoards {
  static void check() { (check_board<Boards>(), ...); }
};

}  // namespace

TEST_CASE("boards/README.md has the clocks, pins and times of each board.hpp") {
  WithAllBoards<AllBoards>::check();
}

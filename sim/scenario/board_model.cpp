#include "sim/scenario/board_model.hpp"

#include <stdexcept>

namespace flm::sim {
namespace {

template <class Pin>
OutputPin output_pin() {
  constexpr char names[] = {'B', 'C', 'D'};
  return {names[static_cast<int>(Pin::port)], Pin::bit};
}

template <class Input>
PulsePort pulse_port() {
  return {Input::terminal_port + 1, output_pin<Input>().io_port, Input::bit, Input::when_analog_off};
}

template <class... Inputs>
struct PulsePorts {
  static std::vector<PulsePort> list() { return {pulse_port<Inputs>()...}; }
};

template <class Board>
BoardModel model_of() {
  using Sampling = typename Board::Sampling;
  static_assert(std::uint64_t{Sampling::tick_cycles} * 1'000'000'000 % Board::cpu_hz == 0,
                "simulated time counts nanoseconds: a tick must be a whole number of them");
  BoardModel m;
  static_cast<mainboard::BoardFacts&>(m) = *mainboard::find_board(Board::name());
  m.cpu_hz = Board::cpu_hz;
  m.clock_starts_divided_by_8 = Board::FuseBytes::clock_divided_by_8;
  m.tick_cycles = Sampling::tick_cycles;
  m.tick_period = Nanoseconds{Sampling::tick_cycles} * 1'000'000'000 / Board::cpu_hz;
  m.conversion_cycles = Sampling::conversion_cycles;
  m.clamp_inputs = {Board::clamp_input(0), Board::clamp_input(1), Board::clamp_input(2)};
  m.pulse_inputs = Board::template WithPulseInputs<PulsePorts>::list();
  m.input_capacitance_nf = Board::input_capacitance_nf;
  if constexpr (requires { typename Board::DriverEnable; })
    m.driver_enable = output_pin<typename Board::DriverEnable>();
  return m;
}

template <class... Boards>
struct Models {
  static std::vector<BoardModel> list() { return {model_of<Boards>()...}; }
};

}  // namespace

const std::vector<BoardModel>& board_models() {
  static const std::vector<BoardModel> models = boards::WithAllBoards<Models>::list();
  return models;
}

const BoardModel& board_model(const std::string& name) {
  std::string allowed;
  for (const BoardModel& model : board_models()) {
    if (model.name == name) return model;
    allowed += (allowed.empty() ? "" : ", ") + model.name;
  }
  throw std::invalid_argument("no board '" + name + "'; allowed: " + allowed);
}

}  // namespace flm::sim

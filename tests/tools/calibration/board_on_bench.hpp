// A board in the native engine with a clamp and an S0 meter on the same load, and a host that reads both.
#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "tests/tools/mainboard/bus/faulty_bus.hpp"
#include "tools/calibration/readings.hpp"
#include "tools/calibration/session.hpp"
#include "tools/mainboard/link/link_text.hpp"

namespace flm::test {

/// The scenario: sensor 1 is a 50 A clamp at 230 V on port 1, sensor 4 an S0 meter of 0.5 Wh a pulse on port
/// 4.
inline sim::Scenario bench_scenario(double watts, std::uint64_t seed) {
  sim::Scenario s;
  s.board = "flm02b";
  s.duration = 3600.0;
  sim::Sensor clamp;
  clamp.id = 1;
  clamp.ports = {1};
  sim::Sensor meter;
  meter.id = 4;
  meter.ports = {4};
  meter.sensor_class = sim::SensorClass::pulse;
  meter.constant = 0.5;
  s.sensors = {clamp, meter};
  sim::Waveform current;
  current.port = 1;
  current.amps = watts / 230.0;
  s.waveforms = {current};
  s.front_end.seed = seed;
  return s;
}

/// The bench with the meter's pulses as well.
inline sim::Scenario metered_scenario(double watts, std::uint64_t seed) {
  sim::Scenario scenario = bench_scenario(watts, seed);
  sim::Pulses meter;
  meter.port = 4;
  meter.every = 0.5 * 3600.0 / watts;
  scenario.pulses = {meter};
  return scenario;
}

/// The board on an engine's bus, and what a test asks of it.
class BoardOnBench {
 public:
  explicit BoardOnBench(sim::Scenario scenario) : bus_(std::move(scenario)), board_(bus_, "bench") {
    board_.identify();
    board_.wait(std::chrono::milliseconds(2500));  // the first second begins before the smoother has settled
  }
  operator mainboard::Board&() { return board_; }  // NOLINT: it is one

  /// Numbers of the reply to a command line, the index included.
  std::vector<std::int64_t> ask(const std::string& line) {
    return numbers_of(board_.request(message_of(line)));
  }
  [[nodiscard]] double now() { return mainboard::in_seconds(board_.now()); }

  /// May change what the board answers: a faulty one.
  void tamper(std::function<void(const std::string&, std::vector<std::int64_t>&)> with) {
    bus_.tamper = [with = std::move(with)](const Message& sent, Message& reply) {
      std::vector<std::int64_t> numbers = numbers_of(reply);
      with(text_of(sent), numbers);
      if (reply.index) numbers.erase(numbers.begin());
      reply.values.assign(numbers.begin(), numbers.end());
    };
  }
  /// From now on a commit is answered `zz`.
  void refuse_to_store() {
    bus_.tamper = [](const Message& sent, Message& reply) {
      if (sent == commit_message()) reply = {'z', 'z', {}, {}, {}};
    };
  }

 private:
  static std::vector<std::int64_t> numbers_of(const Message& reply) {
    std::vector<std::int64_t> numbers(reply.values.begin(), reply.values.end());
    if (reply.index) numbers.insert(numbers.begin(), *reply.index);
    return numbers;
  }

  FaultyBus bus_;
  mainboard::Board board_;
};

/// A dialogue that answers yes or no, and keeps what was said.
class Script : public calibration::Dialogue {
 public:
  explicit Script(bool answer = true) : answer_(answer) {}
  void say(const std::string& line) override { said += line + "\n"; }
  void progress(const std::string& line) override { watched += line + "\n"; }
  bool confirm(const std::string&) override {
    ++questions;
    return answer_;
  }
  std::string said, watched;
  int questions = 0;

 private:
  bool answer_;
};

}  // namespace flm::test

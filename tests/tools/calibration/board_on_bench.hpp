// A board in the native engine with a clamp and an S0 meter on the same load, and a host that reads both.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "sim/run/link_host.hpp"
#include "sim/run/main_board.hpp"
#include "sim/world/environment.hpp"
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

/// The same with the meter's pulses.
inline sim::Scenario metered_scenario(double watts, std::uint64_t seed) {
  sim::Scenario scenario = bench_scenario(watts, seed);
  sim::Pulses meter;
  meter.port = 4;
  meter.every = 0.5 * 3600.0 / watts;
  scenario.pulses = {meter};
  return scenario;
}

class BoardOnBench : public BoardLink {
 public:
  explicit BoardOnBench(sim::Scenario scenario)
      : scenario_(std::move(scenario)),
        board_(sim::board_model(scenario_.board)),
        environment_(scenario_, board_),
        engine_(sim::make_native_engine(board_, environment_)),
        host_(board_, *engine_) {
    host_.wait_until(sim::configure_at);
    for (const std::string& line : sim::configuration(scenario_, board_)) static_cast<void>(ask(line));
    wait(2.0);  // the first second begins before the smoother has settled
  }

  std::vector<std::int64_t> ask(const std::string& line) override {
    const std::string reply = decode_reply(host_.exchange(line).value_or("zz"));
    if (line == "ct") wait(0.5);
    if (!reply.starts_with(line.substr(0, 2))) throw Refused("'" + line + "' is answered '" + reply + "'");
    std::vector<std::int64_t> numbers;
    std::istringstream in(reply.substr(2));
    for (std::int64_t number = 0; in >> number;) numbers.push_back(number);
    if (before_reply_) before_reply_(line, numbers);
    return numbers;
  }
  void wait(double seconds) override {
    host_.wait_until(host_.now() + static_cast<sim::Nanoseconds>(seconds * 1e9));
  }
  double now() override { return static_cast<double>(host_.now()) * 1e-9; }

  /// May change what the board answers: a faulty one.
  void tamper(std::function<void(const std::string&, std::vector<std::int64_t>&)> with) {
    before_reply_ = std::move(with);
  }

 private:
  sim::Scenario scenario_;
  const sim::BoardModel& board_;
  sim::Environment environment_;
  std::unique_ptr<sim::Engine> engine_;
  sim::LinkHost host_;
  std::function<void(const std::string&, std::vector<std::int64_t>&)> before_reply_;
};

/// A person who says yes or no, and keeps what was said.
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

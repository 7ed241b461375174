// A board in the native engine with a clamp and an S0 meter on the same load, and a host that reads both.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "sim/environment.hpp"
#include "sim/link_host.hpp"
#include "sim/main_board.hpp"
#include "tools/calibration/reading.hpp"
#include "tools/common/link_text.hpp"

namespace flm::test {

/// The scenario: sensor 1 is a 50 A clamp at 230 V on port 1, sensor 4 an S0 meter of 0.5 Wh a pulse on port 4.
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

class BoardOnBench {
 public:
  explicit BoardOnBench(sim::Scenario scenario)
      : scenario_(std::move(scenario)),
        board_(sim::board_model(scenario_.board)),
        environment_(scenario_, board_),
        engine_(sim::make_native_engine(board_, environment_)),
        host_(board_, *engine_) {
    host_.wait_until(sim::configure_at);
    for (const std::string& line : sim::configuration(scenario_, board_)) static_cast<void>(host_.exchange(line));
  }

  /// A reply's fields, without its letters and, where there is one, its index.
  std::string ask(const std::string& line) { return decode_reply(host_.exchange(line).value_or("")); }
  void wait(double seconds) { host_.wait_until(host_.now() + static_cast<sim::Nanoseconds>(seconds * 1e9)); }
  [[nodiscard]] double now() const { return static_cast<double>(host_.now()) * 1e-9; }
  [[nodiscard]] const sim::Environment& environment() const { return environment_; }

  /// The clamp's last second.
  calibration::RawWindow raw() {
    calibration::RawWindow w;
    static_cast<void>(ask("ga 0"));  // from now on it is kept
    wait(1.1);
    char letters[3];
    int index = 0;
    const std::string reply = ask("ga 0");
    if (std::sscanf(reply.c_str(), "%2s %d %lf %lf %lf %lf %lf %lf %lf %lf", letters, &index, &w.samples, &w.largest,
                    &w.smallest, &w.last, &w.clipped, &w.sum, &w.steps, &w.squares) != 10)
      throw std::runtime_error("no raw window: " + reply);
    return w;
  }

 private:
  sim::Scenario scenario_;
  const sim::BoardModel& board_;
  sim::Environment environment_;
  std::unique_ptr<sim::Engine> engine_;
  sim::LinkHost host_;
};

}  // namespace flm::test

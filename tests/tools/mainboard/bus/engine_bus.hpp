// A bus with the native engine's board on it, and noise on the line.
#pragma once
#include <memory>
#include <random>
#include <string>

#include "sim/run/link_host.hpp"
#include "sim/run/main_board.hpp"
#include "sim/world/environment.hpp"
#include "tools/mainboard/bus/transport.hpp"

namespace flm::test {

class EngineBus : public ctl::Bus {
 public:
  /// `noise`: probability that a byte, there or back, has a bit flipped.
  EngineBus(sim::Scenario scenario, double noise, unsigned seed = 1)
      : scenario_(std::move(scenario)),
        board_(sim::board_model(scenario_.board)),
        environment_(scenario_, board_),
        engine_(sim::make_native_engine(board_, environment_)),
        host_(board_, *engine_),
        noise_(noise),
        random_(seed) {
    host_.wait_until(sim::configure_at);
    for (const std::string& line : sim::configuration(scenario_, board_)) host_.exchange(line);
  }
  [[nodiscard]] std::string clock(std::string_view bytes) override {
    std::string back;
    for (const char byte : bytes)
      back += spoilt(static_cast<char>(host_.clock_byte(static_cast<std::uint8_t>(spoilt(byte)))));
    return back;
  }
  void wait(double seconds) override { host_.wait_until(host_.now() + sim::nanoseconds(seconds)); }
  [[nodiscard]] double now() override { return sim::seconds(host_.now()); }

 private:
  char spoilt(char byte) {
    if (!std::bernoulli_distribution(noise_)(random_)) return byte;
    return static_cast<char>(byte ^ 1 << std::uniform_int_distribution<int>(0, 7)(random_));
  }

  sim::Scenario scenario_;
  const sim::BoardModel& board_;
  sim::Environment environment_;
  std::unique_ptr<sim::Engine> engine_;
  sim::LinkHost host_;
  double noise_;
  std::mt19937 random_;
};

/// Two clamps and a pulse meter.
inline sim::Scenario small_house() {
  sim::Scenario s;
  s.board = "flm02b";
  s.duration = 1e6;
  for (const int id : {1, 2, 4}) {
    Sensor sensor;
    sensor.id = id;
    sensor.ports = {id};
    if (id == 4) sensor.sensor_class = SensorClass::pulse;
    s.sensors.push_back(sensor);
  }
  sim::Waveform current;
  current.port = 1;
  current.amps = 5.0;
  s.waveforms = {current};
  return s;
}

}  // namespace flm::test

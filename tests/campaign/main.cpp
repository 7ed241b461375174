#include "tests/campaign/campaign.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <vector>

#include "tests/bench/figure_table.hpp"

namespace flm::campaign {

sim::Scenario full_load(const std::string& board, double duration) {
  sim::Scenario s;
  s.board = board;
  s.duration = duration;
  const sim::Shape shapes[] = {sim::Shape::sine, sim::Shape::peaky, sim::Shape::dimmed};
  for (int port = 1; port <= 3; ++port) {
    sim::Sensor sensor;
    sensor.id = port;
    sensor.ports = {port};
    sensor.voltage = 230.0;
    s.sensors.push_back(sensor);
    sim::Waveform current;
    current.port = port;
    current.shape = shapes[port - 1];
    current.amps = 4.0 * port;
    current.repeat = true;
    s.waveforms.push_back(current);
  }
  for (int port = 4; port <= 5; ++port) {
    sim::Sensor sensor;
    sensor.id = port;
    sensor.sensor_class = sim::SensorClass::pulse;
    sensor.ports = {port};
    s.sensors.push_back(sensor);
    sim::Pulses pulses;
    pulses.port = port;
    pulses.every = 0.05;
    pulses.width = 0.02;
    pulses.bounce = 0.005;
    s.pulses.push_back(pulses);
  }
  return s;
}

}  // namespace flm::campaign

int main(int argc, char** argv) {
  CLI::App app{"Attacks the AVR images: cuts their power, floods their link. Exit status 1 when a budget is broken."};
  std::string images, figures;
  std::vector<std::string> boards = {"flm02a", "flm02b"};
  double seconds = 3600.0;
  long cuts = 10'000, messages = 50'000;
  app.add_option("IMAGES", images, "folder of the images")->required()->check(CLI::ExistingDirectory);
  app.add_option("--board", boards, "boards to attack")->check(CLI::IsMember({"flm02a", "flm02b"}));
  app.add_option("--seconds", seconds, "of the script during which the power is cut; 0: no power cuts")->capture_default_str()->check(CLI::Range(0.0, 86400.0));
  app.add_option("--cuts", cuts, "at random moments")->capture_default_str()->check(CLI::Range(0, 10'000'000));
  app.add_option("--messages", messages, "for the link; 0: none")->capture_default_str()->check(CLI::Range(0, 100'000'000));
  app.add_option("--figures", figures, "file (.json) for the page of figures");
  CLI11_PARSE(app, argc, argv);
  try {
    for (const std::string& board : boards) {
      const auto elf = std::filesystem::path(images) / (board + ".elf");
      if (messages > 0) flm::campaign::link(board, elf, messages);
      if (seconds > 0) flm::campaign::power(board, elf, seconds, cuts);
    }
    if (!figures.empty()) flm::bench::save(figures);
  } catch (const std::exception& error) {
    fmt::print(stderr, "campaign: {}\n", error.what());
    return 2;
  }
  fmt::print("\n{} of the budgets broken\n", flm::bench::broken());
  return flm::bench::broken() == 0 ? 0 : 1;
}

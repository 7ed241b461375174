#include "tests/campaign/campaign.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
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

const std::vector<Corner>& corners() {
  static const std::vector<Corner> list = [] {
    Corner nominal{"nominal", {}, 5.0}, slow{"slow", {}, 4.75}, fast{"fast", {}, 5.5};
    slow.parts.threshold = 4.41;
    slow.parts.pull_up = 50e3;
    slow.parts.rc_percent = 10.0;
    fast.parts.threshold = 5.29;  // The supply is above it, as an owner's must be for the board to work.
    fast.parts.pull_up = 20e3;
    fast.parts.rc_percent = -10.0;
    return std::vector<Corner>{nominal, slow, fast};
  }();
  return list;
}

}  // namespace flm::campaign

int main(int argc, char** argv) {
  CLI::App app{
      "Attacks the AVR images: cuts their power, makes it flicker, floods their link. Exit status 1 when a "
      "budget is broken."};
  std::string images, figures;
  std::vector<std::string> boards = {"flm02a", "flm02b"};
  double seconds = 3600.0;
  double share = 1.0;
  long cuts = 10'000, messages = 50'000, ends = 2'000;
  std::string corner = "nominal";
  app.add_option("IMAGES", images, "folder of the images")->required()->check(CLI::ExistingDirectory);
  app.add_option("--board", boards, "boards to attack")->check(CLI::IsMember({"flm02a", "flm02b"}));
  app.add_option("--seconds", seconds, "of the script during which the power is cut; 0: no power cuts")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 86400.0));
  app.add_option("--cuts", cuts, "at random moments")
      ->capture_default_str()
      ->check(CLI::Range(0, 10'000'000));
  app.add_option("--corner", corner,
                 "of the tolerances of a board's parts: nominal, slow, fast; for power cuts and supply")
      ->check(CLI::IsMember({"nominal", "slow", "fast"}))
      ->capture_default_str();
  app.add_option("--supply", share, "share of an hour for which each noise of the supply lasts; 0: none")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 1.0));
  app.add_option("--ends", ends, "of the power, with a flicker of the supply just before")
      ->capture_default_str()
      ->check(CLI::Range(1, 10'000'000));
  app.add_option("--messages", messages, "for the link; 0: none")
      ->capture_default_str()
      ->check(CLI::Range(0, 100'000'000));
  app.add_option("--figures", figures, "file (.json) for the page of figures");
  CLI11_PARSE(app, argc, argv);
  try {
    const auto& all = flm::campaign::corners();
    const auto& chosen =
        *std::find_if(all.begin(), all.end(), [&](const auto& c) { return c.name == corner; });
    for (const std::string& board : boards) {
      const auto elf = std::filesystem::path(images) / (board + ".elf");
      if (messages > 0) flm::campaign::link(board, elf, messages);
      if (seconds > 0) flm::campaign::power(board, elf, chosen, seconds, cuts);
      if (share > 0) flm::campaign::supply(board, elf, chosen, share, ends);
    }
    if (!figures.empty()) flm::bench::save(figures);
  } catch (const std::exception& error) {
    fmt::print(stderr, "campaign: {}\n", error.what());
    return 2;
  }
  fmt::print("\n{} of the budgets broken\n", flm::bench::broken());
  return flm::bench::broken() == 0 ? 0 : 1;
}

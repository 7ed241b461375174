// A scenario file, read and checked: sim/scenario/scenario.md has every key. Times are in seconds, and names
// as written.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/scenario/tolerances.hpp"
#include "tools/common/input_error.hpp"
#include "tools/mainboard/config/port_table.hpp"
#include "tools/mainboard/config/sensor.hpp"

namespace flm::sim {

using flm::InputError;
using flm::PortConfig;
using flm::Sensor;
using flm::SensorClass;
using flm::SensorType;

enum class Shape { sine, half, triangle, dimmed, peaky };

struct Waveform {
  int port = 0;
  // from a file ...
  std::filesystem::path file;  ///< resolved against the scenario; empty: synthetic
  int channel = 0;
  double scale = 1.0;          ///< A at full scale, or A per unit of a CSV column
  std::optional<double> rate;  ///< Hz
  bool repeat = false;
  // ... or synthetic
  double amps = 0.0;  ///< RMS
  double hz = 50.0;
  Shape shape = Shape::sine;
};

struct FrontEnd {
  double tau = 0.00191;  ///< s
  double noise_lsb = 0.5;
  double offset_lsb = 0.0;
  double gain = 1.0;
  std::uint64_t seed = 1;
  double clamp_corner =
      1.0;  ///< Hz below which a clamp passes less and less; 0: an ideal clamp, which passes DC
  double clamp_saturation =
      0.3;  ///< magnetising current at which a clamp's core saturates, of its rated current
};

struct Pulses {
  int port = 0;
  std::filesystem::path file;                       ///< seconds,level; empty: synthetic
  double every = 0.0, width = 0.030, bounce = 0.0;  ///< s
  int bounces = 0;         ///< changes there and back within `bounce`; 0: all the time
  double lasting = 0.006;  ///< s; from a file: shortest level that is not a bounce, the port's debounce time
};

/// The board's 5 V while nothing fails.
struct SupplyVoltage {
  double volts = 5.0;   ///< V, steady
  double ripple = 0.0;  ///< V, peak of a sine on it
  double hz = 1000.0;   ///< Hz of that sine, 1 to 100000
};

/// The supply falls below the power-fail comparator's threshold, and comes back.
struct PowerFailure {
  double at = 0.0, restore = 0.0;  ///< s since power-up
  double hold_up = 0.16;           ///< s from `at` until the CPU has no power left; `restore` may come before
  double every = 0.0;              ///< s from one fall to the next; 0: once
  double until = 0.0;              ///< s since power-up: no repetition begins at or after it

  /// Number of the last repetition, from 0.
  [[nodiscard]] double last() const {
    return every > 0.0 ? std::max(0.0, std::ceil((until - at) / every) - 1.0) : 0.0;
  }
  /// When the last repetition is over, s since power-up.
  [[nodiscard]] double over() const { return restore + last() * every; }
  /// When the supply is back that this failure has taken away at time t, s since power-up; nothing when it is
  /// there.
  [[nodiscard]] std::optional<double> back_from(double t) const {
    if (t < at) return std::nullopt;
    const double back =
        restore + (every > 0.0 ? std::min(last(), std::floor((t - at) / every)) * every : 0.0);
    return t < back ? std::optional(back) : std::nullopt;
  }
};

/// Packets on the air, as others send them.
struct RadioTraffic {
  std::filesystem::path file;  ///< seconds  hex(group header length payload crc crc)
  double kbit = 19.2;          ///< 19.2 or 49.2 kbit/s
};

/// Bytes that arrive on port 6.
struct SerialTraffic {
  std::filesystem::path file;  ///< sent as it is
  double at = 0.0;             ///< s, when it begins
  double every = 0.0;          ///< s from one begin to the next; 0: once
  double each = 0.0;   ///< s from one telegram in the file to the next, which begins after a line that begins
                       ///< with '!'; 0: no pause
  int baud = 115200;   ///< bits/s: 8N1, or 7E1 at 9600
  double noise = 0.0;  ///< probability that a bit is flipped
  double drop = 0.0;   ///< probability that a byte is lost
};

struct HostCommand {
  double at = 0.0;
  std::string send;
  std::optional<std::string> reply = {};  ///< expected, as host software reads it: "gc 0 1234"
  int line = 0;                           ///< where it stands in the file
};

struct Expectation {
  int sensor = 0;
  double from = 0.0;
  std::optional<double> to;
  std::optional<double> power, counter;
  std::optional<double> gas, water;      ///< litre, of a smart meter's device
  std::optional<double> refused;         ///< telegrams of a smart meter
  std::optional<bool> reading;           ///< true: there is one; false: there is none
  std::optional<std::string> tolerance;  ///< as written: "1%" or a number
  int line = 0;                          ///< where it stands in the file
};

struct Scenario {
  std::filesystem::path path;
  std::string board;
  double duration = 0.0;
  std::vector<Sensor> sensors;
  std::vector<PortConfig> ports;  ///< settings of ports that the main board sends besides the sensors
  std::vector<std::string>
      questions;  ///< doubts about what is allowed but seldom meant: "house.toml:7: sensor 4: ..."
  std::vector<Waveform> waveforms;
  FrontEnd front_end;
  BoardParts parts;
  SupplyVoltage supply;
  std::vector<Pulses> pulses;
  std::vector<SerialTraffic> serial;
  std::vector<RadioTraffic> radio;
  std::vector<HostCommand> host;
  std::vector<PowerFailure> power;  ///< in time order
  std::vector<Expectation> expectations;
};

/// A table of a scenario, "" the file itself, with the keys that the reader knows. scenario.md has a row for
/// each.
struct ScenarioTable {
  std::string_view name;
  std::vector<std::string_view> keys;
};
const std::vector<ScenarioTable>& scenario_tables();

/// Reads and checks a scenario; throws InputError with file, line, key, what is wrong and what is allowed.
Scenario read_scenario(const std::filesystem::path& file);

}  // namespace flm::sim

// A board's configuration as a file: sensors, ports, radio, LED; read and checked whole, or written.
#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tools/mainboard/config/port_table.hpp"
#include "tools/mainboard/config/sensor.hpp"
#include "tools/mainboard/link/board_facts.hpp"

namespace flm::mainboard {

/// A [[sensor]] table. Without a class only whether the sensor is enabled is said.
struct SensorConfig : Sensor {
  int line = 0;
  bool has_class = true;
  bool enabled = true;
  std::string name;
  std::string sid;                           ///< the daemon's id of it; empty: none is given
  std::optional<int> meter_constant;         ///< calibrated: instead of that of voltage and current
  bool slow = false;                         ///< smart meter: 9600 baud 7E1
  bool invert_rx = true, invert_tx = false;  ///< smart meter, where the board inverts its line
};

struct Config {
  std::string file;
  std::string name;
  const BoardFacts* board = nullptr;
  std::optional<int> phases;  ///< 1 or 3
  std::vector<SensorConfig> sensors;
  std::vector<PortConfig> ports;
  std::optional<std::uint32_t> radio_group, radio_rate, led;  ///< as on the link
  int radio_line = 0, led_line = 0;
  std::vector<std::string> questions;  ///< suspicious but possible values: "house.toml:7: sensor 4: ..."

  [[nodiscard]] const SensorConfig* sensor(int id) const;
};

/// Reads and checks a file. Throws InputError with file, line, key, what is wrong and what is allowed.
Config read_config(const std::filesystem::path&);
/// The same of a text that is to become that file.
Config read_config(const std::filesystem::path&, std::string_view text);

/// The file's text; read_config() gives the same configuration.
std::string config_text(const Config&);
/// A [[sensor]] table of it.
std::string sensor_text(const Config&, const SensorConfig&);

/// Meter constant of a sensor: calibrated, of voltage and current, or a pulse's constant on the link.
std::uint32_t meter_constant_of(const SensorConfig&);
/// A pulse sensor's thousandths, or its divisor.
std::uint32_t fraction_of(const SensorConfig&);

}  // namespace flm::mainboard

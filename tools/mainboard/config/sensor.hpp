// A sensor as a main board configures it.
#pragma once
#include <optional>
#include <vector>

namespace flm {

enum class SensorClass { analog, pulse, p1 };
enum class SensorType { electricity, gas, water };

struct Sensor {
  int id = 0;  ///< 1..6
  SensorClass sensor_class = SensorClass::analog;
  std::vector<int> ports;
  double voltage = 230.0;                     ///< V
  int current = 50;                           ///< A, the clamp's full scale
  double constant = 1.0;                      ///< Wh or litre per pulse, such as pulse_constant() knows
  std::optional<double> pulses_per_kwh = {};  ///< as written instead of a constant
  SensorType type = SensorType::electricity;
  bool without_crc = false;  ///< a smart meter of DSMR 2.2 or 3, whose telegrams have no CRC
};

}  // namespace flm

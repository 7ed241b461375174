// What the board, the smart meter's line and the kubes have in common once they are read: sensors, readings,
// and who sees them.
#pragma once
#include <nlohmann/json.hpp>

#include <span>
#include <string>
#include <string_view>

#include "tools/history/point.hpp"  // Point

namespace flm::flmd {

/// A sensor of the site: of the board, of a smart meter's registers, or of a kube.
struct SiteSensor {
  int number;        ///< 1..64, the section's name in the stock configuration
  std::string sid;   ///< 32 lower-case hex digits
  std::string name;  ///< 1 to 32 characters, the manual's "function"; any UTF-8 text, never markup
  std::string type;  ///< electricity, gas, water, temperature, humidity, pressure, light, battery, error,
                     ///< movement, vibration, proximity, heat, voltage, current
  std::string sensor_class;  ///< analog, pulse, cosem, uart, kube
  bool counter_is_data;      ///< data_type counter (else gauge): which one the history keeps
  int rid;                   ///< recycle id, 0 but for kubes
  bool enabled;
  nlohmann::json parameters;  ///< what config/sensor publishes of it beside the above (port, voltage,
                              ///< current, constant, kid, ...), stock names
  bool falls;                 ///< a net counter, which may fall (smart meter)
};

enum class Quantity { gauge, counter };

struct Reading {
  const SiteSensor* sensor;
  Quantity quantity;
  history::Point point;
  std::string_view unit;  ///< "W", "Wh", "L/day", "L", "°C", ... empty: none
};

/// What sees all readings. A new one is one new file and one line in daemon.cpp.
class Subscriber {
 public:
  virtual ~Subscriber() = default;
  virtual void on_reading(const Reading&) = 0;  ///< on the loop's thread
  virtual void on_sensors(std::span<const SiteSensor>) {
  }                       ///< at start and after each change of the configuration
  virtual void stop() {}  ///< before the program ends
};

}  // namespace flm::flmd

#include "tools/mainboard/config/sensor_table.hpp"

#include <algorithm>
#include <cmath>

#include "tools/mainboard/config/meter_constant.hpp"

namespace flm {
namespace {

/// Switched ports are clamps together or pulse inputs together.
void check_switched(const TableReader& t, const mainboard::BoardFacts& board,
                    const std::vector<Sensor>& before, bool pulse, int port) {
  for (const Sensor& other : before)
    for (const int p : other.ports)
      if (board.is_switched(p) && (other.sensor_class == SensorClass::pulse) != pulse)
        t.fail("ports",
               fmt::format("has port {} as {} while port {} of sensor {} is {}", port,
                           pulse ? "pulse input" : "clamp", p, other.id, pulse ? "a clamp" : "a pulse input"),
               board.switched_port_names() + " both clamps or both pulse inputs");
}

void read_ports(const TableReader& t, const mainboard::BoardFacts& board, const std::vector<Sensor>& before,
                const std::vector<int>& default_ports, Sensor& s) {
  const bool pulse = s.sensor_class == SensorClass::pulse;
  const bool meter = s.sensor_class == SensorClass::p1;
  const std::string allowed = meter   ? fmt::format("port {}", board.meter_port)
                              : pulse ? board.pulse_port_names()
                                      : board.clamp_port_names();
  std::vector<std::int64_t> wanted(default_ports.begin(), default_ports.end());
  if (t.has("ports") || wanted.empty()) {
    wanted.clear();
    const toml::array* list = t.array("ports");
    if (!list || list->empty()) t.fail("ports", "is not a list of ports", allowed);
    for (const toml::node& node : *list) {
      const auto value = node.value_exact<std::int64_t>();
      if (!value) t.fail("ports", "holds something that is not a port number", allowed);
      wanted.push_back(*value);
    }
  }
  for (const std::int64_t value : wanted) {
    const int port = static_cast<int>(std::clamp<std::int64_t>(value, -1, 99));
    if (meter ? port != board.meter_port : pulse ? !board.is_pulse_port(port) : !board.is_clamp_port(port))
      t.fail("ports", fmt::format("has port {}", value), allowed);
    for (const Sensor& other : before)
      if (std::find(other.ports.begin(), other.ports.end(), port) != other.ports.end())
        t.fail("ports", fmt::format("has port {}, which feeds sensor {} already", port, other.id),
               "a port feeds one sensor");
    if (std::find(s.ports.begin(), s.ports.end(), port) != s.ports.end())
      t.fail("ports", fmt::format("has port {} twice", port), "each port once");
    if (board.is_switched(port)) check_switched(t, board, before, pulse, port);
    s.ports.push_back(port);
  }
}

/// The largest clamp whose meter constant fits at that voltage, as an alternative.
std::string smaller_clamp(double voltage) {
  int fitting = 0;
  for (const int current : clamp_currents)
    if (clamp_meter_constant(voltage, current) <= largest_meter_constant)
      fitting = std::max(fitting, current);
  return fitting != 0 ? fmt::format(", or a clamp of up to {} A", fitting) : "";
}

/// Nearest constants to one that a board cannot be set to, for a message.
std::string instead_of(double per_pulse) {
  std::string allowed = "whole thousandths as in 0.125";
  const double pulses = std::round(1000.0 / per_pulse);
  if (pulses >= 1.0 && std::abs(pulses * per_pulse / 1000.0 - 1.0) < 1e-3 && pulse_constant(1000.0 / pulses))
    allowed += fmt::format(", pulses_per_kwh as in {}", pulses);
  else
    allowed += ", an exact fraction as in 0.3125, or pulses_per_kwh";
  return allowed;
}

void read_pulse_constant(const TableReader& t, Sensor& s) {
  if (const auto pulses = t.number("pulses_per_kwh", 0.1, 1e6)) {
    if (t.has("constant")) t.fail("pulses_per_kwh", "stands beside 'constant'", "one of the two");
    if (s.type != SensorType::electricity)
      t.fail("pulses_per_kwh",
             fmt::format("belongs to electricity, and the type is {}",
                         sensor_type_names()[static_cast<std::size_t>(s.type)]),
             "constant, in litre per pulse");
    s.pulses_per_kwh = pulses;
    s.constant = 1000.0 / *pulses;
    if (!pulse_constant(s.constant))
      t.fail("pulses_per_kwh",
             fmt::format("is {}: a pulse of {} Wh, which a board cannot count exactly", *pulses, s.constant),
             fmt::format("constant = {:.3f}, which is {:+.4f} % off, or a different number", s.constant,
                         (std::round(s.constant * 1000.0) / 1000.0 / s.constant - 1.0) * 100.0));
    return;
  }
  s.constant = t.number("constant", 0.001, 65535.999).value_or(1.0);
  if (!pulse_constant(s.constant))
    t.fail("constant", fmt::format("is {}, which a board cannot count exactly", s.constant),
           instead_of(s.constant));
}

void read_clamp(const TableReader& t, Sensor& s) {
  for (const char* key : {"constant", "pulses_per_kwh"})
    if (t.has(key)) t.fail(key, "belongs to pulse sensors", "voltage, current");
  s.voltage = t.number("voltage", 1.0, 1000.0).value_or(230.0);
  s.current = static_cast<int>(t.integer("current", 1, 500).value_or(50));
  if (std::find(std::begin(clamp_currents), std::end(clamp_currents), s.current) == std::end(clamp_currents))
    t.fail("current", fmt::format("is {}", s.current), fmt::format("{}", fmt::join(clamp_currents, ", ")));
  const double constant = clamp_meter_constant(s.voltage, s.current);
  if (constant > largest_meter_constant)
    t.fail("voltage",
           fmt::format("is {} V with a {} A clamp: a meter constant of {}, over 65535", s.voltage, s.current,
                       constant),
           fmt::format("up to {:.0f} V with this clamp{}", highest_voltage(s.current),
                       smaller_clamp(s.voltage)));
}

}  // namespace

const std::vector<std::string_view>& sensor_class_names() {
  static const std::vector<std::string_view> names = {"analog", "pulse", "p1"};
  return names;
}

const std::vector<std::string_view>& sensor_type_names() {
  static const std::vector<std::string_view> names = {"electricity", "gas", "water"};
  return names;
}

const std::vector<std::string_view>& sensor_keys() {
  static const std::vector<std::string_view> keys = {
      "id", "class", "type", "ports", "voltage", "current", "constant", "pulses_per_kwh", "without_crc"};
  return keys;
}

std::string question_about(const Sensor& s) {
  constexpr double much =
      100.0;  // Wh; meters with so few pulses belong to current transformers, and seldom in a house
  if (s.sensor_class != SensorClass::pulse || s.type != SensorType::electricity || s.constant < much ||
      s.pulses_per_kwh)
    return {};
  return fmt::format(
      "sensor {}: constant is Wh per pulse: {} would be {} kWh a pulse; a meter of {} imp/kWh has constant = "
      "{}, or pulses_per_kwh = {}",
      s.id, s.constant, s.constant / 1000.0, s.constant, std::round(1000.0 / s.constant * 1e6) / 1e6,
      s.constant);
}

Sensor read_sensor(const TableReader& t, const mainboard::BoardFacts& board,
                   const std::vector<Sensor>& before, const std::vector<int>& default_ports) {
  Sensor s;
  s.id = static_cast<int>(t.required("id", t.integer("id", 1, 6), "1 to 6"));
  for (const Sensor& other : before)
    if (other.id == s.id)
      t.fail("id", fmt::format("is {} a second time: a sensor is one class of meter and stands once", s.id),
             "each sensor once, with all its ports");
  s.sensor_class = static_cast<SensorClass>(
      t.required("class", t.one_of("class", sensor_class_names()), "analog, pulse, p1"));
  read_ports(t, board, before, default_ports, s);
  if (s.sensor_class != SensorClass::p1 && t.has("without_crc"))
    t.fail("without_crc", "belongs to p1 sensors", "other keys");
  if (s.sensor_class == SensorClass::analog) {
    read_clamp(t, s);
  } else if (s.sensor_class == SensorClass::p1) {
    for (const char* key : {"voltage", "current", "constant", "pulses_per_kwh", "type"})
      if (t.has(key))
        t.fail(key, "does not belong to a smart meter, which reports everything", "without_crc");
    s.without_crc = t.truth("without_crc").value_or(false);
  } else {
    for (const char* key : {"voltage", "current"})
      if (t.has(key)) t.fail(key, "belongs to analog sensors", "constant, pulses_per_kwh, type");
    s.type = static_cast<SensorType>(t.one_of("type", sensor_type_names()).value_or(0));
    read_pulse_constant(t, s);
  }
  return s;
}

}  // namespace flm

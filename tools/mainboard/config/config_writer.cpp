// A configuration as TOML text.
#include <fmt/format.h>

#include <cmath>

#include "firmware/metering/settings.hpp"  // heartbeat
#include "tools/mainboard/config/config.hpp"
#include "tools/mainboard/config/meter_constant.hpp"
#include "tools/mainboard/config/sensor_table.hpp"

namespace flm::mainboard {
namespace {

/// A TOML basic string.
std::string quoted(const std::string& text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F)
      result += fmt::format("\\u{:04x}", static_cast<unsigned char>(c));
    else
      result += c;
  }
  return result + "\"";
}

/// A number that TOML takes for one with a fraction.
std::string real(double value, int decimals) {
  std::string text = fmt::format("{:.{}f}", value, decimals);
  while (text.back() == '0' && text[text.size() - 2] != '.') text.pop_back();
  return text;
}

/// The shortest one that reads as the same number.
std::string exact(double value) {
  const std::string text = fmt::format("{}", value);
  return text.find_first_of(".e") == text.npos ? text + ".0" : text;
}

void line(std::string& text, std::string_view key, const std::string& value,
          const std::string& comment = {}) {
  text += comment.empty() ? fmt::format("{:<8} = {}\n", key, value)
                          : fmt::format("{:<8} = {:<16} # {}\n", key, value, comment);
}

void analog(std::string& text, const SensorConfig& s) {
  line(text, "voltage", exact(s.voltage), "V");
  line(text, "current", fmt::format("{}", s.current), "A, the clamp's full scale: 50, 100, 250, 500");
  if (!s.meter_constant) return;
  const double nominal = clamp_meter_constant(s.voltage, s.current);
  line(text, "meter_constant", fmt::format("{}", *s.meter_constant),
       fmt::format("calibrated: {:+.2f} % of {}", (*s.meter_constant / nominal - 1.0) * 100.0, nominal));
}

void sensor(std::string& text, const Config& config, const SensorConfig& s) {
  text += "[[sensor]]\n";
  line(text, "id", fmt::format("{}", s.id));
  if (!s.name.empty()) line(text, "name", quoted(s.name));
  if (!s.sid.empty()) line(text, "sid", quoted(s.sid));
  if (s.has_class) {
    line(text, "class", quoted(std::string(sensor_class_names()[static_cast<std::size_t>(s.sensor_class)])));
    line(text, "ports", fmt::format("[{}]", fmt::join(s.ports, ", ")));
    if (s.sensor_class == SensorClass::analog) analog(text, s);
    if (s.sensor_class == SensorClass::pulse) {
      line(text, "type", quoted(std::string(sensor_type_names()[static_cast<std::size_t>(s.type)])),
           "electricity, gas, water");
      if (s.pulses_per_kwh)
        line(text, "pulses_per_kwh", fmt::format("{}", *s.pulses_per_kwh));
      else
        line(text, "constant", exact(s.constant),
             s.type == SensorType::electricity ? "Wh per pulse" : "litre per pulse");
    }
    if (s.sensor_class == SensorClass::p1) {
      line(text, "without_crc", s.without_crc ? "true" : "false");
      if (config.board->inverts_meter_line) {
        line(text, "invert_rx", s.invert_rx ? "true" : "false");
        line(text, "invert_tx", s.invert_tx ? "true" : "false");
      }
      if (config.board->meter_line == boards::MeterLine::board)
        line(text, "baud", s.slow ? "9600" : "115200");
    }
  }
  if (!s.enabled || !s.has_class) line(text, "enabled", s.enabled ? "true" : "false");
}

void port(std::string& text, const PortConfig& p) {
  text += "\n[[port]]\n";
  line(text, "port", fmt::format("{}", p.port));
  if (p.tau_us) line(text, "tau", real(*p.tau_us / 1e6, 6), "s, smoothing after the rectifier");
  if (p.noise_q10)
    line(text, "noise", real(std::sqrt(*p.noise_q10 / 1024.0), 6), "RMS codes, noise and quantisation");
  if (p.offset_q8) line(text, "offset", real(*p.offset_q8 / 256.0, 6), "code at no current");
  if (p.debounce_tenths_ms) line(text, "debounce", real(*p.debounce_tenths_ms / 1e4, 4), "s");
}

}  // namespace

std::string sensor_text(const Config& config, const SensorConfig& s) {
  std::string text;
  sensor(text, config, s);
  return text;
}

std::string config_text(const Config& config) {
  std::string text =
      "# A sensor board's configuration, as flmctl config pulls and pushes it (flmctl(1)).\n\n";
  line(text, "board", quoted(config.board->name));
  if (!config.name.empty()) line(text, "name", quoted(config.name));
  if (config.phases)
    line(text, "phases", fmt::format("{}", *config.phases),
         *config.phases == 3 ? "the three clamps feed sensor 1" : "a clamp a sensor");
  if (config.led)
    line(text, "led",
         *config.led == metering::heartbeat ? "\"heartbeat\"" : fmt::format("{}", *config.led + 1),
         "a port, or \"heartbeat\"");
  for (const SensorConfig& s : config.sensors) {
    text += '\n';
    sensor(text, config, s);
  }
  for (const PortConfig& p : config.ports) port(text, p);
  if (config.radio_group || config.radio_rate) {
    text += "\n[radio]\n";
    if (config.radio_group) line(text, "group", fmt::format("{}", *config.radio_group));
    if (config.radio_rate) line(text, "kbit", *config.radio_rate == 1 ? "49.2" : "19.2", "19.2, 49.2");
  }
  return text;
}

}  // namespace flm::mainboard

// Configuration to settings and back.
#include "tools/mainboard/config/plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "firmware/metering/settings.hpp"
#include "tools/mainboard/config/meter_constant.hpp"

namespace flm::mainboard {
namespace {

constexpr Setting kMap{'p'}, kLines{'k'}, kPort6{'q'}, kRadioGroup{'g'}, kRadioRate{'y'}, kLed{'i'};
constexpr std::uint32_t kNone = metering::no_sensor;

bool knows(const BoardFacts& board, const Setting& setting) {
  return setting.row().known_with(board.features);
}

bool has_switched_port(const BoardFacts& board, const SensorConfig& s) {
  return s.has_class &&
         std::any_of(s.ports.begin(), s.ports.end(), [&](int port) { return board.is_switched(port); });
}

class Target {
 public:
  /// `extended`: the board runs OpenFLM; `board`: its name, for messages.
  Target(const Config& config, const Settings& current, bool extended, std::string board,
         std::vector<std::string>& notes)
      : config_(config), extended_(extended), board_(std::move(board)), notes_(notes), target_(current) {}

  Settings make() {
    if (config_.phases == 3)
      for (const int id : {2, 3})
        if (config_.sensor(id) == nullptr) value('e', id - 1) = 0;
    for (const SensorConfig& s : config_.sensors) {
      value('e', s.id - 1) = s.enabled ? 1 : 0;
      if (s.has_class) sensor(s);
    }
    if (knows(*config_.board, kLines)) lines();
    for (const PortConfig& p : config_.ports) port(p);
    if (config_.radio_group)
      target_[kRadioGroup] = {*config_.radio_group};  // A stock board takes it, and does not report it.
    if (config_.radio_rate) known(kRadioRate, config_.radio_line) = {*config_.radio_rate};
    if (config_.led) known(kLed, config_.led_line) = {*config_.led};
    return std::move(target_);
  }

 private:
  std::uint32_t& value(char letter, int index) { return target_.at({letter, index}).at(0); }

  /// A setting that the board must have reported; a stock board knows less.
  std::vector<std::uint32_t>& known(const Setting& setting, int line) {
    const auto found = target_.find(setting);
    if (found == target_.end())
      throw BoardRefused(
          fmt::format("{}:{}: {}: the firmware of the board on {} has no such setting; nothing was sent",
                      config_.file, line, describe(setting), board_));
    return found->second;
  }

  void sensor(const SensorConfig& s) {
    const auto id = static_cast<std::uint32_t>(s.id - 1);
    auto& map = target_.at(kMap);
    for (auto& sensor : map)
      if (sensor == id) sensor = kNone;
    for (const int port : s.ports) {
      auto& feeds = map.at(static_cast<std::size_t>(port - 1));
      if (feeds != kNone && config_.sensor(static_cast<int>(feeds) + 1) == nullptr &&
          !(config_.phases == 3 && (feeds == 1 || feeds == 2)))
        notes_.push_back(fmt::format("port {} fed sensor {}, which {} does not name; it feeds sensor {} now",
                                     port, feeds + 1, config_.file, s.id));
      feeds = id;
    }
    if (s.sensor_class == SensorClass::analog) value('m', s.id - 1) = meter_constant_of(s);
    if (s.sensor_class == SensorClass::pulse) pulse(s);
    if (s.sensor_class == SensorClass::p1) {
      namespace port_6 = metering::port_6;
      const int bits =
          !s.enabled ? 0
                     : port_6::p1 | (s.slow ? port_6::slow : 0) | (s.without_crc ? port_6::without_crc : 0);
      known(kPort6, s.line) = {static_cast<std::uint32_t>(bits)};
    }
  }

  /// Sets the amount per pulse; keeps the board's numbers where they mean the same amount.
  void pulse(const SensorConfig& s) {
    auto &constant = value('m', s.id - 1), &fraction = value('f', s.id - 1);
    const PulseConstant wanted{meter_constant_of(s), fraction_of(s)};
    if (wanted.divides() && !extended_)
      throw BoardRefused(fmt::format(
          "{}:{}: sensor {}: a pulse of {} Wh or litre is not a whole thousandth, and the firmware "
          "of the board on {} knows nothing else; "
          "constant = {:.3f} is nearest; nothing was sent",
          config_.file, s.line, s.id, s.constant, board_, s.constant));
    if (wanted.equals({constant, fraction})) return;
    constant = wanted.constant;
    fraction = wanted.fraction;
  }

  /// Switched ports are clamps or pulse inputs, and the smart meter's line is inverted or not.
  void lines() {
    auto& lines = known(kLines, 1);
    const std::uint32_t before = lines.at(0);
    for (const SensorConfig& s : config_.sensors) {
      if (has_switched_port(*config_.board, s)) lines[0] = s.sensor_class == SensorClass::analog ? 1 : 0;
      if (s.has_class && s.sensor_class == SensorClass::p1) {
        lines.at(1) = s.invert_rx ? 1 : 0;
        lines.at(2) = s.invert_tx ? 1 : 0;
      }
    }
    if (lines[0] == before) return;
    for (const int port : config_.board->switched_ports) {
      const std::uint32_t feeds = target_.at(kMap).at(static_cast<std::size_t>(port - 1));
      if (feeds == kNone || config_.sensor(static_cast<int>(feeds) + 1) != nullptr ||
          value('e', static_cast<int>(feeds)) == 0)
        continue;
      throw BoardRefused(fmt::format(
          "{}: makes {} {}, and port {} of the board is a {} of sensor {}, which the "
          "file does not name; name "
          "sensor {}, or disable it; nothing was sent",
          config_.file, config_.board->switched_port_names(), lines[0] != 0 ? "clamps" : "pulse inputs", port,
          lines[0] != 0 ? "pulse input" : "clamp", feeds + 1, feeds + 1));
    }
  }

  void port(const PortConfig& p) {
    for (const auto& [letter, value] : p.settings()) known({letter, p.port - 1}, p.line) = {value};
  }

  const Config& config_;
  bool extended_;
  std::string board_;
  std::vector<std::string>& notes_;
  Settings target_;
};

/// Voltage and clamp for a meter constant: what is known if it fits, else mains voltages for which it fits
/// exactly, else the nearest clamp at 230 V and a calibrated constant.
void name_clamp(SensorConfig& s, std::uint32_t constant, const SensorConfig* known) {
  const auto fits = [&](double voltage, int current) {
    return clamp_meter_constant(voltage, current) == constant;
  };
  if (known != nullptr && known->has_class && known->sensor_class == SensorClass::analog) {
    s.voltage = known->voltage;
    s.current = known->current;
    if (!fits(s.voltage, s.current) && constant != 0) s.meter_constant = static_cast<int>(constant);
    return;
  }
  for (const double voltage : {230.0, 120.0, 240.0, 220.0, 127.0, 115.0, 110.0, 100.0, 208.0, 277.0, 400.0})
    for (const int current : clamp_currents)
      if (fits(voltage, current)) {
        s.voltage = voltage;
        s.current = current;
        return;
      }
  double nearest = 1e9;
  for (const int current : clamp_currents)
    if (const double off = std::abs(std::log(std::max(1u, constant) / clamp_meter_constant(230.0, current)));
        off < nearest) {
      nearest = off;
      s.current = current;
    }
  s.meter_constant = static_cast<int>(std::max(1u, constant));
}

/// Writes the amount per pulse as the file had it, or as pulses per kWh where that is a whole number.
void name_pulse(SensorConfig& s, const PulseConstant& constant, const SensorConfig* known) {
  s.constant = constant.per_pulse();
  if (known != nullptr && known->has_class && known->sensor_class == SensorClass::pulse) {
    s.type = known->type;
    if (constant.equals({meter_constant_of(*known), fraction_of(*known)})) {
      s.constant = known->constant;
      s.pulses_per_kwh = known->pulses_per_kwh;
      return;
    }
  }
  if (!constant.divides() || constant.constant == 0 || s.type != SensorType::electricity) return;
  const double pulses = 1000.0 / s.constant;
  const double shortest = std::round(pulses * 1e6) / 1e6;
  const auto same = pulse_constant(1000.0 / shortest);
  if (shortest <= 1e6 && same && same->equals(constant)) s.pulses_per_kwh = shortest;
}

}  // namespace

std::vector<Setting> named_settings(const Config& config) {
  std::set<Setting> named = {kMap};
  if (knows(*config.board, kLines)) named.insert(kLines);
  for (int i = 0; i < metering::sensor_count; ++i) named.insert({'e', i});
  for (const SensorConfig& s : config.sensors) {
    if (!s.has_class) continue;
    if (s.sensor_class == SensorClass::p1) {
      named.insert(kPort6);
      continue;
    }
    named.insert({'m', s.id - 1});
    if (s.sensor_class == SensorClass::pulse) named.insert({'f', s.id - 1});
  }
  for (const PortConfig& p : config.ports) {
    for (const auto& [letter, value] : p.settings()) named.insert({letter, p.port - 1});
  }
  if (config.radio_group) named.insert(kRadioGroup);
  if (config.radio_rate) named.insert(kRadioRate);
  if (config.led) named.insert(kLed);
  return {named.begin(), named.end()};
}

Settings read_current(Board& board, const Config& config) {
  const BoardFacts* facts = board.identity().facts;
  if (facts != config.board)
    throw BoardRefused(fmt::format("{}: is for {}, and the board on {} is {}; nothing was sent", config.file,
                                   config.board->name, board.name(), board.identity().board()));
  return read_settings(board, named_settings(config));
}

Settings target_settings(const Config& config, const Settings& current, const Board& board,
                         std::vector<std::string>& notes) {
  return Target(config, current, board.identity().extended, board.name(), notes).make();
}

std::vector<Message> setup(const Config& config) {
  if (config.sensors.empty()) return {};
  Settings blank;
  for (const Setting& setting : named_settings(config)) {
    const auto fields = static_cast<std::size_t>(
        std::count_if(std::begin(setting.row().field_digits), std::end(setting.row().field_digits),
                      [](std::uint8_t digits) { return digits != 0; }));
    blank[setting].assign(fields, setting == kMap ? kNone : 0);
  }
  if (const auto lines = blank.find(kLines); lines != blank.end()) lines->second.at(0) = 1;
  std::vector<std::string> notes;
  const Settings target = Target(config, blank, true, config.board->name, notes).make();
  std::vector<Message> messages;
  for (int sensor = 0; sensor < metering::sensor_count; ++sensor)
    messages.push_back(set_message('e', sensor, {0}));
  for (const protocol::Property& property : protocol::PropertyTable::properties)
    for (const auto& [setting, value] : target)
      if (setting.letter == property.letter &&
          (property.role != protocol::Role::enable || value != std::vector<std::uint32_t>{0}))
        messages.push_back(setting.set_to(value));
  messages.push_back(commit_message());
  return messages;
}

Config config_of(const Settings& settings, const BoardFacts& board, const Config* known,
                 std::vector<std::string>& notes) {
  Config config;
  config.board = &board;
  if (known != nullptr) config.name = known->name;
  const auto value = [&](char letter, int index = -1) -> std::optional<std::uint32_t> {
    const auto found = settings.find({letter, index});
    return found == settings.end() || found->second.empty() ? std::nullopt : std::optional(found->second[0]);
  };
  const auto& map = settings.at(kMap);
  Layout layout;
  layout.board = &board;
  for (std::size_t port = 0; port < 6; ++port)
    layout.sensor_of[port] = map.at(port) < metering::sensor_count ? static_cast<int>(map[port]) + 1 : 0;
  layout.analog = board.switched_ports.empty() || value('k').value_or(1) != 0;

  for (int id = 1; id <= metering::sensor_count; ++id) {
    const SensorConfig* before = known != nullptr ? known->sensor(id) : nullptr;
    const SensorKind kind = layout.sensor_kind(id);
    SensorConfig s;
    s.id = id;
    s.enabled = value('e', id - 1).value_or(0) != 0;
    if (before != nullptr) {
      s.name = before->name;
      s.sid = before->sid;
    }
    s.has_class = kind != SensorKind::none;
    for (const int port : layout.ports_of(id)) {
      const bool possible = layout.port_kind(port) != SensorKind::pulse || board.is_pulse_port(port);
      if (layout.port_kind(port) == kind && possible)
        s.ports.push_back(port);
      else
        notes.push_back(
            fmt::format("port {} feeds sensor {} too, and is of a different class: left out", port, id));
    }
    if (kind == SensorKind::clamp) {
      s.sensor_class = SensorClass::analog;
      name_clamp(s, value('m', id - 1).value_or(1), before);
    } else if (kind == SensorKind::pulse) {
      s.sensor_class = SensorClass::pulse;
      name_pulse(s, {value('m', id - 1).value_or(0), value('f', id - 1).value_or(0)}, before);
      if (s.constant <= 0.0) {
        notes.push_back(fmt::format("sensor {} counts nothing per pulse: 1 is written", id));
        s.constant = 1.0;
      }
    } else if (kind == SensorKind::meter) {
      s.sensor_class = SensorClass::p1;
      const std::uint32_t bits = value('q').value_or(0);
      s.slow = (bits & metering::port_6::slow) != 0;
      s.without_crc = (bits & metering::port_6::without_crc) != 0;
      if (const auto lines = settings.find(kLines); lines != settings.end()) {
        s.invert_rx = lines->second.at(1) != 0;
        s.invert_tx = lines->second.at(2) != 0;
      }
    }
    if (s.has_class && s.ports.empty()) s.has_class = false;
    config.sensors.push_back(std::move(s));
  }
  const SensorConfig& first = config.sensors.front();
  if (first.has_class && first.sensor_class == SensorClass::analog && first.ports == board.clamp_ports &&
      !config.sensors[1].enabled && !config.sensors[2].enabled)
    config.phases = 3;
  for (int port = 1; port <= 6; ++port) {
    PortConfig p;
    p.port = port;
    p.tau_us = value('t', port - 1);
    p.noise_q10 = value('n', port - 1);
    if (const auto offset = value('o', port - 1)) p.offset_q8 = static_cast<std::int16_t>(*offset);
    p.debounce_tenths_ms = value('j', port - 1);
    if (p.tau_us || p.noise_q10 || p.offset_q8 || p.debounce_tenths_ms) config.ports.push_back(p);
  }
  config.radio_group = value('g');
  config.radio_rate = value('y');
  config.led = value('i');
  if (board.has_radio() && !config.radio_group) {
    notes.push_back("the board does not report its radio group: [radio] is without it");
    if (known != nullptr) config.radio_group = known->radio_group;
  }
  return config;
}

}  // namespace flm::mainboard

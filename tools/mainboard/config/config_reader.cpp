// A configuration file in TOML, checked before anything is sent to a board.
#include <algorithm>
#include <fstream>
#include <functional>
#include <iterator>

#include "firmware/metering/settings.hpp"  // heartbeat
#include "tools/common/files.hpp"
#include "tools/common/toml_reader.hpp"
#include "tools/mainboard/config/config.hpp"
#include "tools/mainboard/config/meter_constant.hpp"
#include "tools/mainboard/config/port_table.hpp"
#include "tools/mainboard/config/sensor_table.hpp"

namespace flm::mainboard {
namespace {

class Reader {
 public:
  Reader(const std::filesystem::path& file, toml::table root) : file_(file), root_(std::move(root)) {
    config_.file = file.string();
  }

  Config read() {
    // The last six are the daemon's, in a file that serves both (tools/flmd/site/site.hpp).
    const TableReader top(file_, root_, "",
                          {"board", "name", "phases", "led", "sensor", "port", "radio", "link", "state",
                           "device", "http", "kubes", "mqtt", "report"});
    std::vector<std::string_view> boards;
    for (const BoardFacts& board : all_boards()) boards.push_back(board.name);
    config_.board = &all_boards()[top.required("board", top.one_of("board", boards),
                                               fmt::format("{}", fmt::join(boards, ", ")))];
    config_.name = name(top);
    phases(top);
    led(top);
    std::vector<std::string_view> keys = sensor_keys();
    keys.insert(keys.end(), {"name", "sid", "enabled", "meter_constant", "baud", "invert_rx", "invert_tx"});
    each("sensor", keys, [this](const TableReader& t) { sensor(t); });
    if (config_.phases == 3 && (config_.sensor(1) == nullptr || !config_.sensor(1)->has_class ||
                                config_.sensor(1)->sensor_class != SensorClass::analog))
      top.fail("phases", "is 3 without an analog sensor 1", "sensor 1 for the three clamps, or phases = 1");
    each("port", port_keys(), [this](const TableReader& t) {
      config_.ports.push_back(read_port(t, *config_.board, config_.ports));
    });
    radio(top);
    return std::move(config_);
  }

 private:
  void each(std::string_view name, const std::vector<std::string_view>& keys,
            const std::function<void(const TableReader&)>& use) {
    const toml::node* node = root_.get(name);
    if (!node) return;
    const toml::array* tables = node->as_array();
    if (!tables || !tables->is_homogeneous<toml::table>())
      throw InputError(fmt::format("{}:{}: key '{}' is not a list of tables; allowed: [[{}]]", file_.string(),
                                   node->source().begin.line, name, name));
    for (const toml::node& table : *tables)
      use(TableReader(file_, *table.as_table(), fmt::format("[[{}]] ", name), keys));
  }

  void phases(const TableReader& top) {
    const auto number = top.integer("phases", 1, 3);
    if (number == 2) top.fail("phases", "is 2", "1, 3");
    if (number) config_.phases = static_cast<int>(*number);
  }

  void led(const TableReader& top) {
    if (!top.has("led")) return;
    if (config_.board->led_shows == boards::LedShows::heartbeat)
      top.fail("led", fmt::format("does not fit {}, whose LED only shows a heartbeat", config_.board->name),
               "a file without it");
    const toml::node* node = top.node("led");
    const auto port = node->value_exact<std::int64_t>();
    const auto word = node->value_exact<std::string>();
    if (!(port && *port >= 1 && *port <= 6) && !(word && *word == "heartbeat"))
      top.fail("led", "is neither a port nor 'heartbeat'", "1 to 6, \"heartbeat\"");
    config_.led = port ? static_cast<std::uint32_t>(*port - 1) : metering::heartbeat;
    config_.led_line = top.line("led");
  }

  void sensor(const TableReader& t) {
    SensorConfig s;
    if (!t.has("class")) {
      only_enabled(t, s);
    } else {
      static_cast<Sensor&>(s) = read_sensor(t, *config_.board, sensors_, default_ports(t));
      sensors_.push_back(s);
      phases_of(t, s);
      if (s.sensor_class != SensorClass::analog && t.has("meter_constant"))
        t.fail("meter_constant", "belongs to analog sensors", "constant, pulses_per_kwh");
      if (const auto constant =
              t.integer("meter_constant", 1, static_cast<std::int64_t>(largest_meter_constant)))
        s.meter_constant = static_cast<int>(*constant);
      meter(t, s);
      if (const std::string question = question_about(s); !question.empty())
        config_.questions.push_back(fmt::format("{}:{}: {}", file_.string(), t.line("constant"), question));
    }
    s.line = t.line();
    s.name = name(t);
    s.enabled = t.truth("enabled").value_or(true);
    s.sid = t.text("sid").value_or("");
    if (t.has("sid") &&
        (s.sid.size() != 32 || s.sid.find_first_not_of("0123456789abcdef") != std::string::npos))
      t.fail("sid", fmt::format("is '{}'", s.sid), "32 lower-case hex digits");
    for (const SensorConfig& other : config_.sensors)
      if (!s.name.empty() && other.name == s.name)
        t.fail("name", fmt::format("is '{}', as sensor {} is called", s.name, other.id), "a name of its own");
    for (const SensorConfig& other : config_.sensors)
      if (!s.sid.empty() && other.sid == s.sid)
        t.fail("sid", fmt::format("is that of sensor {}", other.id), "an id of its own");
    config_.sensors.push_back(std::move(s));
  }

  /// The key `name`, for people; empty when it is absent.
  static std::string name(const TableReader& t) {
    const std::string name = t.text("name").value_or("");
    const auto starts_character = [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; };
    const auto length = std::count_if(name.begin(), name.end(), starts_character);
    if (t.has("name") && (length < 1 || length > 32))
      t.fail("name", fmt::format("has {} characters", length), "1 to 32 characters");
    if (std::any_of(name.begin(), name.end(),
                    [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 0x7F; }))
      t.fail("name", "has a line end or another control character", "1 to 32 characters, on one line");
    return name;
  }

  /// A table that only says whether a sensor is enabled.
  void only_enabled(const TableReader& t, SensorConfig& s) {
    if (!t.has("enabled")) t.fail("class", "is missing", "analog, pulse, p1");
    for (const char* key : {"type", "ports", "voltage", "current", "meter_constant", "constant",
                            "pulses_per_kwh", "without_crc", "baud", "invert_rx", "invert_tx"})
      if (t.has(key)) t.fail(key, "stands without 'class'", "id, name and enabled, or a class");
    s.has_class = false;
    s.id = static_cast<int>(t.required("id", t.integer("id", 1, 6), "1 to 6"));
    for (const SensorConfig& other : config_.sensors)
      if (other.id == s.id) t.fail("id", fmt::format("is {} a second time", s.id), "each sensor once");
    Sensor place;
    place.id = s.id;
    sensors_.push_back(place);
  }

  [[nodiscard]] std::vector<int> default_ports(const TableReader& t) const {
    const auto kind = t.one_of("class", sensor_class_names());
    const auto id = t.integer("id", 1, 6).value_or(0);
    if (kind == 2) return {config_.board->meter_port};
    if (kind != 0 || !config_.phases) return {};
    if (config_.phases == 3) return config_.board->clamp_ports;
    const int port = static_cast<int>(id);  // A clamp a sensor, of the same number.
    return config_.board->is_clamp_port(port) ? std::vector<int>{port} : std::vector<int>{};
  }

  void phases_of(const TableReader& t, const SensorConfig& s) const {
    if (!config_.phases || s.sensor_class != SensorClass::analog) return;
    if (config_.phases == 1 && s.ports.size() > 1)
      t.fail("ports", fmt::format("has {} clamps while phases is 1", s.ports.size()),
             "one clamp a sensor, or phases = 3");
    if (config_.phases == 1) return;
    if (s.id != 1)
      t.fail("id", fmt::format("is {}, an analog sensor, while phases is 3", s.id),
             "sensor 1 for all three clamps, or phases = 1");
    auto ports = s.ports;
    std::sort(ports.begin(), ports.end());
    if (ports != config_.board->clamp_ports)
      t.fail("ports", fmt::format("has ports {} while phases is 3", fmt::join(s.ports, ", ")),
             fmt::format("[{}]", fmt::join(config_.board->clamp_ports, ", ")));
  }

  void meter(const TableReader& t, SensorConfig& s) const {
    if (s.sensor_class != SensorClass::p1) {
      for (const char* key : {"baud", "invert_rx", "invert_tx"})
        if (t.has(key)) t.fail(key, "belongs to p1 sensors", "other keys");
      return;
    }
    if (const auto baud = t.integer("baud", 9600, 115200)) {
      if (config_.board->meter_line == boards::MeterLine::main_board)
        t.fail("baud",
               fmt::format("does not fit {}, whose main board listens to the meter", config_.board->name),
               "a file without it");
      if (*baud != 9600 && *baud != 115200) t.fail("baud", fmt::format("is {}", *baud), "9600, 115200");
      s.slow = *baud == 9600;
    }
    for (const char* key : {"invert_rx", "invert_tx"})
      if (t.has(key) && !config_.board->inverts_meter_line)
        t.fail(key, fmt::format("does not fit {}, which cannot invert the line", config_.board->name),
               "a file without it");
    s.invert_rx = t.truth("invert_rx").value_or(true);
    s.invert_tx = t.truth("invert_tx").value_or(false);
  }

  void radio(const TableReader& top) {
    if (!top.has("radio")) return;
    const toml::table* table = root_["radio"].as_table();
    if (!table) top.fail("radio", "is not a table", "[radio]");
    if (!config_.board->has_radio())
      top.fail("radio", fmt::format("does not fit {}, which has no radio", config_.board->name),
               "a file without [radio]");
    const TableReader t(file_, *table, "[radio] ", {"group", "kbit"});
    config_.radio_line = t.line();
    if (const auto group = t.integer("group", 0, 255))
      config_.radio_group = static_cast<std::uint32_t>(*group);
    if (const auto kbit = t.number("kbit", 0.0, 1000.0)) {
      if (*kbit != 19.2 && *kbit != 49.2) t.fail("kbit", fmt::format("is {}", *kbit), "19.2, 49.2");
      config_.radio_rate = *kbit == 49.2 ? 1 : 0;
    }
  }

  std::filesystem::path file_;
  toml::table root_;
  std::vector<Sensor> sensors_;  ///< those before, for read_sensor
  Config config_;
};

}  // namespace

const SensorConfig* Config::sensor(int id) const {
  const auto found =
      std::find_if(sensors.begin(), sensors.end(), [&](const SensorConfig& s) { return s.id == id; });
  return found == sensors.end() ? nullptr : &*found;
}

Config read_config(const std::filesystem::path& file) {
  check_text(file, "a configuration (.toml)");
  return Reader(file, parse_toml(file)).read();
}

Config read_config(const std::filesystem::path& file, std::string_view text) {
  return Reader(file, parse_toml(file, text)).read();
}

std::uint32_t meter_constant_of(const SensorConfig& s) {
  if (s.meter_constant) return static_cast<std::uint32_t>(*s.meter_constant);
  if (s.sensor_class == SensorClass::analog)
    return static_cast<std::uint32_t>(clamp_meter_constant(s.voltage, s.current));
  return pulse_constant(s.constant).value().constant;
}

std::uint32_t fraction_of(const SensorConfig& s) { return pulse_constant(s.constant).value().fraction; }

}  // namespace flm::mainboard

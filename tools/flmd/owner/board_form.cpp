#include "tools/flmd/owner/board_form.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <vector>

#include "firmware/metering/settings.hpp"  // heartbeat
#include "tools/common/toml_reader.hpp"
#include "tools/mainboard/config/sensor_table.hpp"
#include "tools/web/exchange/json_input.hpp"

namespace flm::flmd {
namespace {

using Json = nlohmann::ordered_json;
using mainboard::BoardFacts;
using mainboard::Config;
using mainboard::SensorConfig;

constexpr int kSensors = 6;
constexpr std::size_t kLongestName = 128;  ///< bytes: 32 characters of four
constexpr std::string_view kOld = "2.2", kNew = "4.0";
constexpr const char* class_names[] = {"analog", "pulse", "uart"};  ///< of SensorClass, as stock has them

bool has_switch(const BoardFacts& board) { return !board.switched_ports.empty(); }
bool has_led(const BoardFacts& board) { return board.led_shows != boards::LedShows::heartbeat; }
bool has_meter_line(const BoardFacts& board) { return board.meter_line == boards::MeterLine::main_board; }

int phases_of(const Config& config) {
  if (config.phases) return *config.phases;
  const SensorConfig* first = config.sensor(1);
  return first != nullptr && first->sensor_class == SensorClass::analog && first->ports.size() > 1 ? 3 : 1;
}

/// What a sensor is that the configuration does not name: a port's of its own number, and off.
SensorConfig usual_sensor(const Config& config, int number) {
  const BoardFacts& board = *config.board;
  SensorConfig s;
  s.id = number;
  s.enabled = false;
  s.ports = {number};
  s.sensor_class = board.is_clamp_port(number)  ? SensorClass::analog
                   : number == board.meter_port ? SensorClass::p1
                                                : SensorClass::pulse;
  if (s.sensor_class == SensorClass::analog && phases_of(config) == 3) s.ports.clear();  // sensor 1 has them
  return s;
}

/// As the form has it: with a class, whether its table says one or not.
SensorConfig shown_sensor(const Config& config, int number) {
  const SensorConfig* named = config.sensor(number);
  if (named != nullptr && named->has_class) return *named;
  SensorConfig s = usual_sensor(config, number);
  if (named == nullptr) return s;
  s.name = named->name;
  s.sid = named->sid;
  s.enabled = named->enabled && !s.ports.empty();
  return s;
}

bool switched_to_pulses(const Config& config) {
  return std::any_of(config.sensors.begin(), config.sensors.end(), [&](const SensorConfig& s) {
    return s.has_class && s.sensor_class == SensorClass::pulse &&
           std::any_of(s.ports.begin(), s.ports.end(),
                       [&](int port) { return config.board->is_switched(port); });
  });
}

Json sensor_form(const SensorConfig& s, const std::string& sid) {
  Json form = {{"number", s.id},
               {"sid", sid},
               {"enabled", s.enabled},
               {"name", s.name},
               {"class", class_names[static_cast<int>(s.sensor_class)]},
               {"type", sensor_type_names()[static_cast<std::size_t>(s.type)]},
               {"ports", s.ports}};
  if (s.sensor_class == SensorClass::analog) {
    form["voltage"] = s.voltage;
    form["current"] = s.current;
    if (s.meter_constant) form["meter_constant"] = *s.meter_constant;
  }
  if (s.sensor_class == SensorClass::pulse) {
    if (s.pulses_per_kwh)
      form["pulses_per_kwh"] = *s.pulses_per_kwh;
    else
      form["constant"] = fmt::format("{}", s.constant);
  }
  return form;
}

double constant_of(const std::string& text, const std::string& where) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() ||
      text.find_first_not_of("0123456789.") != text.npos)
    throw web::HttpError(
        400, fmt::format("{}: constant is '{}'; allowed: 0.001 to 65535.999, with a point", where, text));
  return value;
}

/// A sensor of the form. What the form does not have is `before`'s.
SensorConfig read_sensor_form(const nlohmann::json& json, const std::string& where, SensorConfig before) {
  web::JsonInput input(json, where);
  SensorConfig s = std::move(before);
  s.has_class = true;
  s.enabled = input.boolean("enabled");
  s.name = input.text("name", kLongestName, 0);
  const std::string word = input.word("class", {class_names[0], class_names[1], class_names[2]});
  s.sensor_class = static_cast<SensorClass>(std::find(std::begin(class_names), std::end(class_names), word) -
                                            std::begin(class_names));
  const auto& types = sensor_type_names();
  const std::string type = input.word("type", {types[0], types[1], types[2]});
  s.type = static_cast<SensorType>(std::find(types.begin(), types.end(), type) - types.begin());
  s.ports.clear();
  for (const nlohmann::json& port : input.array("ports", kSensors)) {
    if (!port.is_number_integer() || port < 1 || port > kSensors)
      throw web::HttpError(400,
                           fmt::format("{}: ports has {}; allowed: 1 to {}", where, port.dump(), kSensors));
    s.ports.push_back(port.get<int>());
  }
  const bool analog = s.sensor_class == SensorClass::analog, pulse = s.sensor_class == SensorClass::pulse;
  // A page leaves what belongs to a class that the sensor had: it is checked and not used.
  if (analog || input.has("voltage")) s.voltage = input.number("voltage", 1, 1000);
  if (analog || input.has("current")) s.current = static_cast<int>(input.integer("current", 1, 500));
  s.meter_constant.reset();
  if (input.has("meter_constant")) {
    const auto constant = static_cast<int>(input.integer("meter_constant", 1, 65535));
    if (analog) s.meter_constant = constant;
  }
  s.pulses_per_kwh.reset();
  if (input.has("pulses_per_kwh")) {
    const double pulses = input.number("pulses_per_kwh", 0.1, 1e6);
    if (pulse) s.pulses_per_kwh = pulses;
  } else if (pulse || input.has("constant")) {
    s.constant = constant_of(input.text("constant", 32), where);
  }
  if (s.ports.empty()) {  // a clamp that feeds sensor 1
    if (s.enabled)
      throw web::HttpError(400, fmt::format("{}: is enabled and has no port; allowed: a port", where));
    s.has_class = false;
  }
  return s;
}

/// The lines of a text, and the tables in it.
class TomlText {
 public:
  struct Table {
    std::string name;
    std::size_t begin, end;  ///< its header, and behind its last line that is neither empty nor a comment
    int sensor;              ///< its id, in a [[sensor]] table; else 0
  };

  explicit TomlText(const std::string& text) : root_(parse_toml("the configuration", text)) {
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t end = std::min(text.find('\n', at), text.size());
      lines_.push_back(text.substr(at, end - at));
      at = end + 1;
    }
    for (const auto& [key, node] : root_) {
      if (const toml::table* table = node.as_table(); table != nullptr && !table->is_inline())
        add(std::string(key.str()), *table);
      if (const toml::array* array = node.as_array())
        for (const toml::node& element : *array)
          if (const toml::table* table = element.as_table(); table != nullptr && !table->is_inline())
            add(std::string(key.str()), *table);
    }
    std::sort(tables_.begin(), tables_.end(),
              [](const Table& a, const Table& b) { return a.begin < b.begin; });
    for (std::size_t i = 0; i < tables_.size(); ++i) {
      std::size_t end = i + 1 < tables_.size() ? tables_[i + 1].begin : lines_.size();
      while (end > tables_[i].begin + 1 && is_blank(lines_[end - 1])) --end;
      tables_[i].end = end;
    }
  }

  [[nodiscard]] const std::vector<Table>& tables() const { return tables_; }
  [[nodiscard]] const Table* sensor(int number) const {
    const auto found =
        std::find_if(tables_.begin(), tables_.end(), [&](const Table& t) { return t.sensor == number; });
    return found == tables_.end() ? nullptr : &*found;
  }
  [[nodiscard]] const Table* at_line(std::size_t line) const {
    const auto found = std::find_if(tables_.begin(), tables_.end(),
                                    [&](const Table& t) { return line >= t.begin && line < t.end; });
    return found == tables_.end() ? nullptr : &*found;
  }
  /// Line of a key that stands above all tables; that of `board` for one that is not there, for a place
  /// behind it.
  [[nodiscard]] std::size_t line_of(const char* key) const {
    const toml::node* node = root_.get(key) != nullptr ? root_.get(key) : root_.get("board");
    return node == nullptr ? 0 : node->source().begin.line - 1;
  }
  [[nodiscard]] bool has(const char* key) const { return root_.contains(key); }

  /// Edits, by lines of the text as it was; joined() makes them.
  void replace(std::size_t begin, std::size_t end, std::string by) {
    edits_.push_back({begin, end, std::move(by)});
  }

  std::string joined() {
    std::stable_sort(edits_.begin(), edits_.end(),
                     [](const Edit& a, const Edit& b) { return a.begin < b.begin; });
    std::string text;
    std::size_t at = 0;
    for (const Edit& edit : edits_) {
      append(text, at, edit.begin);
      text += edit.by;
      at = edit.end;
    }
    append(text, at, lines_.size());
    return text;
  }
  [[nodiscard]] std::size_t lines() const { return lines_.size(); }
  [[nodiscard]] bool is_changed() const { return !edits_.empty(); }

 private:
  struct Edit {
    std::size_t begin, end;
    std::string by;
  };

  static bool is_blank(const std::string& line) {
    const auto first = line.find_first_not_of(" \t\r");
    return first == line.npos || line[first] == '#';
  }
  void add(std::string name, const toml::table& table) {
    const bool sensor = name == "sensor";
    tables_.push_back({std::move(name), table.source().begin.line - 1, 0,
                       sensor ? static_cast<int>(table["id"].value_or<std::int64_t>(0)) : 0});
  }
  void append(std::string& text, std::size_t begin, std::size_t end) const {
    for (std::size_t i = begin; i < end; ++i) text += lines_[i] + '\n';
  }

  toml::table root_;
  std::vector<std::string> lines_;
  std::vector<Table> tables_;
  std::vector<Edit> edits_;
};

}  // namespace

Json board_form(const Config& config, const std::function<std::string(int)>& sid_of) {
  const BoardFacts& board = *config.board;
  Json form = {{"board", board.name}, {"phases", phases_of(config)}};
  if (has_switch(board)) form["clamp_ports"] = switched_to_pulses(config) ? 1 : 3;
  if (has_led(board))
    form["led"] = !config.led                          ? Json(nullptr)
                  : *config.led == metering::heartbeat ? Json("heartbeat")
                                                       : Json(*config.led + 1);
  if (has_meter_line(board)) {
    const SensorConfig* meter = config.sensor(board.meter_port);
    form["dsmr"] = meter != nullptr && meter->without_crc ? kOld : kNew;
  }
  form["sensors"] = Json::array();
  for (int number = 1; number <= kSensors; ++number)
    form["sensors"].push_back(sensor_form(shown_sensor(config, number), sid_of(number)));
  return form;
}

std::string with_form(const std::string& text, const Config& config, const nlohmann::json& form) {
  const BoardFacts& board = *config.board;
  web::JsonInput input(form);
  if (const std::string name = input.text("board", 32); name != board.name)
    throw web::HttpError(
        400, fmt::format("board is '{}'; allowed: {}, as the configuration has it", name, board.name));
  const auto phases = static_cast<int>(input.integer("phases", 1, 3));
  if (has_switch(board) && input.has("clamp_ports")) (void)input.integer("clamp_ports", 1, 3);
  const bool old_meter =
      has_meter_line(board) && input.has("dsmr") && input.word("dsmr", {kOld, kNew}) == kOld;

  TomlText toml(text);
  const auto set = [&](const char* key, const std::string& value) {
    const std::size_t line = toml.line_of(key);
    const std::size_t begin = toml.has(key) ? line : line + 1;
    toml.replace(begin, line + 1, fmt::format("{:<8} = {}\n", key, value));
  };
  if (phases != phases_of(config)) set("phases", fmt::format("{}", phases));
  if (has_led(board) && input.has("led")) {
    const nlohmann::json& led = form["led"];
    if (!(led == "heartbeat" || (led.is_number_integer() && led >= 1 && led <= kSensors)))
      throw web::HttpError(400,
                           fmt::format("led is {}; allowed: \"heartbeat\", 1 to {}", led.dump(), kSensors));
    const std::uint32_t value = led.is_string() ? metering::heartbeat : led.get<std::uint32_t>() - 1;
    if (config.led != value) set("led", led.dump());
  }

  std::size_t behind = toml.lines();  ///< the last [[sensor]] table
  for (const TomlText::Table& table : toml.tables())
    if (table.sensor != 0) behind = table.end;
  bool seen[kSensors + 1] = {};
  Config changed = config;
  changed.phases = phases;
  for (const nlohmann::json& json : input.array("sensors", kSensors)) {
    const auto number = static_cast<int>(web::JsonInput(json, "sensors").integer("number", 1, kSensors));
    if (std::exchange(seen[number], true))
      throw web::HttpError(400, fmt::format("sensor {} stands twice; allowed: each once", number));
    const SensorConfig before = shown_sensor(config, number);
    SensorConfig after = read_sensor_form(json, fmt::format("sensor {}", number), before);
    const bool was_old = before.without_crc;
    if (has_meter_line(board) && number == board.meter_port) after.without_crc = old_meter;
    if (sensor_form(after, "") == sensor_form(before, "") && after.without_crc == was_old) continue;
    const std::string table = mainboard::sensor_text(changed, after);
    if (const TomlText::Table* place = toml.sensor(number))
      toml.replace(place->begin, place->end, table);
    else
      toml.replace(behind, behind, "\n" + table);
  }
  // Else what another program asks for would be lost without a word.
  for (const auto& [name, value] : form.items()) {
    constexpr std::string_view known[] = {"board", "phases",  "clamp_ports", "led",
                                          "dsmr",  "sensors", "revision"};
    if (std::find(std::begin(known), std::end(known), name) == std::end(known))
      throw web::HttpError(400, fmt::format("'{}' is not known; allowed: {}", name, fmt::join(known, ", ")));
  }
  return toml.is_changed() ? toml.joined() : text;  // the last line may have no end
}

std::string in_words_of_form(std::string_view complaint, const std::string& text) {
  // FILE:LINE: [[sensor]] key 'NAME' WRONG
  constexpr std::string_view table = ": [[sensor]] key '";
  const std::size_t at = complaint.find(table);
  if (at == complaint.npos) return std::string(complaint);
  const std::size_t digits = complaint.rfind(':', at - 1);
  std::size_t line = 0;
  if (digits != complaint.npos) std::from_chars(complaint.data() + digits + 1, complaint.data() + at, line);
  const TomlText toml(text);
  const TomlText::Table* found = line == 0 ? nullptr : toml.at_line(line - 1);
  if (found == nullptr || found->sensor == 0) return std::string(complaint);
  std::string rest(complaint.substr(at + table.size()));
  if (const std::size_t quote = rest.find('\''); quote != rest.npos) rest.erase(quote, 1);
  return fmt::format("sensor {}: {}", found->sensor, rest);
}

}  // namespace flm::flmd

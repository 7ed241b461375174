// sim/scenario/scenario.md against the reader: its keys, defaults and ranges.
#include <fmt/ranges.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>
#include <map>
#include <set>

#include "sim/scenario/scenario.hpp"
#include "tests/sim/temporary_folder.hpp"

using namespace flm::sim;

namespace {

/// A key of the page. Cells as written.
struct Row {
  std::string table, key, unit, standard, allowed;  ///< `standard`: the default
};

std::vector<std::string> cells_of(const std::string& line) {
  std::vector<std::string> cells;
  for (std::size_t at = 1, end = 0; (end = line.find('|', at)) != line.npos; at = end + 1)
    cells.push_back(line.substr(at + 1, end - at - 2));
  return cells;
}

/// The page's rows; a section is a table, whose name is the first `...` of its title.
std::vector<Row> rows_of_page() {
  std::ifstream page(FLM_SOURCE_DIR "/sim/scenario/scenario.md");
  std::vector<Row> rows;
  std::string table;
  for (std::string line; std::getline(page, line);) {
    if (line.starts_with("## ")) {
      const std::size_t quote = line.find('`');
      table = quote == line.npos ? "" : line.substr(quote + 1, line.find('`', quote + 1) - quote - 1);
      std::erase_if(table, [](char c) { return c == '[' || c == ']'; });
    } else if (line.starts_with("| `")) {
      const auto cells = cells_of(line);
      CAPTURE(line);
      REQUIRE(cells.size() == 5);
      for (const std::string& cell : cells) CHECK_FALSE(cell.empty());
      rows.push_back({table, cells[0].substr(1, cells[0].size() - 2), cells[1], cells[2], cells[3]});
    }
  }
  return rows;
}

const std::string file = "board = \"flm02b\"\nduration = 10\n";
const std::string clamp = "[[sensor]]\nid = 1\nclass = \"analog\"\nports = [1]\n";
const std::string pulse = "[[sensor]]\nid = 4\nclass = \"pulse\"\nports = [4]\n";
const std::string meter = "[[sensor]]\nid = 6\nclass = \"p1\"\nports = [6]\n";

/// A scenario that ends with the table in which a key may stand. The longest name that fits is taken: "sensor
/// type" before "sensor".
const std::map<std::string, std::string> contexts = {
    {"", file},
    {"sensor", file + clamp},
    {"sensor constant", file + pulse},
    {"sensor pulses_per_kwh", file + pulse},
    {"sensor type", file + pulse},
    {"sensor without_crc", file + meter},
    {"port", file + clamp + "[[port]]\nport = 1\n"},
    {"port debounce", file + pulse + "[[port]]\nport = 4\n"},
    {"waveform", file + "[[waveform]]\nport = 1\nfile = \"data.csv\"\n"},
    {"waveform amps", file + "[[waveform]]\nport = 1\namps = 5\n"},
    {"waveform hz", file + "[[waveform]]\nport = 1\namps = 5\n"},
    {"waveform shape", file + "[[waveform]]\nport = 1\namps = 5\n"},
    {"pulses", file + "[[pulses]]\nport = 4\nevery = 1\n"},
    {"pulses every", file + "[[pulses]]\nport = 4\nwidth = 1e-6\nevery = 1\n"},
    {"pulses file", file + "[[pulses]]\nport = 4\nfile = \"data.csv\"\n"},
    {"pulses bounces", file + "[[pulses]]\nport = 4\nevery = 1\nbounce = 0.002\n"},
    {"serial", file + "[[serial]]\nport = 6\nfile = \"data.csv\"\n"},
    {"radio", file + "[[radio]]\nfile = \"data.csv\"\n"},
    {"frontend", file + "[frontend]\n"},
    {"parts", file + "[parts]\n"},
    {"worn", file + "[[parts.worn]]\naddress = 1\nkeeps = 1\n"},
    {"supply", file + "[supply]\n"},
    {"supply hz", file + "[supply]\nripple = 0.1\n"},
    {"power", file + "[[power]]\nat = 2\nrestore = 3\n"},
    {"power until", file + "[[power]]\nat = 2\nrestore = 3\nevery = 2\n"},
    {"host", file + "[[host]]\nat = 1\nsend = \"gc 0\"\n"},
    {"expect", file + clamp + "[[expect]]\nsensor = 1\npower = 1\n"},
    {"expect power", file + clamp + "[[expect]]\nsensor = 1\ncounter = 1\n"},
    {"expect reading", file + clamp + "[[expect]]\nsensor = 1\n"},
    {"expect gas", file + meter + "[[expect]]\nsensor = 6\n"},
    {"expect water", file + meter + "[[expect]]\nsensor = 6\n"},
    {"expect refused", file + meter + "[[expect]]\nsensor = 6\n"},
};

/// The context of a row without its key; with the key when there is a value.
std::string scenario_with(const Row& row, const std::string& value) {
  const auto special = contexts.find(row.table + " " + row.key);
  std::string text = special != contexts.end() ? special->second : contexts.at(row.table);
  // The key's line of the last table.
  const std::size_t table = row.table.empty() ? 0 : text.rfind("\n[");
  const std::string line = row.key + " = ";
  const std::size_t at = text.starts_with(line) ? 0 : text.rfind("\n" + line) + 1;
  if (at >= table && text.substr(at).starts_with(line)) text.erase(at, text.find('\n', at) - at + 1);
  return value.empty() ? text : text + row.key + " = " + value + "\n";
}

template <class T>
std::string shown(const std::optional<T>& value) {
  return value ? fmt::format("{}", *value) : "none";
}

/// All that a scenario holds, as text.
std::string content(const Scenario& s) {
  std::string text = fmt::format("{} {}\n", s.board, s.duration);
  for (const auto& x : s.sensors)
    text += fmt::format("sensor {} {} {} {} {} {} {} {} {}\n", x.id, int(x.sensor_class), x.ports, x.voltage,
                        x.current, x.constant, shown(x.pulses_per_kwh), int(x.type), x.without_crc);
  for (const auto& x : s.ports) {
    text += fmt::format("port {}", x.port);
    for (const auto& [letter, value] : x.settings()) text += fmt::format(" {}{}", letter, value);
  }
  for (const auto& x : s.waveforms)
    text += fmt::format("waveform {} {} {} {} {} {} {} {}\n", x.port, x.channel, x.scale, shown(x.rate),
                        x.repeat, x.amps, x.hz, int(x.shape));
  const auto& f = s.front_end;
  text += fmt::format("{} {} {} {} {} {} {}\n", f.tau, f.noise_lsb, f.offset_lsb, f.gain, f.seed,
                      f.clamp_corner, f.clamp_saturation);
  const auto& p = s.parts;
  text += fmt::format("{} {} {} {} {}", p.threshold, p.pull_up, p.clock_ppm, p.rc_percent, p.rise);
  for (const auto& x : p.worn) text += fmt::format(" {}:{}", x.address, x.keeps);
  text += fmt::format("\n{} {} {}\n", s.supply.volts, s.supply.ripple, s.supply.hz);
  for (const auto& x : s.pulses)
    text += fmt::format("pulses {} {} {} {} {}\n", x.port, x.every, x.width, x.bounce, x.bounces);
  for (const auto& x : s.serial)
    text += fmt::format("serial {} {} {} {} {} {}\n", x.at, x.every, x.each, x.baud, x.noise, x.drop);
  for (const auto& x : s.radio) text += fmt::format("radio {}\n", x.kbit);
  for (const auto& x : s.power)
    text += fmt::format("power {} {} {} {} {}\n", x.at, x.restore, x.hold_up, x.every, x.until);
  for (const auto& x : s.host) text += fmt::format("host {} {} {}\n", x.at, x.send, shown(x.reply));
  for (const auto& x : s.expectations)
    text += fmt::format("expect {} {} {} {} {} {} {} {} {} {}\n", x.sensor, x.from, shown(x.to),
                        shown(x.power), shown(x.counter), shown(x.gas), shown(x.water), shown(x.refused),
                        shown(x.reading), shown(x.tolerance));
  return text;
}

/// The reader's result for a row's key with this value: the scenario's content, or its complaint about the
/// key.
struct Outcome {
  std::string content, complaint;
  [[nodiscard]] bool refused() const { return !complaint.empty(); }
};

Outcome read(const Row& row, const std::string& value) {
  const TemporaryFolder folder;
  folder.file("data.csv", "0,1\n0.1,0\n");
  try {
    return {content(read_scenario(folder.file("s.toml", scenario_with(row, value)))), ""};
  } catch (const InputError& error) {
    const std::string message = error.what();
    return {"", message.find("key '" + row.key + "'") != message.npos ? message : ""};
  }
}

/// A number of the page, or a key of the contexts for one.
std::optional<std::string> number_of(std::string text) {
  static const std::map<std::string, std::string> keys = {
      {"`duration`", "10"}, {"`every`", "1"}, {"`at`", "2"}, {"`from`", "0"}};
  if (const auto key = keys.find(text); key != keys.end()) text = key->second;
  char* end = nullptr;
  std::strtod(text.c_str(), &end);
  return !text.empty() && *end == '\0' ? std::optional(text) : std::nullopt;
}

/// The values of a cell such as "`a`, `b`" or "50, 100", as TOML; empty if it is none.
std::vector<std::string> values_of(const std::string& allowed) {
  if (allowed == "true, false") return {"true", "false"};
  std::vector<std::string> values;
  for (std::size_t at = 0; at < allowed.size();) {
    const std::size_t end = std::min(allowed.find(", ", at), allowed.size());
    std::string value = allowed.substr(at, end - at);
    if (value.size() > 4 && value.starts_with("`\"") && value.ends_with("\"`"))
      value = value.substr(1, value.size() - 2);
    else if (!number_of(value))
      return {};
    values.push_back(value);
    at = end + 2;
  }
  return values;
}

/// "0 to 10" as two numbers.
std::optional<std::pair<std::string, std::string>> range_of(const std::string& allowed) {
  const std::size_t to = allowed.find(" to ");
  if (to == allowed.npos) return std::nullopt;
  const auto low = number_of(allowed.substr(0, to)), high = number_of(allowed.substr(to + 4));
  return low && high ? std::optional(std::pair(*low, *high)) : std::nullopt;
}

void check_range(const Row& row, const std::string& low, const std::string& high) {
  const double bottom = std::strtod(low.c_str(), nullptr), top = std::strtod(high.c_str(), nullptr);
  CAPTURE(low, high);
  CHECK(read(row, low).complaint == "");
  CHECK(read(row, high).complaint == "");
  // A little outside, and a whole number outside: some keys take no others.
  const auto outside = [](double x) { return std::max(1e-7, std::abs(x) * 1e-6); };
  for (const double value : {bottom - outside(bottom), bottom - 1, top + outside(top), top + 1}) {
    if (std::abs(value) > 1e15) continue;  // the seed: TOML itself has no larger numbers
    CAPTURE(value);
    CHECK(read(row, fmt::format("{}", value)).refused());
  }
}

}  // namespace

TEST_CASE("scenario.md has a row for each key of each table, and none that the reader does not know") {
  std::multiset<std::string> documented, known;
  for (const Row& row : rows_of_page()) documented.insert(row.table + " " + row.key);
  for (const ScenarioTable& table : scenario_tables())
    for (const std::string_view key : table.keys) known.insert(fmt::format("{} {}", table.name, key));
  CHECK(documented == known);
}

TEST_CASE("scenario.md has the defaults of the reader, and says which keys are required") {
  int literals = 0;
  for (const Row& row : rows_of_page()) {
    CAPTURE(row.table, row.key, row.standard);
    const Outcome absent = read(row, "");
    CHECK(absent.refused() == (row.standard.starts_with("required")));
    if (!row.standard.starts_with('`')) continue;
    ++literals;
    const std::string value =
        number_of(row.standard).value_or(row.standard.substr(1, row.standard.size() - 2));
    CHECK(read(row, value).content == absent.content);
    // And the content shows the key: a different value is not the default.
    const auto range = range_of(row.allowed);
    std::vector<std::string> values = values_of(row.allowed);
    if (range) {
      const double low = std::strtod(range->first.c_str(), nullptr);
      const double high = std::strtod(range->second.c_str(), nullptr);
      values = {range->first, range->second, fmt::format("{}", low + 0.01 * (high - low))};
    }
    if (row.key == "worn") values = {"[{address = 12, keeps = 0x04}]"};
    bool differs = false;
    for (const std::string& other : values) {
      const Outcome outcome = read(row, other);
      differs |= !outcome.content.empty() && outcome.content != absent.content;
    }
    CHECK(differs);
  }
  CHECK(literals >= 30);
}

TEST_CASE("scenario.md has the ranges and the names that the reader allows") {
  int ranges = 0, lists = 0;
  for (const Row& row : rows_of_page()) {
    CAPTURE(row.table, row.key, row.allowed);
    if (const auto range = range_of(row.allowed)) {
      ++ranges;
      check_range(row, range->first, range->second);
    } else if (const auto values = values_of(row.allowed); !values.empty()) {
      ++lists;
      for (const std::string& value : values) CHECK(read(row, value).complaint == "");
      // The complaint about a wrong value names all that is allowed.
      const auto number = number_of(values.front());
      const std::string other =
          number ? fmt::format("{}", std::strtod(number->c_str(), nullptr) + 1) : "\"no such word\"";
      std::string names = fmt::format("; allowed: {}", fmt::join(values, ", "));
      std::erase(names, '"');
      CHECK_THAT(read(row, other).complaint, Catch::EndsWith(names));
    }
  }
  CHECK(ranges >= 45);
  CHECK(lists >= 9);
}

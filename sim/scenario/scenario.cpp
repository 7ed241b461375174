#include "sim/scenario/scenario.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <functional>
#include <limits>
#include <map>

#include "sim/scenario/board_model.hpp"
#include "tools/common/toml_reader.hpp"
#include "tools/mainboard/config/sensor_table.hpp"
#include "tools/mainboard/link/link_text.hpp"

namespace flm::sim {
namespace {

constexpr double kLongest = 10.0 * 365.0 * 86400.0;  ///< s; what simulated time is checked for

/// Reads a whole file; `scenario` grows table by table.
class Reader {
 public:
  explicit Reader(const std::filesystem::path& file) : file_(file), root_(parse_toml(file)) {
    scenario_.path = file;
  }

  Scenario read() {
    const TableReader top(file_, root_, "", keys_of(""));
    std::vector<std::string_view> names;
    for (const BoardModel& model : board_models()) names.push_back(model.name);
    board_ = &board_models()[top.required("board", top.one_of("board", names),
                                          fmt::format("{}", fmt::join(names, ", ")))];
    scenario_.board = board_->name;
    scenario_.duration =
        top.required("duration", top.number("duration", 1e-3, kLongest), "seconds of simulated time");

    each("sensor", [this](const TableReader& t) { sensor(t); });
    each("port", [this](const TableReader& t) { port(t); });
    each("waveform", [this](const TableReader& t) { waveform(t); });
    one(top, "frontend", [this](const TableReader& t) { front_end(t); });
    one(top, "parts", [this](const TableReader& t) { parts(t); });
    one(top, "supply", [this](const TableReader& t) { supply(t); });
    each("pulses", [this](const TableReader& t) { pulses(t); });
    each("serial", [this](const TableReader& t) { serial(t); });
    each("radio", [this](const TableReader& t) { radio(t); });
    each("power", [this](const TableReader& t) { power(t); });
    std::sort(scenario_.power.begin(), scenario_.power.end(),
              [](const auto& a, const auto& b) { return a.at < b.at; });
    each("host", [this](const TableReader& t) { host(t); });
    each("expect", [this](const TableReader& t) { expectation(t); });
    for (Pulses& p : scenario_.pulses)
      for (const PortConfig& port : scenario_.ports)
        if (port.port == p.port && port.debounce_tenths_ms) p.lasting = *port.debounce_tenths_ms / 1e4;
    return std::move(scenario_);
  }

 private:
  static const std::vector<std::string_view>& keys_of(std::string_view table) {
    const auto& tables = scenario_tables();
    return std::find_if(tables.begin(), tables.end(), [&](const ScenarioTable& t) { return t.name == table; })
        ->keys;
  }

  void each(std::string_view name, const std::function<void(const TableReader&)>& use) {
    const toml::node* node = root_.get(name);
    if (!node) return;
    const toml::array* tables = node->as_array();
    if (!tables || !tables->is_homogeneous<toml::table>())
      throw InputError(fmt::format("{}:{}: key '{}' is not a list of tables; allowed: [[{}]]", file_.string(),
                                   node->source().begin.line, name, name));
    for (const toml::node& table : *tables)
      use(TableReader(file_, *table.as_table(), fmt::format("[[{}]] ", name), keys_of(name)));
  }

  /// A table that may stand once.
  void one(const TableReader& top, std::string_view name,
           const std::function<void(const TableReader&)>& use) {
    if (!top.has(name)) return;
    const toml::table* table = root_.get(name)->as_table();
    if (!table) top.fail(name, "is not a table", fmt::format("[{}]", name));
    use(TableReader(file_, *table, fmt::format("[{}] ", name), keys_of(name)));
  }

  /// An existing file named by a key, relative to the scenario.
  [[nodiscard]] std::filesystem::path existing_file(const TableReader& t) const {
    std::filesystem::path path = file_.parent_path() / *t.text("file");
    if (!std::filesystem::is_regular_file(path))
      t.fail("file", fmt::format("is '{}', which is not a file", path.string()), "an existing file");
    return path;
  }

  void sensor(const TableReader& t) {
    scenario_.sensors.push_back(read_sensor(t, *board_, scenario_.sensors));
    if (const std::string question = question_about(scenario_.sensors.back()); !question.empty())
      scenario_.questions.push_back(fmt::format("{}:{}: {}", file_.string(), t.line("constant"), question));
  }

  void port(const TableReader& t) {
    if (scenario_.sensors.empty())
      t.fail("port", "is to be set, and there is no [[sensor]]",
             "[[sensor]] tables: without any the main board sets nothing");
    scenario_.ports.push_back(read_port(t, *board_, scenario_.ports));
  }

  void waveform(const TableReader& t) {
    Waveform w;
    w.port = static_cast<int>(t.required("port", t.integer("port", 1, 6), board_->clamp_port_names()));
    if (!board_->is_clamp_port(w.port))
      t.fail("port", fmt::format("is {}", w.port), board_->clamp_port_names());
    for (const Waveform& other : scenario_.waveforms)
      if (other.port == w.port)
        t.fail("port", fmt::format("is {} a second time", w.port), "one waveform a port");
    if (t.has("file") == t.has("amps"))
      t.fail("file", t.has("file") ? "stands beside 'amps'" : "is missing", "either file or amps");
    if (t.has("file")) {
      for (const char* key : {"hz", "shape"})
        if (t.has(key)) t.fail(key, "belongs to synthetic waveforms", "file, channel, scale, rate, repeat");
      w.file = existing_file(t);
      w.channel = static_cast<int>(t.integer("channel", 0, 1023).value_or(0));
      w.scale = t.number("scale", -1e6, 1e6).value_or(1.0);
      if (t.has("rate")) {
        if (w.file.extension() != ".csv")
          t.fail("rate", "stands beside a sound file, which has its own", "rate with .csv files");
        w.rate = t.number("rate", 1e-3, 1e7);
      }
      w.repeat = t.truth("repeat").value_or(false);
    } else {
      for (const char* key : {"channel", "scale", "rate", "repeat"})
        if (t.has(key)) t.fail(key, "belongs to waveforms from a file", "amps, hz, shape");
      w.amps = *t.number("amps", 0.0, 1e5);
      w.hz = t.number("hz", 1.0, 1000.0).value_or(50.0);
      w.shape =
          static_cast<Shape>(t.one_of("shape", {"sine", "half", "triangle", "dimmed", "peaky"}).value_or(0));
    }
    scenario_.waveforms.push_back(std::move(w));
  }

  void front_end(const TableReader& t) {
    FrontEnd& f = scenario_.front_end;
    f.tau = t.number("tau", 0.0, 10.0).value_or(f.tau);
    f.noise_lsb = t.number("noise_lsb", 0.0, 100.0).value_or(f.noise_lsb);
    f.offset_lsb = t.number("offset_lsb", -1023.0, 1023.0).value_or(f.offset_lsb);
    f.gain = t.number("gain", 0.0, 100.0).value_or(f.gain);
    f.clamp_corner = t.number("clamp_corner", 0.0, 20.0).value_or(f.clamp_corner);
    f.clamp_saturation = t.number("clamp_saturation", 0.001, 1000.0).value_or(f.clamp_saturation);
    f.seed = static_cast<std::uint64_t>(
        t.integer("seed", 0, std::numeric_limits<std::int64_t>::max()).value_or(1));
  }

  /// The ranges are the data sheet's, with some room for experiments: chapter 29, and boards/*/board.hpp.
  void parts(const TableReader& t) {
    BoardParts& p = scenario_.parts;
    p.threshold = t.number("threshold", 4.0, 5.5).value_or(p.threshold);
    p.pull_up = t.number("pull_up", 20e3, 50e3).value_or(p.pull_up);
    p.clock_ppm = t.number("clock_ppm", -10000.0, 10000.0).value_or(p.clock_ppm);
    p.rc_percent = t.number("rc_percent", -15.0, 15.0).value_or(p.rc_percent);
    p.rise = t.number("rise", 0.0, 1.0).value_or(p.rise);
    if (!t.has("worn")) return;
    const std::string allowed = "a list of cells as in [{address = 12, keeps = 0x04}]";
    const toml::array* cells = t.array("worn");
    if (!cells || (!cells->empty() && !cells->is_homogeneous<toml::table>()))
      t.fail("worn", "is not a list of tables", allowed);
    for (const toml::node& node : *cells) {
      const TableReader cell(file_, *node.as_table(), "[parts] worn: ", keys_of("worn"));
      WornCell worn;
      worn.address = static_cast<std::uint16_t>(
          cell.required("address", cell.integer("address", 0, 511), "the cell's address, 0 to 511"));
      worn.keeps = static_cast<std::uint8_t>(cell.required("keeps", cell.integer("keeps", 1, 255),
                                                           "the bits that never change again, 0x01 to 0xff"));
      p.worn.push_back(worn);
    }
  }

  void supply(const TableReader& t) {
    SupplyVoltage& s = scenario_.supply;
    s.volts = t.number("volts", 0.0, 6.0).value_or(s.volts);
    s.ripple = t.number("ripple", 0.0, 6.0).value_or(s.ripple);
    if (t.has("hz") && !t.has("ripple")) t.fail("hz", "stands without 'ripple'", "hz with ripple");
    s.hz = t.number("hz", 1.0, 100e3).value_or(s.hz);
  }

  void pulses(const TableReader& t) {
    Pulses p;
    p.port = static_cast<int>(t.required("port", t.integer("port", 1, 6), board_->pulse_port_names()));
    if (!board_->is_pulse_port(p.port))
      t.fail("port", fmt::format("is {}", p.port), board_->pulse_port_names());
    for (const Pulses& other : scenario_.pulses)
      if (other.port == p.port)
        t.fail("port", fmt::format("is {} a second time", p.port), "one [[pulses]] a port");
    if (t.has("file") == t.has("every"))
      t.fail("file", t.has("file") ? "stands beside 'every'" : "is missing", "either file or every");
    if (t.has("file")) {
      for (const char* key : {"width", "bounce", "bounces"})
        if (t.has(key)) t.fail(key, "belongs to synthetic pulses", "file");
      p.file = existing_file(t);
    } else {
      p.every = *t.number("every", 1e-4, kLongest);
      p.width = t.number("width", 1e-6, p.every).value_or(0.030);
      p.bounce = t.number("bounce", 0.0, p.every).value_or(0.0);
      if (t.has("bounces") && p.bounce == 0.0)
        t.fail("bounces", "stands without 'bounce'", "bounce, in s, and how often within it");
      p.bounces = static_cast<int>(t.integer("bounces", 1, 100).value_or(0));
      if (p.bounce > p.width || p.width + p.bounce >= p.every)
        t.fail("every",
               fmt::format("is {} s, with a width of {} s and a bounce of {} s", p.every, p.width, p.bounce),
               "bounce <= width and width + bounce < every");
    }
    scenario_.pulses.push_back(std::move(p));
  }

  void power(const TableReader& t) {
    PowerFailure p;
    p.at = t.required("at", t.number("at", 0.0, scenario_.duration), "seconds since power-up");
    p.restore =
        t.required("restore", t.number("restore", 0.0, kLongest), "seconds since power-up, after 'at'");
    if (p.restore <= p.at)
      t.fail("restore", fmt::format("is {}, not after 'at', which is {}", p.restore, p.at),
             "a time after 'at'");
    p.hold_up = t.number("hold_up", 0.0, kLongest).value_or(p.hold_up);
    if (t.has("every")) {
      p.every = *t.number("every", 1e-4, kLongest);
      if (p.every <= p.restore - p.at)
        t.fail("every", fmt::format("is {} s, and a failure lasts {} s", p.every, p.restore - p.at),
               "failures with time between them");
      p.until = t.number("until", p.at, kLongest).value_or(scenario_.duration);
    } else if (t.has("until")) {
      t.fail("until", "stands without 'every'", "until with every");
    }
    for (const PowerFailure& other : scenario_.power)
      if (p.at <= other.over() && other.at <= p.over())
        t.fail("at",
               fmt::format("is {}: from there to {} overlaps a different [[power]], from {} to {}", p.at,
                           p.over(), other.at, other.over()),
               "failures with time between them");
    scenario_.power.push_back(p);
  }

  void serial(const TableReader& t) {
    SerialTraffic s;
    static_cast<void>(t.required("port", t.integer("port", 6, 6), "6"));
    static_cast<void>(t.required("file", t.text("file"), "a file of bytes, relative to the scenario"));
    s.file = existing_file(t);
    if (std::filesystem::file_size(s.file) == 0)
      t.fail("file", fmt::format("is '{}', which is empty", s.file.string()), "a file of bytes");
    s.at = t.number("at", 0.0, kLongest).value_or(0.0);
    s.every = t.number("every", 1e-3, kLongest).value_or(0.0);
    s.each = t.number("each", 1e-3, kLongest).value_or(0.0);
    s.baud = static_cast<int>(t.integer("baud", 1, 1'000'000).value_or(115200));
    if (s.baud != 9600 && s.baud != 115200) t.fail("baud", fmt::format("is {}", s.baud), "9600, 115200");
    s.noise = t.number("noise", 0.0, 1.0).value_or(0.0);
    s.drop = t.number("drop", 0.0, 1.0).value_or(0.0);
    scenario_.serial.push_back(std::move(s));
  }

  void radio(const TableReader& t) {
    if (!board_->has_radio())
      t.fail("file", fmt::format("is for a radio, and {} has none", scenario_.board),
             mainboard::board_names([](const mainboard::BoardFacts& board) { return board.has_radio(); }));
    RadioTraffic r;
    static_cast<void>(t.required("file", t.text("file"), "a file of packets, relative to the scenario"));
    r.file = existing_file(t);
    r.kbit = t.number("kbit", 19.2, 49.2).value_or(19.2);
    if (r.kbit != 19.2 && r.kbit != 49.2) t.fail("kbit", fmt::format("is {}", r.kbit), "19.2, 49.2");
    scenario_.radio.push_back(std::move(r));
  }

  void host(const TableReader& t) {
    HostCommand h;
    h.at = t.required("at", t.number("at", 0.0, kLongest), "seconds since power-up");
    for (const PowerFailure& p : scenario_.power)
      if (const auto back = p.back_from(h.at)) {
        const double from = *back - (p.restore - p.at);
        t.fail(
            "at",
            fmt::format("is {}: the power fails from {} to {}, and nothing can be sent", h.at, from, *back),
            fmt::format("before {}, or from {}", from, *back));
      }
    h.send = t.required("send", t.text("send"), "a command as host software writes it, \"gc 0\"");
    try {
      static_cast<void>(encode_message(h.send));
    } catch (const std::invalid_argument& error) {
      throw InputError(
          fmt::format("{}:{}: [[host]] key 'send': {}", file_.string(), t.line("send"), error.what()));
    }
    h.reply = t.text("reply");
    h.line = t.line();
    scenario_.host.push_back(std::move(h));
  }

  void expectation(const TableReader& t) {
    Expectation e;
    e.line = t.line();
    e.sensor = static_cast<int>(t.required("sensor", t.integer("sensor", 1, 6), "1 to 6"));
    if (std::none_of(scenario_.sensors.begin(), scenario_.sensors.end(),
                     [&](const Sensor& s) { return s.id == e.sensor; }))
      t.fail("sensor", fmt::format("is {}, which has no [[sensor]]", e.sensor), "a sensor of this scenario");
    e.from = t.number("from", 0.0, scenario_.duration).value_or(0.0);
    e.to = t.number("to", e.from, scenario_.duration);
    e.power = t.number("power", -1e9, 1e9);
    e.counter = t.number("counter", -1e12, 1e12);
    const bool meter = std::any_of(scenario_.sensors.begin(), scenario_.sensors.end(), [&](const Sensor& s) {
      return s.id == e.sensor && s.sensor_class == SensorClass::p1;
    });
    for (const char* key : {"gas", "water", "refused"})
      if (t.has(key) && !meter)
        t.fail(key, fmt::format("is for a smart meter, and sensor {} is not one", e.sensor),
               "power, counter, reading; or the p1 sensor");
    e.gas = t.number("gas", 0.0, 1e12);
    e.water = t.number("water", 0.0, 1e12);
    e.refused = t.number("refused", 0.0, 1e6);
    e.reading = t.truth("reading");
    if (!e.power && !e.counter && !e.gas && !e.water && !e.refused && !e.reading)
      t.fail("power", "is missing, and so is 'counter'",
             "one or more of power, counter, gas, water, refused, reading");
    if (e.reading == false && (e.power || e.counter))
      t.fail("reading", "is false beside what a reading says", "false alone, or true");
    if (t.has("tolerance")) tolerance(t, e);
    scenario_.expectations.push_back(std::move(e));
  }

  static void tolerance(const TableReader& t, Expectation& e) {
    const std::string allowed = "a percentage as in \"1%\", or a number from 0";
    const toml::node* node = t.node("tolerance");
    const std::string written =
        node->is_number() ? fmt::format("{}", *node->value<double>()) : t.text("tolerance").value_or("");
    std::string_view digits = written;
    if (digits.ends_with('%')) digits.remove_suffix(1);
    double value = 0.0;
    const auto result = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (result.ec != std::errc{} || result.ptr != digits.data() + digits.size() || !(value >= 0.0) ||
        !std::isfinite(value))
      t.fail("tolerance", fmt::format("is '{}'", written), allowed);
    e.tolerance = written;
  }

  const std::filesystem::path& file_;
  toml::table root_;
  Scenario scenario_;
  const BoardModel* board_ = nullptr;
};

}  // namespace

const std::vector<ScenarioTable>& scenario_tables() {
  static const std::vector<ScenarioTable> tables = {
      {"",
       {"board", "duration", "sensor", "waveform", "frontend", "pulses", "host", "expect", "serial", "radio",
        "power", "parts", "supply", "port"}},
      {"sensor", sensor_keys()},
      {"port", port_keys()},
      {"waveform", {"port", "file", "channel", "scale", "rate", "repeat", "amps", "hz", "shape"}},
      {"frontend", {"tau", "noise_lsb", "offset_lsb", "gain", "seed", "clamp_corner", "clamp_saturation"}},
      {"pulses", {"port", "file", "every", "width", "bounce", "bounces"}},
      {"serial", {"port", "file", "at", "every", "each", "baud", "noise", "drop"}},
      {"radio", {"file", "kbit"}},
      {"host", {"at", "send", "reply"}},
      {"power", {"at", "restore", "hold_up", "every", "until"}},
      {"supply", {"volts", "ripple", "hz"}},
      {"parts", {"threshold", "pull_up", "clock_ppm", "rc_percent", "worn", "rise"}},
      {"worn", {"address", "keeps"}},
      {"expect",
       {"sensor", "from", "to", "power", "counter", "gas", "water", "refused", "reading", "tolerance"}},
  };
  return tables;
}

Scenario read_scenario(const std::filesystem::path& file) {
  if (!std::filesystem::is_regular_file(file))
    throw InputError(fmt::format("{}: no such file; allowed: a scenario (.toml)", file.string()));
  return Reader(file).read();
}

}  // namespace flm::sim

#include "tools/flmd/stock/take_over.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "tools/flmd/kubes/kube_types.hpp"
#include "tools/flmd/site/server_address.hpp"
#include "tools/flmd/site/site.hpp"
#include "tools/mainboard/config/config.hpp"

namespace flm::flmd::stock {
namespace {

namespace fs = std::filesystem;
using mainboard::SensorConfig;
using uci::Option;
using uci::Section;

constexpr int kBoardSensors = 6, kMost = 64;
constexpr std::string_view kHex32 = "32 lower-case hex digits";

bool is_hex32(const std::string& text) {
  return text.size() == 32 && text.find_first_not_of("0123456789abcdef") == text.npos;
}

/// A text as TOML: what JSON escapes, TOML reads.
std::string toml_text(const std::string& text) { return nlohmann::json(text).dump(); }

/// A file's sections, and which of their options were of use.
class Sheet {
 public:
  explicit Sheet(const uci::Package& package) : package_(package) {}

  [[nodiscard]] std::string place(int line) const {
    return fmt::format("{}:{}", package_.file.string(), line);
  }
  [[noreturn]] void fail(const Section& s, std::string_view option, const std::string& wrong,
                         std::string_view allowed) const {
    const Option* o = s.find(option);
    throw InputError(fmt::format("{}: {}option '{}' {}; allowed: {}", place(o != nullptr ? o->line : s.line),
                                 named(s), option, wrong, allowed));
  }

  const Section& required(std::string_view name, std::string_view what) const {
    if (const Section* s = package_.find(name)) return *s;
    throw InputError(fmt::format("{}: has no section '{}'; allowed: {}", package_.file.string(), name, what));
  }
  /// One value; `fallback` when the option is absent.
  std::string text(const Section& s, std::string_view option, std::string fallback = {}) {
    const Option* o = s.find(option);
    if (o == nullptr) return fallback;
    used_.insert(o);
    if (o->values.size() != 1) fail(s, option, fmt::format("has {} values", o->values.size()), "one");
    return o->values.front();
  }
  std::string one_of(const Section& s, std::string_view option, const std::vector<std::string>& allowed,
                     std::string fallback) {
    std::string value = text(s, option, std::move(fallback));
    if (std::find(allowed.begin(), allowed.end(), value) == allowed.end())
      fail(s, option, fmt::format("is '{}'", value), fmt::format("{}", fmt::join(allowed, ", ")));
    return value;
  }
  bool truth(const Section& s, std::string_view option, bool fallback) {
    return one_of(s, option, {"0", "1"}, fallback ? "1" : "0") == "1";
  }
  int integer(const Section& s, std::string_view option, int low, int high, int fallback) {
    const Option* o = s.find(option);
    return o == nullptr ? fallback : number_of(s, option, text(s, option), low, high);
  }
  std::vector<int> integers(const Section& s, std::string_view option, int low, int high) {
    std::vector<int> numbers;
    const Option* o = s.find(option);
    if (o == nullptr) return numbers;
    used_.insert(o);
    for (const std::string& value : o->values) numbers.push_back(number_of(s, option, value, low, high));
    return numbers;
  }
  std::string hex32(const Section& s, std::string_view option) {
    const std::string value = text(s, option);
    if (!is_hex32(value))
      fail(s, option, value.empty() ? "is missing" : fmt::format("is '{}'", value), kHex32);
    return value;
  }
  void use(const Section& s, std::string_view option) {
    if (const Option* o = s.find(option)) used_.insert(o);
  }

  /// A line for each section with options that nobody asked for.
  void rest(std::vector<std::string>& notes) const {
    for (const Section& s : package_.sections) {
      std::vector<std::string> names;
      for (const Option& o : s.options)
        if (!used_.contains(&o)) names.push_back(o.name);
      if (!names.empty())
        notes.push_back(
            fmt::format("{}: {}{}: not taken over", place(s.line), named(s), fmt::join(names, ", ")));
    }
  }

 private:
  static std::string named(const Section& s) {
    return fmt::format("section '{}': ", s.name.empty() ? s.type : s.name);
  }
  [[nodiscard]] int number_of(const Section& s, std::string_view option, const std::string& value, int low,
                              int high) const {
    int number = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
    if (error != std::errc{} || end != value.data() + value.size() || number < low || number > high)
      fail(s, option, fmt::format("is '{}'", value), fmt::format("a whole number, {} to {}", low, high));
    return number;
  }

  const uci::Package& package_;
  std::set<const Option*> used_;
};

class Taking {
 public:
  Taking(const uci::Package& flukso, const uci::Package& system, const uci::Package* kube, fs::path state_dir)
      : flukso_(flukso),
        system_(system),
        state_dir_(std::move(state_dir)),
        packages_{&flukso, &system, kube} {
    if (kube != nullptr) kube_.emplace(*kube);
  }

  TakenOver take() {
    identity();
    board();
    network();
    sensors();
    phases();
    write();
    flukso_.rest(out_.notes);
    system_.rest(out_.notes);
    if (kube_) kube_->rest(out_.notes);
    return std::move(out_);
  }

 private:
  void note(int line, const std::string& what) {
    out_.notes.push_back(fmt::format("{}: {}", flukso_.place(line), what));
  }

  void identity() {
    const auto& sections = packages_[1]->sections;
    const auto found = std::find_if(sections.begin(), sections.end(),
                                    [](const Section& s) { return s.find("device") != nullptr; });
    if (found == sections.end())
      throw InputError(
          fmt::format("{}: has no option 'device'; allowed: the file /etc/config/system of a "
                      "Fluksometer that has run once",
                      packages_[1]->file.string()));
    out_.ids.device = system_.hex32(*found, "device");
    out_.ids.key = system_.hex32(*found, "key");
    serial_ = system_.text(*found, "serial");
    system_.use(*found, "model");  // the board's, which `flukso` has too
  }

  void board() {
    main_ = &flukso_.required("main", "the file /etc/config/flukso");
    const int major = flukso_.integer(*main_, "hw_major", 0, 99, 2),
              minor = flukso_.integer(*main_, "hw_minor", 0, 99, 2);
    if (major != 2 || (minor != 1 && minor != 2))
      flukso_.fail(*main_, "hw_minor", fmt::format("makes it hardware {}.{}", major, minor),
                   "2.1 (FLM02A), 2.2 (FLM02B)");
    config_.board = mainboard::find_board(minor == 1 ? "flm02a" : "flm02b");
    for (const char* option : {"sw_major", "sw_minor", "max_sensors", "max_analog_sensors",
                               "max_provisioned_sensors", "uart_rx_invert", "uart_tx_invert", "dsmr"})
      flukso_.use(*main_, option);  // what the board and the sensors say, or as the sensors have it
    const int led = flukso_.integer(*main_, "led_mode", 1, 256, 256);
    if (led > 6 && led != 256)
      flukso_.fail(*main_, "led_mode", fmt::format("is '{}'", led), "1 to 6, 256 for a heartbeat");
    if (config_.board->led_shows != boards::LedShows::heartbeat)
      config_.led = static_cast<std::uint32_t>(led - 1);
    else if (led != 256)
      note(main_->find("led_mode")->line, "led_mode: the LED of an FLM02A only shows a heartbeat");
    if (flukso_.truth(*main_, "reset_counters", false))
      note(main_->find("reset_counters")->line, "reset_counters: counters are kept");
  }

  /// HTTP and the server.
  void network() {
    const Section none;
    const Section* daemon = packages_[0]->find("daemon");
    if (daemon == nullptr) daemon = &none;
    listen_ = flukso_.truth(*daemon, "enable_lan_branch", true) ? "[::]:8080" : "127.0.0.1:8080";
    if (listen_ == "127.0.0.1:8080")
      note(daemon->find("enable_lan_branch")->line,
           "enable_lan_branch is 0: pages and local interface are for this machine only, [http] listen");
    const bool reports = flukso_.truth(*daemon, "enable_wan_branch", true);
    const std::string url = flukso_.text(*daemon, "wan_base_url"), ca = flukso_.text(*daemon, "cacert");
    if (!reports || url.empty()) return;
    try {
      (void)flukso_url(url);
    } catch (const InputError& error) {
      throw InputError(fmt::format("{}: option 'wan_base_url': {}",
                                   flukso_.place(daemon->find("wan_base_url")->line), error.what()));
    }
    report_ = fmt::format("\n[[report]]\nkind = \"flukso\"\nurl = {}\n", toml_text(url));
    if (ca.empty()) return;
    if (::access(ca.c_str(), R_OK) == 0)
      report_ += fmt::format("ca_file = {}\n", toml_text(ca));
    else
      note(daemon->find("cacert")->line,
           fmt::format("cacert: there is no file {}: the server's certificate is checked with the system's; "
                       "[[report]] ca_file names another",
                       ca));
  }

  void sensors() {
    std::map<int, const Section*> sections;
    for (const Section& s : packages_[0]->sections) {
      if (s.type != "sensor" && s.name.find_first_not_of("0123456789") != s.name.npos) continue;
      int number = 0;
      const auto error = std::from_chars(s.name.data(), s.name.data() + s.name.size(), number).ec;
      if (error != std::errc{} || s.name != std::to_string(number) || number < 1 || number > kMost)
        throw InputError(fmt::format("{}: '{}' is no sensor's number; allowed: 1 to {}",
                                     flukso_.place(s.line), s.name, kMost));
      sections[number] = &s;
    }
    std::map<std::string, int> sids;
    for (const auto& [number, s] : sections) {
      const std::string sid = flukso_.hex32(*s, "id");
      if (const auto [other, is_new] = sids.emplace(sid, number); !is_new)
        flukso_.fail(*s, "id", fmt::format("is that of sensor {}", other->second), "an id of its own");
      (number <= kBoardSensors ? out_.ids.sensors : out_.ids.spare)[number] = sid;
    }
    kubes();
    // Those that measure first: what is disabled gives way.
    for (const bool enabled : {true, false})
      for (const auto& [number, s] : sections)
        if (flukso_.truth(*s, "enable", false) == enabled)
          number <= kBoardSensors ? board_sensor(number, *s, enabled) : further_sensor(number, *s, enabled);
    std::sort(config_.sensors.begin(), config_.sensors.end(),
              [](const SensorConfig& a, const SensorConfig& b) { return a.id < b.id; });
  }

  /// A number's id with its recycle id. One whose gauges were kept begins a new series: flmd keeps counters.
  void recycle(const Section& s, const std::string& sid) {
    const int rid = flukso_.integer(s, "rid", 0, 65534, 0);
    const bool gauge = flukso_.one_of(s, "data_type", {"counter", "gauge"}, "counter") == "gauge";
    if (rid + gauge != 0) out_.ids.rids[sid] = rid + gauge;
    if (gauge)
      note(
          s.find("data_type")->line,
          fmt::format(
              "sensor {}: data_type gauge: flmd keeps its counter, under the next recycle id, {}; the gauges "
              "stay under {}",
              s.name, rid + 1, rid));
  }

  void board_sensor(int number, const Section& s, bool enabled) {
    SensorConfig sensor;
    sensor.id = number;
    sensor.enabled = enabled;
    sensor.name = name_of(s);
    const std::string kind = flukso_.text(s, "class");
    const std::string type = flukso_.text(s, "type", "electricity");
    sensor.ports = flukso_.integers(s, "port", 1, 6);
    recycle(s, out_.ids.sensors[number]);
    flukso_.use(s, "floor");  // stock reads it, to no effect
    if (kind == "analog") {
      sensor.sensor_class = SensorClass::analog;
      sensor.voltage = flukso_.integer(s, "voltage", 1, 999, 230);
      sensor.current = flukso_.integer(s, "current", 1, 9999, 50);
      flukso_.use(s, "constant");
      if (type != "electricity")
        flukso_.fail(s, "type", fmt::format("is '{}', of a clamp", type), "electricity");
    } else if (kind == "pulse") {
      sensor.sensor_class = SensorClass::pulse;
      sensor.constant = constant(s);
      const std::vector<std::string> types = {"electricity", "gas", "water"};
      sensor.type = static_cast<SensorType>(
          std::find(types.begin(), types.end(), flukso_.one_of(s, "type", types, type)) - types.begin());
      flukso_.use(s, "voltage");
      flukso_.use(s, "current");
    } else {
      if (kind == "uart" && !enabled) return;
      if (!kind.empty() || enabled)
        note(s.line, fmt::format("sensor {}: class '{}': flmd has none such on the board; its id is kept",
                                 number, kind));
      return;
    }
    // The counter is the board's; with it flmd's user sets it there.
    const std::string counter = flukso_.text(s, "counter");
    if (enabled) out_.counters.push_back({number, out_.ids.sensors[number], counter});
    add(sensor, s);
  }

  /// Wh or litre per pulse.
  double constant(const Section& s) {
    const std::string text = flukso_.text(s, "constant", "1");
    const auto point = text.find('.');
    const bool right =
        !text.empty() && text.front() != '.' && text.size() <= 9 &&
        text.find_first_not_of("0123456789.") == text.npos &&
        (point == text.npos || (text.find('.', point + 1) == text.npos && text.size() - point <= 4));
    const double value = right ? std::stod(text) : 0.0;
    if (value < 0.001 || value > 65535.999)
      flukso_.fail(s, "constant", fmt::format("is '{}'", text), "0.001 to 65535.999, three decimals at most");
    return value;
  }

  /// The sensor's name; no two have the same one.
  std::string name_of(const Section& s) {
    std::string name = flukso_.text(s, "function");
    if (name.empty() || names_.insert(name).second) return name;
    for (int i = 2;; ++i)
      if (const std::string other = fmt::format("{} {}", name, i); names_.insert(other).second) {
        note(s.line,
             fmt::format("sensor {}: another is called '{}': this one is '{}' now", s.name, name, other));
        return other;
      }
  }

  /// Adds a sensor that the board can have. One that is disabled and cannot be keeps its id and name.
  void add(SensorConfig sensor, const Section& s) {
    const auto refuse = [&](const std::string& wrong) {
      throw InputError(fmt::format("{}: sensor {}: {}", flukso_.place(s.line), sensor.id, wrong));
    };
    config_.sensors.push_back(sensor);
    const std::string wrong = complaint();
    if (wrong.empty()) return;
    if (sensor.enabled) refuse(wrong);
    SensorConfig bare;
    bare.id = sensor.id;
    bare.has_class = bare.enabled = false;
    bare.name = sensor.name;
    config_.sensors.back() = bare;
    if (const std::string name_is_wrong = complaint(); !name_is_wrong.empty()) refuse(name_is_wrong);
    if (!sensor.ports.empty())
      note(s.line,
           fmt::format("sensor {}, which is disabled, keeps its id and name only: {}", sensor.id, wrong));
  }

  /// What flmctl's reader says of the board's configuration so far.
  [[nodiscard]] std::string complaint() const {
    try {
      (void)mainboard::read_config("flukso", mainboard::config_text(config_));
      return {};
    } catch (const InputError& error) {
      const std::string text = error.what();
      const auto key = text.find("key '");
      return key == text.npos ? text : text.substr(key + 4);
    }
  }

  void phases() {
    if (flukso_.integer(*main_, "phase", 1, 3, 1) != 3) return;
    config_.phases = 3;
    if (complaint().empty()) return;
    config_.phases.reset();
    note(main_->find("phase")->line,
         "phase is 3 while sensor 1 has not all clamps: not taken over, each sensor's ports say the same");
  }

  void further_sensor(int number, const Section& s, bool enabled) {
    const std::string kind = flukso_.text(s, "class");
    if (kind.empty() && s.find("rid") == nullptr && !enabled) return;  // free: its id stays spare
    if (kind == "kube" || (kind.empty() && s.find("rid") != nullptr && !enabled))
      return kube_value(number, s, kind);
    const std::string type = flukso_.text(s, "type");
    const bool has_line = config_.board->meter_line == boards::MeterLine::main_board;
    const std::string protocol = flukso_.text(s, "protocol", "dlms");
    std::string& sid = out_.ids.spare[number];
    if (kind == "cosem" && protocol == "dlms" && has_line && type == "electricity" &&
        flukso_.truth(s, "derive", true) && config_.sensor(kBoardSensors) == nullptr) {
      net_sensor(number, s, enabled);
    } else if (kind == "cosem" && protocol == "dlms" && has_line && type == "gas" &&
               !flukso_.truth(s, "derive", false) && !out_.ids.registers.contains("gas")) {
      recycle(s, sid);
      take_number(number);
      out_.ids.registers["gas"] = number;
      meter(s);
      const std::string name = flukso_.text(s, "function");
      note(s.line, fmt::format("sensor {}: is called 'smart meter gas' now, before '{}'", number, name));
    } else {
      recycle(s, sid);
      take_number(number);
      note(s.line,
           fmt::format("sensor {}: class '{}', type '{}': flmd measures none such; id and history are kept",
                       number, kind, type));
    }
  }

  /// A smart meter's net energy is the board's sensor 6, with the id and so the history that it has.
  void net_sensor(int number, const Section& s, bool enabled) {
    const std::string of_six = out_.ids.sensors[kBoardSensors];
    out_.ids.sensors[kBoardSensors] = out_.ids.spare[number];
    out_.ids.spare.erase(number);
    if (!of_six.empty()) out_.ids.spare[number] = of_six;
    recycle(s, out_.ids.sensors[kBoardSensors]);
    SensorConfig sensor;
    sensor.id = kBoardSensors;
    sensor.sensor_class = SensorClass::p1;
    sensor.ports = {config_.board->meter_port};
    sensor.enabled = enabled;
    sensor.name = name_of(s);
    sensor.invert_rx = flukso_.truth(*main_, "uart_rx_invert", false);
    sensor.invert_tx = flukso_.truth(*main_, "uart_tx_invert", false);
    meter(s);
    sensor.without_crc = slow_;
    add(sensor, s);
    note(s.line, fmt::format("sensor {} is sensor {} now, with its id and history", number, kBoardSensors));
  }

  void meter(const Section& s) {
    flukso_.use(s, "obis");  // flmd measures every register that it knows
    const std::string port = flukso_.text(s, "port", "ttyS0");
    if (port.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") != port.npos)
      flukso_.fail(s, "port", fmt::format("is '{}'", port), "a serial device's name, such as ttyS0");
    meter_ = "/dev/" + port;
    slow_ = flukso_.one_of(*main_, "dsmr", {"2.2", "4.0"}, "4.0") == "2.2";
  }

  void take_number(int number) {
    out_.ids.sensors[number] = out_.ids.spare[number];
    out_.ids.spare.erase(number);
  }

  void kubes() {
    if (!kube_) return;
    const Section* main = packages_[2]->find("main");
    if (main == nullptr) return;
    KubeState state;
    state.collect_group = kube_->integer(*main, "collect_group", 0, 250, 0);
    for (const char* option : {"max_nodes", "null_key", "cache"}) kube_->use(*main, option);
    if (kube_->integer(*main, "pair_group", 0, 255, 212) != 212)
      note_kube(main->find("pair_group")->line, "pair_group: flmd pairs in group 212");
    if (kube_->truth(*main, "encryption", false))
      note_kube(main->find("encryption")->line,
                "encryption: flmd has none, and cannot read what kubes send with it");
    if (!config_.board->has_radio() || state.collect_group == 0) return;  // stock's first boot sets it
    state.key = kube_->hex32(*main, "key");
    for (const Section& s : packages_[2]->sections) {
      if (s.type != "node") continue;
      int kid = 0;
      const auto error = std::from_chars(s.name.data(), s.name.data() + s.name.size(), kid).ec;
      if (error != std::errc{} || s.name != std::to_string(kid) || kid < 1 || kid > kids_max)
        throw InputError(fmt::format("{}: '{}' is no kube's number; allowed: 1 to {}", kube_->place(s.line),
                                     s.name, kids_max));
      if (!kube_->truth(s, "enable", s.find("hw_id") != nullptr)) continue;  // it was removed
      state.kubes[kid] = {kube_->hex32(s, "hw_id"), kube_->integer(s, "hw_type", 1, 65535, 0),
                          kube_->integer(s, "sw_version", 0, 65535, 0), kube_->text(s, "name")};
      if (state.kubes[kid].hw_type == 0) kube_->fail(s, "hw_type", "is missing", "1 to 65535");
      if (types_.find(state.kubes[kid].hw_type) == nullptr)
        note_kube(s.line,
                  fmt::format("kube {}: flmd does not know its type {}; [kubes] types can say what it sends",
                              kid, state.kubes[kid].hw_type));
    }
    out_.kubes = std::move(state);
  }

  void note_kube(int line, const std::string& what) {
    out_.notes.push_back(fmt::format("{}: {}", kube_->place(line), what));
  }

  void kube_value(int number, const Section& s, const std::string& kind) {
    if (!out_.kubes && config_.board->has_radio())
      throw InputError(
          fmt::format("{}: sensor {} is a kube's, and there is no network of kubes; allowed: the file "
                      "/etc/config/kube too",
                      flukso_.place(s.line), number));
    const std::string sid = out_.ids.spare[number];
    take_number(number);
    KubeSlot slot;
    slot.rid = flukso_.integer(s, "rid", 0, 65535, 0);
    const bool gauge = flukso_.one_of(s, "data_type", {"counter", "gauge"}, "counter") == "gauge";
    flukso_.use(s, "function");  // flmd's name is the kube's with the type
    if (!out_.kubes) {
      if (slot.rid != 0) out_.ids.rids[sid] = slot.rid;
      note(s.line, fmt::format("sensor {}: an FLM02A has no radio; id and history are kept", number));
      return;
    }
    if (kind == "kube") {
      slot.kid = flukso_.integer(s, "kid", 1, kids_max, 0);
      slot.type = flukso_.text(s, "type");
      if (slot.kid == 0) flukso_.fail(s, "kid", "is missing", fmt::format("1 to {}", kids_max));
      const auto& slots = out_.kubes->slots;
      const bool twice = std::any_of(slots.begin(), slots.end(), [&](const auto& other) {
        return other.second.kid == slot.kid && other.second.type == slot.type;
      });
      const auto kube = out_.kubes->kubes.find(slot.kid);
      if (kube == out_.kubes->kubes.end() || twice || !is_kept(kube->second, slot.type, gauge)) {
        note(s.line,
             fmt::format(
                 "sensor {}: {} of kube {}: {}; its number is free for another, under the next recycle id",
                 number, slot.type, slot.kid,
                 kube == out_.kubes->kubes.end() ? "there is no such kube"
                 : twice                         ? "it has another sensor of this type"
                                                 : "flmd keeps no such values of it"));
        slot.kid = 0;
      }
    }
    out_.kubes->slots[number] = slot;
  }

  /// False: flmd keeps the other of counter and gauge. What it does not know may be known later.
  [[nodiscard]] bool is_kept(const KubeRecord& kube, const std::string& value_type, bool gauge) const {
    if (const KubeType* type = types_.find(kube.hw_type))
      for (const KubePacket& packet : type->packets)
        for (const KubeValue& value : packet.values)
          if (value.type == value_type) return value.counter != gauge;
    return true;
  }

  void write() {
    const std::string board = mainboard::config_text(config_);
    std::string& text = out_.configuration;
    text =
        "# flmd's configuration, taken over from stock's. flmd(8) has every key; ids and kubes are in the "
        "state folder.\n";
    text += board.substr(board.find("\n\n") + 1);
    // What stock's own main board has; another one may have its board elsewhere.
    text += "\n[link]\nport = \"spi:/dev/spidev1.0\"\n";
    if (!meter_.empty()) text += fmt::format("meter = {}\n", toml_text(meter_));
    if (slow_) text += "meter_baud = 9600\n";
    text += fmt::format("\n[state]\ndir = {}\n", toml_text(state_dir_.string()));
    if (!serial_.empty()) text += fmt::format("\n[device]\nserial = {}\n", toml_text(serial_));
    text += fmt::format("\n[http]\nlisten = [{}]\n", toml_text(listen_));
    text += "\n[mqtt]\nbroker = \"127.0.0.1:1883\"\n";
    text += report_;
  }

  Sheet flukso_, system_;
  std::optional<Sheet> kube_;
  fs::path state_dir_;
  const uci::Package* packages_[3];
  const Section* main_ = nullptr;
  mainboard::Config config_;
  KubeTypes types_;
  std::set<std::string> names_;
  std::string serial_, listen_, report_, meter_;
  bool slow_ = false;
  TakenOver out_;
};

}  // namespace

TakenOver take_over(const uci::Package& flukso, const uci::Package& system, const uci::Package* kube,
                    const fs::path& state_dir) {
  return Taking(flukso, system, kube, state_dir).take();
}

}  // namespace flm::flmd::stock

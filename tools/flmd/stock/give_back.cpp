#include "tools/flmd/stock/give_back.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <utility>

#include "firmware/metering/settings.hpp"  // heartbeat
#include "tools/flmd/kubes/kube_types.hpp"
#include "tools/flmd/site/sensors.hpp"

namespace flm::flmd::stock {
namespace {

using mainboard::SensorConfig;
using uci::Section;

constexpr int kBoardSensors = 6, kMost = 64;
constexpr std::size_t kLongestName = 16;
/// What stock's fp1 provisions a smart meter's two sensors with.
const std::vector<std::string> kNetCodes = {"1-0:1.8.1*255", "1-0:2.8.1*255", "1-0:1.8.2*255",
                                            "1-0:2.8.2*255", "1-0:1.7.0*255", "1-0:2.7.0*255"};
const std::vector<std::string> kGasCodes = {"0-1:24.2.0*255", "0-1:24.2.1*255"};
/// Options that say what a sensor is: set anew.
constexpr std::array kSensorOptions = {"type",    "class",   "data_type", "function", "port",
                                       "voltage", "current", "constant",  "protocol", "obis",
                                       "derive",  "kid",     "rid",       "enable",   "counter"};

std::string flag(bool truth) { return truth ? "1" : "0"; }

class Giving {
 public:
  Giving(const Site& site, const Ids& ids, const KubeState& kubes, Packages before)
      : site_(site), ids_(ids), kubes_(kubes), out_{std::move(before), {}} {}

  GivenBack give() {
    identity();
    main();
    daemon();
    for (const auto& [number, sid] : ids_.spare) {  // free: an id and nothing else
      Section& section = flukso().section("sensor", std::to_string(number));
      for (const char* option : kSensorOptions) section.remove(option);
      section.set("id", sid);
    }
    for (int number = 1; number <= kBoardSensors; ++number) board_sensor(number);
    for (const auto& [number, sid] : ids_.sensors)
      if (number > kBoardSensors) further_sensor(number, sid);
    if (const SensorConfig* meter = site_.board.sensor(kBoardSensors);
        meter != nullptr && meter->has_class && meter->sensor_class == SensorClass::p1)
      net_sensor(*meter);
    int highest = 0;
    for (const Section& s : flukso().sections)
      if (s.type == "sensor") highest = std::max(highest, std::atoi(s.name.c_str()));
    flukso().section("settings", "main").set("max_provisioned_sensors", std::to_string(highest));
    kubes();
    without_counterpart();
    return std::move(out_);
  }

 private:
  uci::Package& flukso() { return out_.packages.flukso; }
  void note(std::string line) { out_.notes.push_back(std::move(line)); }

  void identity() {
    auto& sections = out_.packages.system.sections;
    auto found = std::find_if(sections.begin(), sections.end(), [](const Section& s) {
      return s.type == "system" || s.find("device") != nullptr;
    });
    if (found == sections.end()) found = sections.insert(sections.end(), {"system", "", {}, 0});
    const std::string device = site_.device_id.empty() ? ids_.device : site_.device_id,
                      key = site_.device_key.empty() ? ids_.key : site_.device_key;
    if (device.empty() || key.empty())
      throw InputError(
          fmt::format("{}: has no ids.json; allowed: the state folder of a flmd that has run once",
                      site_.state_dir.string()));
    found->set("model", site_.board.board->hardware_minor == 1 ? "FLM02A" : "FLM02B");
    if (!site_.serial.empty()) found->set("serial", site_.serial);
    found->set("device", device);
    found->set("key", key);
  }

  void main() {
    Section& main = flukso().section("settings", "main");
    const mainboard::Config& board = site_.board;
    main.set("hw_major", std::to_string(board.board->hardware_major));
    main.set("hw_minor", std::to_string(board.board->hardware_minor));
    main.set("max_sensors", std::to_string(kBoardSensors));
    // Ports 2 and 3 are clamps or pulse inputs, where a board can have either.
    const bool pulses = std::any_of(board.sensors.begin(), board.sensors.end(), [&](const SensorConfig& s) {
      return s.has_class && s.sensor_class == SensorClass::pulse &&
             std::any_of(s.ports.begin(), s.ports.end(),
                         [&](int port) { return board.board->is_switched(port); });
    });
    main.set("max_analog_sensors", pulses ? "1" : "3");
    const SensorConfig* first = board.sensor(1);
    main.set("phase", first != nullptr && first->has_class && first->sensor_class == SensorClass::analog &&
                              first->ports.size() == 3
                          ? "3"
                          : "1");
    if (board.board->led_shows != boards::LedShows::heartbeat && board.led)
      main.set("led_mode", *board.led == metering::heartbeat ? "256" : std::to_string(*board.led + 1));
    main.set("reset_counters", "0");
    if (main.find("uart_rx_invert") == nullptr) main.set("uart_rx_invert", "0");
    if (main.find("uart_tx_invert") == nullptr) main.set("uart_tx_invert", "0");
    if (board.board->meter_line == boards::MeterLine::main_board && !site_.port.meter.empty())
      main.set("dsmr", site_.port.meter_baud == 9600 ? "2.2" : "4.0");
  }

  void daemon() {
    Section& daemon = flukso().section("settings", "daemon");
    const auto& listen = site_.listen;
    daemon.set("enable_lan_branch",
               flag(std::any_of(listen.begin(), listen.end(), [](const std::string& address) {
                 return !address.starts_with("127.") && !address.starts_with("[::1]");
               })));
    const auto server = std::find_if(site_.reports.begin(), site_.reports.end(), [](const ReportConfig& r) {
      return r.kind == ReportConfig::Kind::flukso;
    });
    daemon.set("enable_wan_branch", flag(server != site_.reports.end()));
    if (server != site_.reports.end()) daemon.set("wan_base_url", server->url);
    if (server != site_.reports.end() && !server->ca_file.empty())
      daemon.set("cacert", server->ca_file.string());
    for (auto report = site_.reports.begin(); report != site_.reports.end(); ++report)
      if (report != server)
        note(fmt::format("[[report]] {}: stock reports to one Flukso server", report->url));
  }

  /// Options that every sensor of flmd's has, the others removed.
  Section& begin(int number, const std::string& sid) {
    Section& section = flukso().section("sensor", std::to_string(number));
    for (const char* option : kSensorOptions) section.remove(option);
    section.set("id", sid);
    if (const int rid = ids_.rid(sid); rid != 0) section.set("rid", std::to_string(rid));
    return section;
  }

  void board_sensor(int number) {
    const SensorConfig* sensor = site_.board.sensor(number);
    const auto kept = ids_.sensors.find(number);
    const std::string sid = sensor != nullptr && !sensor->sid.empty() ? sensor->sid
                            : kept != ids_.sensors.end()              ? kept->second
                                                                      : "";
    if (sid.empty()) {
      if (sensor == nullptr) return;
      throw InputError(
          fmt::format("{}: sensor {} has no id; allowed: the state folder of a flmd that has run with {}",
                      site_.state_dir.string(), number, site_.board.file));
    }
    if (sensor == nullptr || !sensor->has_class || sensor->sensor_class == SensorClass::p1) {
      // It measures nothing: as it was, or as stock's image has it.
      Section& section = flukso().section("sensor", std::to_string(number));
      section.set("id", sid);
      section.remove("counter");
      if (section.find("class") == nullptr) {
        const std::string function = section.value("function");
        begin(number, sid);
        name(section, number, function);
        section.set("class", number <= 3 ? "analog" : number < kBoardSensors ? "pulse" : "uart");
        section.set_list("port", {std::to_string(number)});
        if (number < kBoardSensors) section.set("type", "electricity");
      }
      section.set("enable", "0");
      if (sensor != nullptr && !sensor->has_class) name(section, number, sensor->name);
      return;
    }
    Section& section = begin(number, sid);
    std::vector<std::string> ports;
    for (const int port : sensor->ports) ports.push_back(std::to_string(port));
    section.set_list("port", ports);
    section.set("enable", flag(sensor->enabled));
    name(section, number, sensor->name);
    if (sensor->sensor_class == SensorClass::analog) {
      section.set("class", "analog");
      section.set("type", "electricity");
      section.set("voltage", fmt::format("{:.0f}", sensor->voltage));
      section.set("current", std::to_string(sensor->current));
      if (std::floor(sensor->voltage) != sensor->voltage)
        note(fmt::format("sensor {}: voltage {}: stock has whole volts: {:.0f}", number, sensor->voltage,
                         sensor->voltage));
      if (sensor->meter_constant)
        note(fmt::format("sensor {}: meter_constant {}: stock has none but that of voltage and current",
                         number, *sensor->meter_constant));
      return;
    }
    section.set("class", "pulse");
    constexpr std::array types = {"electricity", "gas", "water"};
    section.set("type", types[static_cast<std::size_t>(sensor->type)]);
    const auto thousandths = static_cast<history::Milli>(std::llround(sensor->constant * 1000.0));
    section.set("constant", history::decimal(thousandths));
    if (std::abs(sensor->constant * 1000.0 - static_cast<double>(thousandths)) > 1e-6)
      note(fmt::format("sensor {}: {} a pulse: stock has three decimals: {}", number, sensor->constant,
                       history::decimal(thousandths)));
  }

  /// As stock allows it: 16 letters, digits, _, blanks and hyphens, the first of them no blank or hyphen.
  void name(Section& section, int number, const std::string& name) {
    if (name.empty()) return;
    std::string fit;
    for (const char c : name) {
      if ((static_cast<unsigned char>(c) & 0xC0) == 0x80) continue;  // one _ for a character
      const bool letter =
          (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
      fit += letter || (!fit.empty() && (c == ' ' || c == '-')) ? c : '_';
    }
    fit.resize(std::min(fit.size(), kLongestName));
    if (fit != name) note(fmt::format("sensor {}: stock has no name '{}': '{}'", number, name, fit));
    section.set("function", fit);
  }

  void cosem(Section& section, const char* type, bool derive, const std::vector<std::string>& codes,
             const std::string& function) {
    section.set("type", type);
    section.set("function", function);
    section.set("class", "cosem");
    section.set_list("obis", codes);
    const std::string& meter = site_.port.meter;
    section.set("port", meter.starts_with("/dev/") ? meter.substr(5) : "ttyS0");
    section.set("protocol", "dlms");
    section.set("derive", flag(derive));
    section.set("enable", "1");
  }

  /// The smart meter's net energy, which stock has under a number from 7 on: with the id that is free there.
  void net_sensor(const SensorConfig& meter) {
    Section& main = flukso().section("settings", "main");
    main.set("uart_rx_invert", flag(meter.invert_rx));
    main.set("uart_tx_invert", flag(meter.invert_tx));
    if (site_.board.board->meter_line != boards::MeterLine::main_board) {
      note("sensor 6: stock cannot read a smart meter through an FLM02A");
      return;
    }
    int number = kBoardSensors + 1;
    while (number <= kMost && ids_.sensors.contains(number)) ++number;
    if (number > kMost) {
      note("sensor 6: stock has the smart meter under a number from 7 on, and all are taken");
      return;
    }
    const Section* six = std::as_const(out_.packages.flukso).find("6");
    const std::string sid = six->value("id"), rid = six->value("rid");
    const auto spare = ids_.spare.find(number);
    Section& section = begin(number, sid);
    if (!rid.empty()) section.set("rid", rid);
    cosem(section, "electricity", true, kNetCodes, "smart-main");
    name(section, kBoardSensors, meter.name);
    section.set("enable", flag(meter.enabled));
    Section& board = flukso().section("sensor", "6");
    board.remove("rid");
    board.set("id", spare == ids_.spare.end() ? draw_id() : spare->second);
  }

  void further_sensor(int number, const std::string& sid) {
    if (const auto slot = kubes_.slots.find(number); slot != kubes_.slots.end())
      return kube_value(number, sid, slot->second);
    const auto name = std::find_if(ids_.registers.begin(), ids_.registers.end(),
                                   [&](const auto& entry) { return entry.second == number; });
    if (name == ids_.registers.end()) {  // one that flmd does not measure: as it was
      flukso().section("sensor", std::to_string(number)).set("id", sid);
      return;
    }
    const bool has_line = site_.board.board->meter_line == boards::MeterLine::main_board;
    if (has_line && name->first == "net")
      cosem(begin(number, sid), "electricity", true, kNetCodes, "smart-main");
    else if (has_line && name->first == "gas")
      cosem(begin(number, sid), "gas", false, kGasCodes, "smart-main");
    else {
      // Of a class that stock leaves alone; a number with `enable` is given to nobody else.
      Section& section = begin(number, sid);
      section.set("class", "uart");
      section.set("enable", "0");
      note(fmt::format("sensor {}, the smart meter's {}: stock does not measure it", number, name->first));
    }
  }

  void kube_value(int number, const std::string& sid, const KubeSlot& slot) {
    Section& section = begin(number, sid);
    section.set("rid", std::to_string(slot.rid));
    if (slot.kid == 0) return;
    section.set("class", "kube");
    section.set("type", slot.type);
    section.set("kid", std::to_string(slot.kid));
    bool counter = false;
    const auto kube = kubes_.kubes.find(slot.kid);
    const KubeType* type = kube == kubes_.kubes.end() ? nullptr : types_.find(kube->second.hw_type);
    if (type != nullptr)
      for (const KubePacket& packet : type->packets)
        for (const KubeValue& value : packet.values)
          if (value.type == slot.type) counter = value.counter;
    section.set("data_type", counter ? "counter" : "gauge");
    section.set("enable", "1");
  }

  void kubes() {
    if (kubes_.key.empty()) return;
    if (!out_.packages.kube) out_.packages.kube.emplace();
    uci::Package& kube = *out_.packages.kube;
    Section& main = kube.section("settings", "main");
    for (const auto& [option, value] :
         {std::pair{"pair_group", "212"}, {"max_nodes", "30"}, {"encryption", "0"}})
      if (main.find(option) == nullptr) main.set(option, value);
    main.set("collect_group", std::to_string(kubes_.collect_group));
    main.set("key", kubes_.key);
    if (main.find("null_key") == nullptr) main.set("null_key", "0123456789abcdef0123456789abcdef");
    if (main.find("cache") == nullptr) main.set("cache", "/usr/share/kube");
    std::erase_if(kube.sections, [](const Section& s) { return s.type == "node"; });
    for (const auto& [kid, record] : kubes_.kubes) {
      Section& node = kube.section("node", std::to_string(kid));
      node.set("hw_id", record.hw_id);
      node.set("hw_type", std::to_string(record.hw_type));
      node.set("sw_version", std::to_string(record.sw_version));
      if (!record.name.empty()) node.set("name", record.name);
      node.set("enable", "1");
    }
  }

  void without_counterpart() {
    if (!site_.board.ports.empty())
      note("[[port]]: stock's firmware has no smoothing, noise, offset or debounce to set");
    if (site_.board.radio_group &&
        *site_.board.radio_group != static_cast<std::uint32_t>(kubes_.collect_group))
      note(fmt::format("[radio] group {}: stock listens to its kubes' group, {}", *site_.board.radio_group,
                       kubes_.collect_group));
    if (site_.board.radio_rate && *site_.board.radio_rate != 0)
      note("[radio] kbit: stock's firmware has 19.2 only");
    if (site_.mqtt &&
        (site_.mqtt->home_assistant || site_.mqtt->host != "127.0.0.1" || !site_.mqtt->username.empty()))
      note("[mqtt]: stock's broker is its own, without a password; it has no discovery for Home Assistant");
    note(
        "counters are the board's: note them (flmctl counter get) before its firmware is changed, and set "
        "them after");
  }

  const Site& site_;
  const Ids& ids_;
  const KubeState& kubes_;
  KubeTypes types_;
  GivenBack out_;
};

}  // namespace

GivenBack give_back(const Site& site, const Ids& ids, const KubeState& kubes, Packages before) {
  return Giving(site, ids, kubes, std::move(before)).give();
}

}  // namespace flm::flmd::stock

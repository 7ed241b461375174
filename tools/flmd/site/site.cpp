#include "tools/flmd/site/site.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "tools/common/files.hpp"
#include "tools/common/service/host_and_port.hpp"
#include "tools/common/toml_reader.hpp"
#include "tools/flmd/site/server_address.hpp"
#include "tools/history/query/zone.hpp"

namespace flm::flmd {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kHex32 = "32 lower-case hex digits";
constexpr std::size_t kLongestPrefix = 100;  ///< of Home Assistant's topics, bytes

bool is_hex32(const std::string& text) {
  return text.size() == 32 && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

bool has_control(const std::string& text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 0x7F; });
}

class Reader {
 public:
  Reader(const fs::path& file, toml::table root, mainboard::Config board)
      : file_(file), root_(std::move(root)) {
    site_.board = std::move(board);
  }

  Site read() {
    table("link", {"port", "meter", "meter_baud"}, Presence::required, &Reader::link);
    table("state", {"dir", "history_mb"}, Presence::required, &Reader::state);
    table("device",
          {"id", "key", "serial", "globe_led", "wifi_led", "wifi_interface", "button", "button_key",
           "button_short", "button_middle", "button_long"},
          Presence::optional, &Reader::device);
    table("http", {"listen", "announce", "time_zone"}, Presence::optional, &Reader::http);
    table("mqtt", flm::mqtt::broker_keys({"home_assistant", "discovery_prefix"}), Presence::optional,
          &Reader::mqtt);
    table("kubes", {"types", "firmware"}, Presence::optional, &Reader::kubes);
    each_report();
    return std::move(site_);
  }

 private:
  void table(std::string_view name, std::vector<std::string_view> keys, Presence presence,
             void (Reader::*use)(const TableReader&)) {
    read_table(file_, root_, name, std::move(keys), presence, [&](const TableReader& t) { (this->*use)(t); });
  }

  void link(const TableReader& t) {
    const std::string port =
        t.required("port", t.text("port"), "spi:/dev/spidevB.C, a serial device, sim:SCENARIO.toml");
    const std::string meter = t.text("meter").value_or("");
    const auto baud = t.integer("meter_baud", 9'600, 115'200);
    if (baud && meter.empty()) t.fail("meter_baud", "stands without a meter", "meter too");
    t.in_file("port", [&] {
      site_.port = mainboard::parse_port(
          port +
          (meter.empty() ? "" : fmt::format(",meter={},meter_baud={}", meter, baud.value_or(115'200))));
    });
    if (site_.port.kind == mainboard::Port::Kind::flmd)
      t.fail("port", fmt::format("is '{}', another flmd", port),
             "spi:/dev/spidevB.C, a serial device, sim:SCENARIO.toml");
    if (site_.port.kind != mainboard::Port::Kind::sim) return;
    if (fs::path(site_.port.path).is_relative())
      site_.port.path = (file_.parent_path() / site_.port.path).string();
    t.in_file("port", [&] { check_text(site_.port.path, "a scenario (.toml)"); });
  }

  void state(const TableReader& t) {
    const std::string dir = t.required("dir", t.text("dir"), "a folder");
    if (dir.empty()) t.fail("dir", "is empty", "a folder; flmd makes it");
    site_.state_dir = file_.parent_path() / dir;
    if (const auto megabytes = t.integer("history_mb", 1, 1'000'000))
      site_.history = static_cast<std::uint64_t>(*megabytes) * 1'000'000;
  }

  void device(const TableReader& t) {
    for (const auto& [key, value] : {std::pair{"id", &site_.device_id}, {"key", &site_.device_key}}) {
      *value = t.text(key).value_or("");
      if (t.has(key) && !is_hex32(*value)) t.fail(key, "is no id", kHex32);
    }
    site_.serial = t.text("serial").value_or("");
    for (const auto& [key, value] :
         {std::pair{"globe_led", &site_.globe_led}, {"wifi_led", &site_.wifi_led}}) {
      *value = t.text(key).value_or("");
      if (t.has(key) && !value->is_absolute())
        t.fail(key, fmt::format("is '{}'", value->string()), "a folder such as /sys/class/leds/globe");
    }
    site_.wifi_interface = t.text("wifi_interface").value_or("wlan0");
    if (site_.wifi_interface.empty() || site_.wifi_interface.front() == '.' ||
        site_.wifi_interface.find('/') != std::string::npos)
      t.fail("wifi_interface", fmt::format("is '{}'", site_.wifi_interface), "an interface such as wlan0");
    if (t.has("wifi_interface") && site_.wifi_led.empty())
      t.fail("wifi_interface", "stands without a wifi_led", "wifi_led too");
    button(t);
  }

  void button(const TableReader& t) {
    ButtonConfig& button = site_.button;
    button.device = t.text("button").value_or("");
    if (t.has("button") && !button.device.is_absolute())
      t.fail("button", fmt::format("is '{}'", button.device.string()),
             "an input device such as /dev/input/event0");
    for (const char* key : {"button_key", "button_short", "button_middle", "button_long"})
      if (t.has(key) && button.device.empty()) t.fail(key, "stands without a button", "button too");
    if (const auto key = t.integer("button_key", 1, 767)) button.key = static_cast<std::uint16_t>(*key);
    button.commands = {words(t, "button_short"), words(t, "button_middle"), words(t, "button_long")};
  }

  static std::vector<std::string> words(const TableReader& t, const char* key) {
    if (!t.has(key)) return {};
    constexpr std::string_view allowed = "words, a program's name first: [\"nmcli\", \"radio\"]";
    const toml::array* list = t.array(key);
    if (list == nullptr || list->empty()) t.fail(key, "is no list of words", allowed);
    std::vector<std::string> all;
    for (const toml::node& node : *list) {
      const auto word = node.value_exact<std::string>();
      if (!word) t.fail(key, "has an entry that is no text", allowed);
      if (word->find('\0') != std::string::npos || (all.empty() && word->empty()))
        t.fail(key, fmt::format("has the word '{}'", visible(*word)), allowed);
      all.push_back(*word);
    }
    return all;
  }

  void http(const TableReader& t) {
    site_.listen = addresses_to_listen(t);
    site_.announce = t.truth("announce").value_or(true);
    site_.time_zone = t.text("time_zone").value_or("");
    t.in_file("time_zone", [this] { (void)history::Zone(site_.time_zone); });
  }

  void mqtt(const TableReader& t) {
    BrokerConfig broker{flm::mqtt::read_broker(t)};
    broker.home_assistant = t.truth("home_assistant").value_or(false);
    if (const auto prefix = t.text("discovery_prefix")) {
      if (prefix->empty() || prefix->size() > kLongestPrefix || has_control(*prefix) ||
          prefix->find_first_of("+#") != std::string::npos)
        t.fail("discovery_prefix", fmt::format("is '{}'", visible(prefix->substr(0, kLongestPrefix))),
               fmt::format("a topic of up to {} bytes, without + and #", kLongestPrefix));
      broker.discovery_prefix = *prefix;
    }
    site_.mqtt = std::move(broker);
  }

  void kubes(const TableReader& t) {
    if (!site_.board.board->has_radio())
      throw InputError(
          fmt::format("{}:{}: table [kubes] is for a board with a radio; allowed: board = \"flm02b\"",
                      file_.string(), t.line()));
    site_.kubes.types = t.file("types");
    if (const auto folder = t.text("firmware")) {
      site_.kubes.firmware = file_.parent_path() / *folder;
      std::error_code ignored;
      if (!fs::is_directory(site_.kubes.firmware, ignored))
        t.fail("firmware", fmt::format("is {}: no such folder", site_.kubes.firmware.string()),
               "a folder that is there");
    }
  }

  void each_report() {
    const toml::node* node = root_.get("report");
    if (node == nullptr) return;
    const toml::array* tables = node->as_array();
    if (tables == nullptr || !tables->is_homogeneous<toml::table>())
      throw InputError(fmt::format("{}:{}: key 'report' is no list of tables; allowed: [[report]]",
                                   file_.string(), node->source().begin.line));
    for (const toml::node& table : *tables)
      report(TableReader(
          file_, *table.as_table(), "[[report]] ",
          {"kind", "url", "ca_file", "token", "username", "password", "measurement", "gzip", "interval"}));
  }

  void report(const TableReader& t) {
    ReportConfig report;
    const auto kind = t.required("kind", t.one_of("kind", {"flukso", "influx"}), "flukso, influx");
    report.kind = kind == 0 ? ReportConfig::Kind::flukso : ReportConfig::Kind::influx;
    report.url = t.required("url", t.text("url"), "http:// or https:// and a host");
    t.in_file("url", [&] {
      (void)(report.kind == ReportConfig::Kind::flukso ? flukso_url(report.url) : influx_url(report.url));
    });
    report.ca_file = t.file("ca_file");
    if (report.kind == ReportConfig::Kind::flukso)
      for (const char* key : {"token", "username", "password", "measurement", "gzip"})
        if (t.has(key)) t.fail(key, "belongs to influx", "kind, url, ca_file, interval");
    report.token = t.text("token").value_or("");
    t.in_file("token", [&] { check_token(report.token); });
    report.username = t.text("username").value_or("");
    report.password = t.text("password").value_or("");
    report.measurement = t.text("measurement").value_or("flm");
    if (report.measurement.empty() || has_control(report.measurement))
      t.fail("measurement", fmt::format("is '{}'", visible(report.measurement)), "a name, as flm");
    report.gzip = t.truth("gzip").value_or(false);
    if (const auto seconds = t.integer("interval", 1, 86'400))
      report.interval = std::chrono::seconds(*seconds);
    for (const ReportConfig& other : site_.reports)
      if (other.kind == report.kind && other.url == report.url)
        t.fail("url", fmt::format("is '{}', as of a report before", report.url), "each once");
    site_.reports.push_back(std::move(report));
  }

  fs::path file_;
  toml::table root_;
  Site site_;
};

}  // namespace

std::vector<std::string> tables_that_differ(const Site& a, const Site& b) {
  // An id that was drawn is not in the file.
  const auto other_id = [](const std::string& x, const std::string& y) {
    return !x.empty() && !y.empty() && x != y;
  };
  std::vector<std::string> names;
  if (a.port.text != b.port.text || a.port.path != b.port.path) names.emplace_back("[link]");
  if (a.state_dir != b.state_dir || a.history != b.history) names.emplace_back("[state]");
  if (other_id(a.device_id, b.device_id) || other_id(a.device_key, b.device_key) || a.serial != b.serial ||
      a.globe_led != b.globe_led || a.wifi_led != b.wifi_led || a.wifi_interface != b.wifi_interface ||
      a.button != b.button)
    names.emplace_back("[device]");
  if (a.listen != b.listen || a.announce != b.announce || a.time_zone != b.time_zone)
    names.emplace_back("[http]");
  if (a.mqtt != b.mqtt) names.emplace_back("[mqtt]");
  if (a.kubes != b.kubes) names.emplace_back("[kubes]");
  if (a.reports != b.reports) names.emplace_back("[[report]]");
  return names;
}

Site read_site(const fs::path& file) {
  mainboard::Config board = mainboard::read_config(file);
  return Reader(file, parse_toml(file), std::move(board)).read();
}

Site read_site(const fs::path& file, std::string_view text) {
  return Reader(file, parse_toml(file, text), mainboard::read_config(file, text)).read();
}

}  // namespace flm::flmd

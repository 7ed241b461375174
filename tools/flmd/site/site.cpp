#include "tools/flmd/site/site.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>

#include <algorithm>
#include <charconv>
#include <functional>
#include <set>

#include "tools/common/files.hpp"
#include "tools/common/toml_reader.hpp"
#include "tools/flmd/site/server_address.hpp"
#include "tools/history/query/zone.hpp"

namespace flm::flmd {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kHex32 = "32 lower-case hex digits";
constexpr std::string_view kFileThatIsThere = "a file that is there, and has text";
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
    one("link", {"port", "meter", "meter_baud"}, true, [this](const TableReader& t) { link(t); });
    one("state", {"dir", "history_mb"}, true, [this](const TableReader& t) { state(t); });
    one("device",
        {"id", "key", "serial", "globe_led", "wifi_led", "wifi_interface", "button", "button_key",
         "button_short", "button_middle", "button_long"},
        false, [this](const TableReader& t) {
          device(t);
          button(t);
        });
    one("http", {"listen", "announce", "time_zone"}, false, [this](const TableReader& t) { http(t); });
    one("mqtt",
        {"broker", "username", "password_file", "ca_file", "certificate_file", "key_file", "home_assistant",
         "discovery_prefix"},
        false, [this](const TableReader& t) { mqtt(t); });
    one("kubes", {"types", "firmware"}, false, [this](const TableReader& t) { kubes(t); });
    each_report();
    return std::move(site_);
  }

 private:
  void one(const char* name, std::vector<std::string_view> keys, bool required,
           const std::function<void(const TableReader&)>& use) {
    const toml::node* node = root_.get(name);
    if (node == nullptr) {
      if (required)
        throw InputError(fmt::format("{}: table [{}] is missing; allowed: {}", file_.string(), name,
                                     fmt::join(keys, ", ")));
      return;
    }
    const toml::table* table = node->as_table();
    if (table == nullptr)
      throw InputError(fmt::format("{}:{}: key '{}' is no table; allowed: [{}]", file_.string(),
                                   node->source().begin.line, name, name));
    use(TableReader(file_, *table, fmt::format("[{}] ", name), std::move(keys)));
  }

  /// A file that is named, from the configuration's folder on.
  fs::path file(const TableReader& t, const char* key) {
    const auto text = t.text(key);
    if (!text) return {};
    if (text->empty()) t.fail(key, "is empty", kFileThatIsThere);
    const fs::path path = file_.parent_path() / *text;
    in_file(t, key, [&] { check_text(path, kFileThatIsThere); });
    return path;
  }

  /// A complaint of `check`, with file and line.
  void in_file(const TableReader& t, const char* key, const std::function<void()>& check) const {
    try {
      check();
    } catch (const InputError& error) {
      throw InputError(fmt::format("{}:{}: key '{}': {}", file_.string(), t.line(key), key, error.what()));
    }
  }

  void link(const TableReader& t) {
    const std::string port =
        t.required("port", t.text("port"), "spi:/dev/spidevB.C, a serial device, sim:SCENARIO.toml");
    const std::string meter = t.text("meter").value_or("");
    const auto baud = t.integer("meter_baud", 9'600, 115'200);
    if (baud && meter.empty()) t.fail("meter_baud", "stands without a meter", "meter too");
    in_file(t, "port", [&] {
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
    in_file(t, "port", [&] { check_text(site_.port.path, "a scenario (.toml)"); });
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
    const toml::array* listen = t.array("listen");
    if (listen == nullptr) t.fail("listen", "is no list", "a list such as [\"127.0.0.1:8080\"]");
    for (const toml::node& node : *listen) {
      constexpr std::string_view allowed = "IP address and port, \"127.0.0.1:8080\", \"[::]:8080\"";
      const auto text = node.value_exact<std::string>();
      if (!text) t.fail("listen", "has an entry that is no text", allowed);
      const auto place = host_and_port(*text, 0);
      in6_addr unused;
      if (!place || place->second == 0 ||
          inet_pton(text->starts_with('[') ? AF_INET6 : AF_INET, place->first.c_str(), &unused) != 1)
        t.fail("listen", fmt::format("has '{}'", *text), allowed);
      if (std::find(site_.listen.begin(), site_.listen.end(), *text) != site_.listen.end())
        t.fail("listen", fmt::format("has {} twice", *text), "each address once");
      site_.listen.push_back(*text);
    }
    site_.announce = t.truth("announce").value_or(true);
    site_.time_zone = t.text("time_zone").value_or("");
    in_file(t, "time_zone", [this] { (void)history::Zone(site_.time_zone); });
  }

  void mqtt(const TableReader& t) {
    BrokerConfig broker;
    broker.ca_file = file(t, "ca_file");
    const std::string address = t.text("broker").value_or("127.0.0.1");
    const auto place = host_and_port(address, broker.ca_file.empty() ? 1883 : 8883);
    if (!place) t.fail("broker", fmt::format("is '{}'", address), "a host, or host:port");
    std::tie(broker.host, broker.port) = *place;
    broker.username = t.text("username").value_or("");
    broker.password_file = file(t, "password_file");
    broker.certificate_file = file(t, "certificate_file");
    broker.key_file = file(t, "key_file");
    if (!broker.password_file.empty() && broker.username.empty())
      t.fail("password_file", "stands without a username", "username too");
    if (broker.certificate_file.empty() != broker.key_file.empty())
      t.fail(broker.key_file.empty() ? "certificate_file" : "key_file", "stands alone",
             "certificate_file and key_file together");
    if (!broker.certificate_file.empty() && broker.ca_file.empty())
      t.fail("certificate_file", "stands without ca_file", "ca_file too, which turns TLS on");
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
    site_.kubes.types = file(t, "types");
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
    in_file(t, "url", [&] {
      (void)(report.kind == ReportConfig::Kind::flukso ? flukso_url(report.url) : influx_url(report.url));
    });
    report.ca_file = file(t, "ca_file");
    if (report.kind == ReportConfig::Kind::flukso)
      for (const char* key : {"token", "username", "password", "measurement", "gzip"})
        if (t.has(key)) t.fail(key, "belongs to influx", "kind, url, ca_file, interval");
    report.token = t.text("token").value_or("");
    in_file(t, "token", [&] { check_token(report.token); });
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

std::optional<std::pair<std::string, std::uint16_t>> host_and_port(const std::string& text,
                                                                   std::uint16_t usual_port) {
  std::string host = text, port;
  if (text.starts_with('[')) {
    const auto end = text.find(']');
    if (end == text.npos) return std::nullopt;
    host = text.substr(1, end - 1);
    port = text.substr(end + 1);
    if (!port.empty() && port.front() != ':') return std::nullopt;
  } else if (const auto colon = text.rfind(':'); colon != text.npos) {
    host = text.substr(0, colon);
    port = text.substr(colon);
    if (host.find(':') != host.npos) return std::nullopt;  // IPv6 without brackets
  }
  if (host.empty() || host.find_first_of(" /@") != host.npos) return std::nullopt;
  if (port.empty()) return std::pair(host, usual_port);
  std::uint16_t number = 0;
  const char* end = port.data() + port.size();
  const auto result = std::from_chars(port.data() + 1, end, number);
  if (result.ec != std::errc{} || result.ptr != end || number == 0) return std::nullopt;
  return std::pair(host, number);
}

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

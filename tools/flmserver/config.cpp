#include "tools/flmserver/config.hpp"

#include <fmt/format.h>

#include <charconv>
#include <functional>

#include "tools/common/files.hpp"
#include "tools/common/toml_reader.hpp"

namespace flm::server {
namespace {

namespace fs = std::filesystem;

class Reader {
 public:
  explicit Reader(const fs::path& file) : file_(file), root_(parse_toml(file)) {}

  Config read() {
    const TableReader root(file_, root_, "", {"http", "store", "mqtt", "limits"});
    one("http", {"listen", "certificate", "key", "public_url", "sign_up", "proxies", "metrics"}, true,
        [this](const TableReader& t) { http(t); });
    one("store", {"url"}, true, [this](const TableReader& t) {
      config_.store = t.required("url", t.text("url"), "sqlite:FILE, postgresql://user@host/database");
      if (config_.store.starts_with("sqlite:")) {
        const fs::path path = config_.store.substr(7);
        if (path.empty()) t.fail("url", "names no file", "sqlite:FILE");
        config_.store = "sqlite:" + (file_.parent_path() / path).string();
      } else if (!config_.store.starts_with("postgresql://") && !config_.store.starts_with("postgres://")) {
        t.fail("url", fmt::format("is '{}'", config_.store), "sqlite:FILE, postgresql://user@host/database");
      }
    });
    one("mqtt", {"broker", "username", "password_file", "ca_file", "certificate_file", "key_file"}, false,
        [this](const TableReader& t) { mqtt(t); });
    one("limits", {"requests_per_minute"}, false, [this](const TableReader& t) {
      config_.requests_per_minute =
          static_cast<std::size_t>(t.integer("requests_per_minute", 10, 10'000'000)
                                       .value_or(static_cast<std::int64_t>(config_.requests_per_minute)));
    });
    return std::move(config_);
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

  std::vector<std::string> texts(const TableReader& t, const char* key, const char* allowed) {
    std::vector<std::string> result;
    if (!t.has(key)) return result;
    const toml::array* array = t.array(key);
    if (array == nullptr) t.fail(key, "is no list", allowed);
    for (const toml::node& node : *array) {
      const auto text = node.value<std::string>();
      if (!text || text->empty()) t.fail(key, "has something that is no text", allowed);
      result.push_back(*text);
    }
    return result;
  }

  fs::path file(const TableReader& t, const char* key) {
    const auto text = t.text(key);
    if (!text) return {};
    constexpr const char* allowed = "a file that is there, and has text";
    if (text->empty()) t.fail(key, "is empty", allowed);
    const fs::path path = file_.parent_path() / *text;
    try {
      check_text(path, allowed);
    } catch (const InputError& error) {
      throw InputError(fmt::format("{}:{}: key '{}': {}", file_.string(), t.line(key), key, error.what()));
    }
    return path;
  }

  void http(const TableReader& t) {
    constexpr const char* addresses = R"(a list of addresses, as ["127.0.0.1:8090"])";
    config_.listen = texts(t, "listen", addresses);
    if (config_.listen.empty()) t.fail("listen", "names no address", addresses);
    config_.proxies = texts(t, "proxies", R"(a list of IP addresses, as ["127.0.0.1"])");
    const fs::path certificate = file(t, "certificate"), key = file(t, "key");
    if (certificate.empty() != key.empty())
      t.fail(certificate.empty() ? "key" : "certificate", "stands alone", "certificate and key, or neither");
    if (!key.empty()) config_.tls = web::TlsFiles{certificate, key};
    config_.public_url = t.text("public_url").value_or("");
    if (!config_.public_url.empty() && !config_.public_url.starts_with("http://") &&
        !config_.public_url.starts_with("https://"))
      t.fail("public_url", fmt::format("is '{}'", config_.public_url), "https://meter.example");
    config_.sign_up = t.truth("sign_up").value_or(true);
    if (const auto to = t.one_of("metrics", {"nobody", "local", "everybody"}))
      config_.metrics = static_cast<MetricsFor>(*to);
  }

  void mqtt(const TableReader& t) {
    Config::Broker broker;
    constexpr const char* allowed = "HOST or HOST:PORT, as 127.0.0.1:1883";
    const std::string address = t.required("broker", t.text("broker"), allowed);
    const std::size_t colon = address.rfind(':');
    const bool has_port = colon != address.npos && (address.front() != '[' || address[colon - 1] == ']');
    broker.host = address.substr(0, has_port ? colon : address.npos);
    if (broker.host.size() > 2 && broker.host.front() == '[')
      broker.host = broker.host.substr(1, broker.host.size() - 2);
    if (has_port) {
      const char* const end = address.data() + address.size();
      const auto result = std::from_chars(address.data() + colon + 1, end, broker.port);
      if (result.ec != std::errc{} || result.ptr != end || broker.port == 0)
        t.fail("broker", fmt::format("is '{}'", address), allowed);
    }
    if (broker.host.empty() || broker.host.find_first_of(" /@") != broker.host.npos)
      t.fail("broker", fmt::format("is '{}'", address), allowed);
    broker.username = t.text("username").value_or("");
    broker.password_file = file(t, "password_file");
    broker.ca_file = file(t, "ca_file");
    broker.certificate_file = file(t, "certificate_file");
    broker.key_file = file(t, "key_file");
    config_.broker = std::move(broker);
  }

  const fs::path& file_;
  toml::table root_;
  Config config_;
};

}  // namespace

Config read_config(const fs::path& file) { return Reader(file).read(); }

}  // namespace flm::server

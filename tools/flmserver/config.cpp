#include "tools/flmserver/config.hpp"

#include <fmt/format.h>

#include <boost/asio/ip/address.hpp>

#include "tools/common/service/host_and_port.hpp"
#include "tools/common/toml_reader.hpp"

namespace flm::server {
namespace {

namespace fs = std::filesystem;

class Reader {
 public:
  explicit Reader(const fs::path& file) : file_(file), root_(parse_toml(file)) {}

  Config read() {
    const TableReader root(file_, root_, "", {"http", "store", "mqtt", "limits"});
    table("http", {"listen", "certificate", "key", "public_url", "sign_up", "proxies", "metrics"},
          Presence::required, &Reader::http);
    table("store", {"url"}, Presence::required, &Reader::store);
    table("mqtt", mqtt::broker_keys(), Presence::optional, &Reader::broker);
    table("limits", {"requests_per_minute"}, Presence::optional, &Reader::limits);
    return std::move(config_);
  }

 private:
  void table(std::string_view name, std::vector<std::string_view> keys, Presence presence,
             void (Reader::*use)(const TableReader&)) {
    read_table(file_, root_, name, std::move(keys), presence, [&](const TableReader& t) { (this->*use)(t); });
  }

  void http(const TableReader& t) {
    config_.listen = addresses_to_listen(t);
    if (config_.listen.empty()) t.fail("listen", "names no address", "one or more, as [\"127.0.0.1:8090\"]");
    constexpr std::string_view proxies = R"(a list of IP addresses, as ["127.0.0.1"])";
    for (std::string& proxy : t.texts("proxies", proxies)) {
      boost::system::error_code error;
      const auto address = boost::asio::ip::make_address(proxy, error);
      if (error) t.fail("proxies", fmt::format("has '{}'", proxy), proxies);
      config_.proxies.push_back(address.to_string());  // as requests have theirs
    }
    const fs::path certificate = t.file("certificate"), key = t.file("key");
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

  void store(const TableReader& t) {
    config_.store = t.required("url", t.text("url"), "sqlite:FILE, postgresql://user@host/database");
    if (config_.store.starts_with("sqlite:")) {
      const fs::path path = config_.store.substr(7);
      if (path.empty()) t.fail("url", "names no file", "sqlite:FILE");
      config_.store = "sqlite:" + (file_.parent_path() / path).string();
    } else if (!config_.store.starts_with("postgresql://") && !config_.store.starts_with("postgres://")) {
      t.fail("url", fmt::format("is '{}'", config_.store), "sqlite:FILE, postgresql://user@host/database");
    }
  }

  void broker(const TableReader& t) { config_.broker = mqtt::read_broker(t); }

  void limits(const TableReader& t) {
    config_.requests_per_minute =
        static_cast<std::size_t>(t.integer("requests_per_minute", 10, 10'000'000)
                                     .value_or(static_cast<std::int64_t>(config_.requests_per_minute)));
  }

  const fs::path& file_;
  toml::table root_;
  Config config_;
};

}  // namespace

Config read_config(const fs::path& file) { return Reader(file).read(); }

}  // namespace flm::server

// flmserver's configuration.
#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "tools/flmserver/operation/guard.hpp"  // MetricsFor
#include "tools/mqtt/broker.hpp"
#include "tools/web/server.hpp"  // TlsFiles

namespace flm::server {

struct Config {
  std::vector<std::string> listen;   ///< [http]
  std::optional<web::TlsFiles> tls;  ///< [http] certificate, key
  std::string public_url;            ///< [http] as users see it, "https://meter.example"; empty: as they ask
  bool sign_up = true;               ///< [http] anybody may make an account
  std::vector<std::string> proxies;  ///< [http] addresses whose X-Forwarded-For counts
  MetricsFor metrics = MetricsFor::local;   ///< [http]
  std::string store;                        ///< [store] url
  std::optional<mqtt::Broker> broker;       ///< [mqtt]
  std::size_t requests_per_minute = 1'200;  ///< [limits] of one address or token
};

/// Reads and checks the file whole. Throws InputError with file, line, key, what is wrong, what is allowed.
Config read_config(const std::filesystem::path&);

}  // namespace flm::server

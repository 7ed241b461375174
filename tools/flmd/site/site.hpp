// flmd's configuration: a board's configuration (tools/mainboard/config) with what a daemon needs beside it.
#pragma once
#include <array>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tools/mainboard/bus/transport.hpp"
#include "tools/mainboard/config/config.hpp"
#include "tools/mqtt/broker.hpp"

namespace flm::flmd {

/// [mqtt]
struct BrokerConfig : flm::mqtt::Broker {
  bool home_assistant = false;
  std::string discovery_prefix = "homeassistant";
  bool operator==(const BrokerConfig&) const = default;
};

/// [device] button
struct ButtonConfig {
  std::filesystem::path device;                      ///< empty: none
  std::optional<std::uint16_t> key;                  ///< a key's code; absent: any
  std::array<std::vector<std::string>, 3> commands;  ///< short, middle, long; words, or empty
  bool operator==(const ButtonConfig&) const = default;
};

/// [[report]]
struct ReportConfig {
  enum class Kind { flukso, influx };
  Kind kind = Kind::flukso;
  std::string url;
  std::filesystem::path ca_file;
  std::string token, username, password;         ///< influx
  std::string measurement = "flm";               ///< influx
  bool gzip = false;                             ///< influx
  std::optional<std::chrono::seconds> interval;  ///< between two rounds; absent: the kind's own
  bool operator==(const ReportConfig&) const = default;
};

/// [kubes]
struct KubeConfig {
  std::filesystem::path types;     ///< file that adds to the types of kubes; empty: none
  std::filesystem::path firmware;  ///< folder of their images; empty: none
  bool operator==(const KubeConfig&) const = default;
};

struct Site {
  mainboard::Config board;               ///< sensors, ports, radio, LED
  mainboard::Port port;                  ///< [link]
  std::filesystem::path state_dir;       ///< [state]
  std::optional<std::uint64_t> history;  ///< [state] history_mb, bytes; absent: what the file system allows
  std::string device_id, device_key, serial;  ///< [device]; empty: drawn at the first start
  std::filesystem::path globe_led, wifi_led;  ///< [device] folders of /sys/class/leds; empty: none
  std::string wifi_interface;                 ///< [device] whose state the wifi LED shows
  ButtonConfig button;
  std::vector<std::string> listen;  ///< [http] addresses; empty: no HTTP
  bool announce = true;             ///< [http] to the local network, by mDNS
  std::string time_zone;            ///< [http] of nights and months; empty: UTC
  std::optional<BrokerConfig> mqtt;
  std::vector<ReportConfig> reports;
  KubeConfig kubes;
};

/// Reads and checks the file whole. Throws InputError with file, line, key, what is wrong, what is allowed.
Site read_site(const std::filesystem::path&);
/// The same of a text that is to become that file.
Site read_site(const std::filesystem::path&, std::string_view text);

/// Tables beside the board's in which they differ: "[link]", "[mqtt]". A running flmd does not take those
/// over.
std::vector<std::string> tables_that_differ(const Site&, const Site&);

}  // namespace flm::flmd

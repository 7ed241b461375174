// Where an MQTT broker is and who it shall take us for: the same table [mqtt] in flmd's and flmserver's
// configuration.
#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace flm {
class TableReader;
}

namespace flm::mqtt {

struct Broker {
  std::string host = "127.0.0.1";  ///< a name, or an address of IPv4 or IPv6
  std::uint16_t port = 1883;
  std::string username;                 ///< empty: none
  std::filesystem::path password_file;  ///< its first line; empty: none
  std::filesystem::path ca_file;        ///< PEM; with it, and only then, the connection is TLS, 1.2 at least
  std::filesystem::path certificate_file;  ///< PEM, the client's own; empty: none
  std::filesystem::path key_file;          ///< PEM, of that certificate
  bool operator==(const Broker&) const = default;
};

/// The keys of a table that says where a broker is, and further ones of whoever asks.
[[nodiscard]] std::vector<std::string_view> broker_keys(std::vector<std::string_view> further = {});

/// Reads them. Without `broker`: 127.0.0.1; without a port: 1883, with ca_file 8883. Throws InputError, with
/// file, line and key, for what is no address, a file that is not there, and keys that need another one that
/// is missing.
[[nodiscard]] Broker read_broker(const TableReader&);

}  // namespace flm::mqtt

// Where a service is, as people write it.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace flm {

class TableReader;

/// "127.0.0.1:1883", "broker.lan", "[::1]:1883" as host (without brackets) and port, 1 to 65535; nothing if
/// it is none of these. Without a port: `usual_port`.
[[nodiscard]] std::optional<std::pair<std::string, std::uint16_t>> host_and_port(const std::string& text,
                                                                                 std::uint16_t usual_port);

/// The table's key `listen`: IP addresses with a port, each once. Throws InputError, with file and line, for
/// anything else and when there is no list.
[[nodiscard]] std::vector<std::string> addresses_to_listen(const TableReader&);

}  // namespace flm

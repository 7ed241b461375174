// The heartbeat to the Flukso server: how the main board is, and what the server answers.
#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace flm::flmd {

/// What Linux says of this machine; 0 or empty where it does not.
struct HostFacts {
  std::int64_t uptime = 0;                                                ///< s
  std::int64_t memtotal = 0, memcached = 0, membuffers = 0, memfree = 0;  ///< kB
  std::string ip;  ///< IPv4 address of the interface with the default route
};

/// Read from uptime, meminfo and net/route below `proc`.
HostFacts host_facts(const std::filesystem::path& proc = "/proc");

struct Heartbeat {
  bool reset = false;     ///< flmd has started since the server last heard of it
  int version = 0;        ///< of the firmware, as stock counts: 250 was the last
  std::int64_t time = 0;  ///< Unix s
  HostFacts host;
  std::string log;         ///< lines, the newest last
  std::uint16_t port = 0;  ///< of the local REST interface; 0: it has none
};

/// Bytes of the log's end that a heartbeat carries, before they are packed: as many as the stock main board's
/// ring has.
inline constexpr std::size_t log_limit = 16'384;

/// JSON with stock's members in stock's order; `ip` and `port` only together.
std::string heartbeat_body(const Heartbeat&);

struct HeartbeatAnswer {
  std::int64_t upgrade = 0;  ///< version that the server wants to have run; 0: none
  std::int64_t timestamp = 0;
};

/// Nothing when it is not {"upgrade":<whole number from 0>,"timestamp":<whole number>}.
std::optional<HeartbeatAnswer> heartbeat_answer(std::string_view body);

}  // namespace flm::flmd

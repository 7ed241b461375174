#include "tools/flmd/report/heartbeat.hpp"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>

#include <array>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tools/api/hashes.hpp"            // base64
#include "tools/flmd/report/encoding.hpp"  // gzip

namespace flm::flmd {
namespace {

// Name of the interface with the default route; empty when there is none.
std::string default_interface(const std::filesystem::path& proc) {
  std::ifstream stream(proc / "net/route");
  std::string line;
  std::getline(stream, line);  // names of the columns
  while (std::getline(stream, line)) {
    std::istringstream words(line);
    std::string name, destination, gateway, flags, references, use, metric, mask;
    if (words >> name >> destination >> gateway >> flags >> references >> use >> metric >> mask &&
        destination == "00000000" && mask == "00000000")
      return name;
  }
  return {};
}

std::string address_of(const std::string& interface) {
  ifaddrs* list = nullptr;
  if (interface.empty() || getifaddrs(&list) != 0) return {};
  const std::unique_ptr<ifaddrs, decltype(&freeifaddrs)> owner(list, freeifaddrs);
  for (const ifaddrs* one = list; one != nullptr; one = one->ifa_next) {
    if (one->ifa_addr == nullptr || one->ifa_addr->sa_family != AF_INET || interface != one->ifa_name)
      continue;
    std::array<char, INET_ADDRSTRLEN> text{};
    if (inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in*>(one->ifa_addr)->sin_addr, text.data(),
                  text.size()) != nullptr)
      return text.data();
  }
  return {};
}

// The last whole lines that fit.
std::string_view end_of(std::string_view log) {
  if (log.size() <= log_limit) return log;
  log.remove_prefix(log.size() - log_limit);
  const auto line_end = log.find('\n');
  return line_end == std::string_view::npos ? log : log.substr(line_end + 1);
}

}  // namespace

HostFacts host_facts(const std::filesystem::path& proc) {
  HostFacts facts;
  double uptime = 0.0;
  if (std::ifstream(proc / "uptime") >> uptime) facts.uptime = static_cast<std::int64_t>(uptime);
  std::ifstream meminfo(proc / "meminfo");
  for (std::string line; std::getline(meminfo, line);) {
    std::istringstream words(line);
    std::string name;
    std::int64_t kilobytes = 0;
    if (!(words >> name >> kilobytes)) continue;
    if (name == "MemTotal:") facts.memtotal = kilobytes;
    if (name == "Cached:") facts.memcached = kilobytes;
    if (name == "Buffers:") facts.membuffers = kilobytes;
    if (name == "MemFree:") facts.memfree = kilobytes;
  }
  facts.ip = address_of(default_interface(proc));
  return facts;
}

std::string heartbeat_body(const Heartbeat& beat) {
  nlohmann::ordered_json json;
  json["reset"] = beat.reset ? 1 : 0;
  json["version"] = beat.version;
  json["time"] = beat.time;
  json["uptime"] = beat.host.uptime;
  json["memtotal"] = beat.host.memtotal;
  json["memcached"] = beat.host.memcached;
  json["membuffers"] = beat.host.membuffers;
  json["memfree"] = beat.host.memfree;
  json["syslog"] = api::base64(gzip(end_of(beat.log)));
  if (!beat.host.ip.empty() && beat.port != 0) {
    json["ip"] = beat.host.ip;
    json["port"] = std::to_string(beat.port);
  }
  return json.dump();
}

std::optional<HeartbeatAnswer> heartbeat_answer(std::string_view body) {
  const auto json = nlohmann::json::parse(body, nullptr, false);
  if (!json.is_object() || !json.contains("upgrade") || !json.contains("timestamp")) return std::nullopt;
  const auto& upgrade = json["upgrade"];
  const auto& timestamp = json["timestamp"];
  if (!upgrade.is_number_integer() || upgrade < 0 || !timestamp.is_number_integer()) return std::nullopt;
  return HeartbeatAnswer{upgrade.get<std::int64_t>(), timestamp.get<std::int64_t>()};
}

}  // namespace flm::flmd

#include "tools/common/service/host_and_port.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>

#include <algorithm>
#include <charconv>

#include "tools/common/toml_reader.hpp"

namespace flm {

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

std::vector<std::string> addresses_to_listen(const TableReader& t) {
  const toml::array* list = t.array("listen");
  if (list == nullptr) t.fail("listen", "is no list", "a list such as [\"127.0.0.1:8080\"]");
  std::vector<std::string> addresses;
  for (const toml::node& node : *list) {
    constexpr std::string_view allowed = "IP address and port, \"127.0.0.1:8080\", \"[::]:8080\"";
    const auto text = node.value_exact<std::string>();
    if (!text) t.fail("listen", "has an entry that is no text", allowed);
    const auto place = host_and_port(*text, 0);
    in6_addr unused;
    if (!place || place->second == 0 ||
        inet_pton(text->starts_with('[') ? AF_INET6 : AF_INET, place->first.c_str(), &unused) != 1)
      t.fail("listen", fmt::format("has '{}'", *text), allowed);
    if (std::find(addresses.begin(), addresses.end(), *text) != addresses.end())
      t.fail("listen", fmt::format("has {} twice", *text), "each address once");
    addresses.push_back(*text);
  }
  return addresses;
}

}  // namespace flm

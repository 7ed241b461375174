#include "tools/web/access/local_network.hpp"

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <string>

namespace flm::web {

namespace ip = boost::asio::ip;

bool is_local_address(std::string_view text) {
  boost::system::error_code error;
  ip::address address = ip::make_address(std::string(text), error);
  if (error) return false;
  if (address.is_loopback()) return true;
  if (address.is_v6()) {
    if (address.to_v6().is_v4_mapped())
      return is_local_address(ip::make_address_v4(ip::v4_mapped, address.to_v6()).to_string());
    return address.to_v6().is_link_local() || (address.to_v6().to_bytes()[0] & 0xFE) == 0xFC;
  }
  const std::uint32_t bits = address.to_v4().to_uint();
  return bits >> 24 == 10 || bits >> 20 == (172u << 4 | 1) || bits >> 16 == (192u << 8 | 168) ||
         bits >> 16 == (169u << 8 | 254);
}

bool is_from_local_network(const Request& request) {
  if (!is_local_address(request.address)) return false;
  std::string_view host = request.header("Host").value_or("");
  if (host.starts_with('[')) {
    host = host.substr(1, host.find(']') == host.npos ? 0 : host.find(']') - 1);
  } else {
    host = host.substr(0, host.find(':'));
  }
  boost::system::error_code error;
  ip::make_address(std::string(host), error);
  if (!error) return true;
  std::string name(host);
  if (name.ends_with('.')) name.pop_back();
  std::transform(name.begin(), name.end(), name.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  if (name.empty()) return false;
  if (name.find('.') == name.npos) return true;
  for (const char* zone : {".local", ".lan", ".internal", ".localhost", ".home.arpa"})
    if (name.ends_with(zone)) return true;
  return false;
}

}  // namespace flm::web

#include "tools/web/access/client.hpp"

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <string_view>

namespace flm::web {

std::string client_address(const Request& request, const std::vector<std::string>& proxies) {
  const auto is_proxy = [&](std::string_view address) {
    return std::find(proxies.begin(), proxies.end(), address) != proxies.end();
  };
  std::string_view client = request.address, list = request.header("X-Forwarded-For").value_or("");
  while (is_proxy(client) && !list.empty()) {
    const std::size_t comma = list.rfind(',');
    std::string_view last = comma == list.npos ? list : list.substr(comma + 1);
    list = comma == list.npos ? std::string_view() : list.substr(0, comma);
    const std::size_t begin = last.find_first_not_of(" \t");
    if (begin == last.npos) continue;
    last = last.substr(begin, last.find_last_not_of(" \t") - begin + 1);
    if (last.size() > 45) break;  // no address
    client = last;
  }
  return std::string(client);
}

std::string household(std::string_view text) {
  boost::system::error_code error;
  const auto address = boost::asio::ip::make_address(std::string(text), error);
  if (error || !address.is_v6()) return std::string(text);
  const auto bytes = address.to_v6().to_bytes();
  return std::string(bytes.begin(), bytes.begin() + 8);
}

}  // namespace flm::web

#include "tools/web/access/client.hpp"

#include <algorithm>
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

}  // namespace flm::web

// Whose request it is, behind proxies.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "tools/web/exchange/request.hpp"

namespace flm::web {

/// Address of the client: that of the connection, or, when it is one of `proxies`, the last of
/// X-Forwarded-For that is none of them; what stands before it may be the client's own invention.
std::string client_address(const Request&, const std::vector<std::string>& proxies);

/// What counts as one client: an IPv4 address, or the first 64 bits of an IPv6 address, which one household
/// has.
std::string household(std::string_view address);

}  // namespace flm::web

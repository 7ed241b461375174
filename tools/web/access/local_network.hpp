// Whether a request was made from the local network, for what is only allowed there.
#pragma once
#include <string_view>

#include "tools/web/exchange/request.hpp"

namespace flm::web {

/// An address of this machine or a local network: loopback, private (RFC 1918), link-local, unique local (RFC
/// 4193).
bool is_local_address(std::string_view address);

/// The client's address is local, and the browser knows the server by a name that no stranger can own: an IP
/// address, a name of one word, or one of .local, .lan, .internal, .localhost, .home.arpa. A page of
/// attacker.example whose name was turned to this server's address (DNS rebinding) sends its own name.
bool is_from_local_network(const Request&);

}  // namespace flm::web

// Who may publish and read what at the broker.
#pragma once
#include <string>
#include <string_view>

#include "tools/flmserver/accounts/accounts.hpp"

namespace flm::server {

/// mosquitto's acl_file. A device's user name is its id: it may publish below /device/<device> and for its
/// own sensors, and read its answers below /d/device/<device>. `own`: flmserver's user, empty for none, which
/// takes it all and answers. Who has no user name may nothing.
std::string broker_access(Accounts&, std::string_view own);

}  // namespace flm::server

// Who has started flmd and watches it: systemd, where it is there.
#pragma once

namespace flm::flmd {

/// sd_notify(3): "READY=1", "WATCHDOG=1", "STOPPING=1".
void tell_service_manager(const char* state);

}  // namespace flm::flmd

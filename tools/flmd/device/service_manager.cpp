#include "tools/flmd/device/service_manager.hpp"

#include <systemd/sd-daemon.h>

namespace flm::flmd {

void tell_service_manager(const char* state) { sd_notify(0, state); }

}  // namespace flm::flmd

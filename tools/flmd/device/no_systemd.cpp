// A main board without systemd and D-Bus: nobody is told anything.
#include "tools/flmd/device/announcement.hpp"
#include "tools/flmd/device/service_manager.hpp"

namespace flm::flmd {

void tell_service_manager(const char*) {}

class Announcement::Impl {};

Announcement::Announcement(boost::asio::io_context&, Options, Log log) {
  log("mDNS: this flmd is built without D-Bus, and is not announced");
}
Announcement::~Announcement() = default;
void Announcement::set_sensors(std::map<int, std::string>) {}

}  // namespace flm::flmd

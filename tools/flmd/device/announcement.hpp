// flmd's HTTP as services of the local network: mDNS, by Avahi where it is there.
#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace boost::asio {
class io_context;
}

namespace flm::flmd {

/// A service as Avahi is told of it.
struct Service {
  std::string name, type;
  std::uint16_t port;
  std::vector<std::string> txt;  ///< "key=value", 255 bytes at most each
};

/// What a Fluksometer is known by: the stock `_flukso._tcp` with its sensors' ids, and `_http._tcp` of its
/// pages, both with the device's id. `digits` of that are part of the names, as many as it takes to be the
/// only ones. A TXT record has room for about 30 sensors; the first ones are in it.
std::vector<Service> services(const std::string& machine, const std::string& device, std::size_t digits,
                              std::uint16_t port, const std::map<int, std::string>& sensor_ids);

/// Has Avahi announce them over D-Bus, without ever waiting for it. Without the bus or Avahi nothing is done
/// but a line in the log; when Avahi comes, or comes back, they are announced. Never starts Avahi.
class Announcement {
 public:
  using Log = std::function<void(const std::string& line)>;
  struct Options {
    std::string machine;                       ///< its name
    std::string device;                        ///< 32 hex digits
    std::uint16_t port;                        ///< of HTTP
    std::string bus;                           ///< address; empty: the system's
    std::chrono::milliseconds again{60'000};   ///< until what did not work is tried again
    std::chrono::milliseconds answer{25'000};  ///< time for one
  };
  Announcement(boost::asio::io_context&, Options, Log);
  /// The announcement ends with it.
  ~Announcement();

  /// Ids of sensors, by number.
  void set_sensors(std::map<int, std::string> ids);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace flm::flmd

// One tool at a time on a port.
#pragma once
#include <string>

#include "tools/mainboard/bus/transport.hpp"

namespace flm::mainboard {

/// Holds a port's lock file, in /run/lock, $XDG_RUNTIME_DIR or /tmp, whichever can be written first. Ends
/// with the process, however that ends. A simulated board needs none, but its EEPROM file does.
class PortLock {
 public:
  /// Throws InputError with the process that holds it.
  explicit PortLock(const Port&);
  ~PortLock();
  PortLock(const PortLock&) = delete;
  PortLock& operator=(const PortLock&) = delete;

 private:
  int fd_ = -1;
};

}  // namespace flm::mainboard

// One program at a time on a port: who has it, and how an flmd that has it is asked to step aside.
#pragma once
#include <filesystem>
#include <string>

#include "tools/common/input_error.hpp"
#include "tools/mainboard/bus/transport.hpp"

namespace flm::mainboard {

/// Another program has the port.
class PortHeld : public InputError {
 public:
  PortHeld(const std::string& what, std::string flmd_socket)
      : InputError(what), socket(std::move(flmd_socket)) {}
  std::string socket;  ///< of the flmd that has it; empty: it is no flmd, or serves none
};

/// The stock main board's daemon that has a device open, "spid (process 123)"; empty: none. Where its open
/// files cannot be looked at, which is for root and its own user, its name and the kind of device tell.
std::string stock_holder(const std::string& device, const std::filesystem::path& processes = "/proc");

/// Holds a port's lock file, in /run/lock, $XDG_RUNTIME_DIR or /tmp, whichever can be written first. Ends
/// with the process, however that ends. A simulated board needs none, but its EEPROM file does; nor does a
/// board that flmd has.
class PortLock {
 public:
  /// `socket`: where this program, an flmd, serves the bus to others. Throws PortHeld, which names the
  /// program that has it, one of ours or the stock main board's, and the way out; InputError.
  explicit PortLock(const Port&, const std::string& program = "flmctl", const std::string& socket = {});
  ~PortLock();
  PortLock(const PortLock&) = delete;
  PortLock& operator=(const PortLock&) = delete;

 private:
  int fd_ = -1;
};

/// A line of flmd's socket (tools/flmd/board/bus_service.hpp): its client's end.
class FlmdClient {
 public:
  /// Connects, and reads the greeting. Throws InputError: no flmd is there, or it may not be asked.
  explicit FlmdClient(const std::string& socket);
  ~FlmdClient();
  FlmdClient(const FlmdClient&) = delete;
  FlmdClient& operator=(const FlmdClient&) = delete;

  /// A line there, a line back. Throws NoAnswer: flmd is gone, silent, or says no.
  [[nodiscard]] std::string ask(const std::string& line);
  /// Asks flmd to step aside, which it does until this object, or the program, ends. Throws like ask().
  void take_board();

  [[nodiscard]] const std::string& port() const { return port_; }  ///< flmd's own, as its file has it
  [[nodiscard]] double speed() const { return speed_; }  ///< seconds of the board's time in a real one

 private:
  [[nodiscard]] std::string line();

  std::string socket_, buffer_, port_;
  int fd_ = -1;
  double speed_ = 1.0;
};

}  // namespace flm::mainboard

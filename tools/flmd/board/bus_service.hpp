// The board for other programs while flmd has it: a local socket on which flmctl asks, or has flmd step
// aside.
#pragma once
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "tools/mainboard/readings/records.hpp"

namespace boost::asio {
class io_context;
}

namespace flm::flmd {

/// Lines, LF at the end. flmd greets: `flmd 1 SPEED PORT`. Then a line there, a line back:
///
/// * `ask HEX`: a message of the control link, its characters. Back: `answer HEX`, what was read from the
///   board, empty when nothing came. `gd` is answered from flmd's own polls: what has changed since this
///   client's last one, all at first. So none takes a reading from the other.
/// * `aside`: flmd lets the port go, and takes it again when this connection ends, however that ends. Back:
///   `aside`.
/// * `no SENTENCE` instead: it cannot be. After a line that is none of these the connection is closed.
///
/// A client is heard again when it has its answer, so that none can fill flmd's memory or keep the board.
class BusService {
 public:
  /// How the board is reached; the callbacks that are given along are called on the loop, each once, unless
  /// the board is given back before.
  struct Owner {
    std::function<void(std::string message, std::function<void(const std::string&, const std::string&)>)> ask;
    std::function<void(std::string who, std::function<void()> gone)> step_aside;
    std::function<void()> come_back;
  };
  static constexpr std::size_t most_clients = 8, longest_line = 2048;

  /// Listens at `socket`, for root and its group. Throws InputError: another flmd does, the path is too long,
  /// it is something else than a socket, no permission.
  BusService(boost::asio::io_context&, const std::filesystem::path& socket, std::string greeting, Owner);
  ~BusService();
  BusService(const BusService&) = delete;
  BusService& operator=(const BusService&) = delete;

  /// A record of flmd's own polls.
  void record(const mainboard::Record&);
  void stop();

 private:
  class Client;
  class Listener;
  std::shared_ptr<Listener> listener_;
};

/// Where flmd has its socket: in the folder that systemd gave it, else in its state folder.
std::filesystem::path bus_socket(const std::filesystem::path& state_folder);
/// `flmd 1 SPEED PORT`; a simulated board's time goes SPEED times as fast.
std::string bus_greeting(double speed, const std::string& port);

}  // namespace flm::flmd

// The real mosquitto and its clients, started and ended by a test, on loopback and a free port.
#pragma once
#include <chrono>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "tests/sim/temporary_folder.hpp"

namespace boost::asio {
class io_context;
}

namespace flm::test {

/// A program of our own starting, killed at the end.
class Process {
 public:
  /// Output is collected; an empty list starts nothing. Throws when the program cannot be started.
  explicit Process(std::vector<std::string> arguments = {});
  Process(Process&&) noexcept;
  Process& operator=(Process&&) noexcept;
  ~Process();

  void kill(int signal);
  /// Waits for the end; its exit status, or -1 after a signal.
  int wait();
  /// Lines of standard output so far; the last one only when it has ended.
  const std::vector<std::string>& lines();

 private:
  void end();

  int id_ = -1, output_ = -1;
  std::string rest_;
  std::vector<std::string> lines_;
};

/// Runs the program to its end; throws unless it succeeds.
void run(std::vector<std::string> arguments);

/// Runs the loop until it holds; false after `longest`.
bool until(boost::asio::io_context&, const std::function<bool()>& holds,
           std::chrono::milliseconds longest = std::chrono::seconds(10));

class Broker {
 public:
  /// `lines`: what its configuration has beside the listener; none: everybody may come.
  explicit Broker(std::vector<std::string> lines = {});

  void start();  ///< returns when it takes connections
  void kill();   ///< as a power cut
  [[nodiscard]] int port() const { return port_; }
  [[nodiscard]] std::filesystem::path folder() const { return folder_.path(); }

  /// mosquitto_sub of everything, QoS 1: "topic qos retained payload" a line. Returns when it has subscribed.
  [[nodiscard]] Process watch() const;
  /// What it has kept, in order of topics, as watch() says it.
  [[nodiscard]] std::vector<std::string> kept() const;
  /// It keeps just that, or soon will.
  [[nodiscard]] bool keeps(const std::vector<std::string>& lines) const;
  void publish(const std::string& topic, const std::string& payload, bool retain = false) const;

 private:
  [[nodiscard]] std::vector<std::string> client(const std::string& program) const;

  TemporaryFolder folder_;
  int port_;
  Process process_;
};

}  // namespace flm::test

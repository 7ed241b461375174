// A command of the configuration, run beside the loop.
#pragma once
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace boost::asio {
class io_context;
}

namespace flm::flmd {

/// Runs commands, one at a time. No shell has part in it: the first word is the program, looked for in PATH,
/// the others are its arguments. It gets no input, none of flmd's files and none of its signals' handlers;
/// what it writes goes to the log line by line, 100 lines at most, and so does how it ends.
class CommandRunner {
 public:
  using Log = std::function<void(const std::string& line)>;
  struct Limits {
    std::chrono::milliseconds time{60'000};  ///< then SIGTERM to all that it started
    std::chrono::milliseconds grace{5'000};  ///< after that, SIGKILL
  };
  CommandRunner(boost::asio::io_context&, Log, Limits);
  CommandRunner(boost::asio::io_context& loop, Log log) : CommandRunner(loop, std::move(log), Limits{}) {}
  /// A command that runs goes on.
  ~CommandRunner();

  /// `words` are at least one. While another command runs, nothing is done but a line in the log.
  void run(const std::vector<std::string>& words);
  [[nodiscard]] bool busy() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace flm::flmd

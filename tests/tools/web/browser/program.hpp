// Programs that a test starts, and ends with it.
#pragma once
#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

namespace flm::browser {

/// A running program. Its words go to a file.
class Program {
 public:
  /// Throws std::runtime_error when it cannot be started.
  Program(const std::vector<std::string>& command, std::filesystem::path words);
  /// end()
  ~Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  /// SIGTERM, and SIGKILL when it has not ended 10 s later.
  void end();
  /// SIGKILL
  void kill();
  /// SIGSTOP, SIGCONT
  void freeze(bool still);
  [[nodiscard]] bool runs();
  /// What it has said so far.
  [[nodiscard]] std::string words() const;

 private:
  std::filesystem::path words_;
  pid_t pid_ = -1;
};

/// Whether somebody listens on it before the time is over.
bool listens(int port, std::chrono::seconds within);

}  // namespace flm::browser

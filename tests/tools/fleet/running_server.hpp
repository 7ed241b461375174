// flmserver as a process, that a test kills and starts again.
#pragma once
#include <sys/types.h>

#include <filesystem>
#include <string>

#include "tests/sim/temporary_folder.hpp"
#include "tools/fleet/connection.hpp"
#include "tools/flmserver/store/database.hpp"

namespace flm::test {

class RunningServer {
 public:
  /// `store`: URL of its store, as a configuration has it.
  RunningServer(std::filesystem::path program, const std::string& store);
  ~RunningServer();
  RunningServer(const RunningServer&) = delete;
  RunningServer& operator=(const RunningServer&) = delete;

  /// Returns when it answers; a server whose database is away is started until it is back. Throws after 30 s.
  void start();
  /// Without a chance to end anything.
  void kill();
  [[nodiscard]] fleet::Address address() const { return {"127.0.0.1", std::to_string(port_)}; }
  [[nodiscard]] pid_t id() const { return id_; }

 private:
  std::filesystem::path program_;
  TemporaryFolder folder_;
  int port_;
  pid_t id_ = -1;
};

/// The process of the PostgreSQL server that has accepted a connection.
pid_t postgres_of(server::Database&);
/// s of processor time of a process, its children and those of them that have ended.
double processor_s(pid_t);
/// Highest resident memory of a process, MB.
double peak_megabytes(pid_t);

}  // namespace flm::test

// Ctrl-C and its like end the work, not the program: what is written stays whole, and the user is told what
// is missing.
#pragma once
#include <csignal>

namespace flm {

/// While one is there, SIGINT, SIGTERM and SIGHUP are noted, and interrupt a system call that waits. More of
/// them are not more: some programs send two.
class StopOnSignal {
 public:
  StopOnSignal();
  ~StopOnSignal();
  StopOnSignal(const StopOnSignal&) = delete;
  StopOnSignal& operator=(const StopOnSignal&) = delete;

  /// The signal that came while one was there; 0: none.
  [[nodiscard]] static int came();

 private:
  struct sigaction before_[3];
};

/// A signal came while a StopOnSignal was there.
[[nodiscard]] inline bool stopped() { return StopOnSignal::came() != 0; }

}  // namespace flm

// Ctrl-C and SIGTERM end the work, not the program: what is written stays whole, and the user is told what is
// missing.
#pragma once
#include <csignal>

namespace flm::sim {

/// While one of these lives, SIGINT and SIGTERM are noted, and interrupt a wait. A second one is not more:
/// some programs send two.
class StopOnSignal {
 public:
  StopOnSignal() {
    struct sigaction action {};
    action.sa_handler = [](int signal) { came_ = signal; };
    sigaction(SIGINT, &action, &before_[0]);
    sigaction(SIGTERM, &action, &before_[1]);
  }
  ~StopOnSignal() {
    sigaction(SIGINT, &before_[0], nullptr);
    sigaction(SIGTERM, &before_[1], nullptr);
  }
  StopOnSignal(const StopOnSignal&) = delete;
  StopOnSignal& operator=(const StopOnSignal&) = delete;

  /// The signal that came; 0: none.
  [[nodiscard]] static int came() { return came_; }

 private:
  static inline volatile std::sig_atomic_t came_ = 0;
  struct sigaction before_[2];
};

}  // namespace flm::sim

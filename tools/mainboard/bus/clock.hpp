// This machine's time, and ctrl-C as something that ends a wait.
#pragma once
#include <csignal>

namespace flm::ctl {

/// While one is there, SIGINT, SIGTERM and SIGHUP do not end the program: stopped() tells of them.
class StopOnSignal {
 public:
  StopOnSignal();
  ~StopOnSignal();
  StopOnSignal(const StopOnSignal&) = delete;
  StopOnSignal& operator=(const StopOnSignal&) = delete;

 private:
  struct sigaction before_[3];
};

/// A signal came while a StopOnSignal was there.
[[nodiscard]] bool stopped();

/// s on a clock that only goes forward.
[[nodiscard]] double steady_now();
/// Sleeps so many s, signals or not: a board needs its time for a reply, also for those that put back what
/// ctrl-C interrupted.
void sleep_for(double seconds);

}  // namespace flm::ctl

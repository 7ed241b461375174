#include "tools/mainboard/bus/clock.hpp"

#include <time.h>

#include <cerrno>
#include <chrono>
#include <cmath>

namespace flm::ctl {
namespace {

volatile std::sig_atomic_t signalled = 0;
constexpr int kSignals[] = {SIGINT, SIGTERM, SIGHUP};

}  // namespace

StopOnSignal::StopOnSignal() {
  signalled = 0;
  struct sigaction action {};
  action.sa_handler = [](int) { signalled = 1; };
  for (int i = 0; i < 3; ++i) sigaction(kSignals[i], &action, &before_[i]);
}

StopOnSignal::~StopOnSignal() {
  for (int i = 0; i < 3; ++i) sigaction(kSignals[i], &before_[i], nullptr);
  signalled = 0;
}

bool stopped() { return signalled != 0; }

double steady_now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

void sleep_for(double seconds) {
  if (!(seconds > 0.0)) return;
  timespec left{};
  left.tv_sec = static_cast<time_t>(seconds);
  left.tv_nsec = static_cast<long>(std::fmod(seconds, 1.0) * 1e9);
  while (nanosleep(&left, &left) != 0 && errno == EINTR) {
  }
}

}  // namespace flm::ctl

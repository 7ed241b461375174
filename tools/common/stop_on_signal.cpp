#include "tools/common/stop_on_signal.hpp"

namespace flm {
namespace {

volatile std::sig_atomic_t noted = 0;
constexpr int kSignals[] = {SIGINT, SIGTERM, SIGHUP};

}  // namespace

StopOnSignal::StopOnSignal() {
  noted = 0;
  struct sigaction action {};
  action.sa_handler = [](int signal) { noted = signal; };
  for (int i = 0; i < 3; ++i) sigaction(kSignals[i], &action, &before_[i]);
}

StopOnSignal::~StopOnSignal() {
  for (int i = 0; i < 3; ++i) sigaction(kSignals[i], &before_[i], nullptr);
  noted = 0;
}

int StopOnSignal::came() { return noted; }

}  // namespace flm

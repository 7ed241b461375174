#include "tools/mainboard/bus/clock.hpp"

#include <time.h>

#include <cerrno>
#include <chrono>

namespace flm::mainboard {
Time steady_now() { return std::chrono::steady_clock::now().time_since_epoch(); }

void sleep_for(Time span) {
  if (span <= 0ns) return;
  timespec left{};
  left.tv_sec = static_cast<time_t>(span / 1s);
  left.tv_nsec = static_cast<long>((span % 1s).count());
  while (nanosleep(&left, &left) != 0 && errno == EINTR) {
  }
}

}  // namespace flm::mainboard

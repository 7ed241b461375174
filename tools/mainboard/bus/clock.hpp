// This machine's time.
#pragma once
#include "tools/mainboard/link/time.hpp"

namespace flm::mainboard {

/// This machine's time since its start.
[[nodiscard]] Time steady_now();
/// Sleeps so long, signals or not: a board needs its time for a reply, also for those that put back what
/// ctrl-C interrupted.
void sleep_for(Time);

}  // namespace flm::mainboard

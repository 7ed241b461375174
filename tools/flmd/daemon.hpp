// flmd: board -> readings -> subscribers, on one loop.
#pragma once
#include <filesystem>

#include "tools/flmd/board/board_thread.hpp"
#include "tools/flmd/board/clock.hpp"

namespace flm::flmd {

/// Runs until SIGTERM or SIGINT; 0. SIGHUP reads the configuration anew, its board's part. Throws InputError
/// before anything runs.
int run_daemon(const std::filesystem::path& configuration);

/// The same in a time of the caller's, with a board that `opener` brings: for tests, in which a day passes in
/// seconds.
int run_daemon(const std::filesystem::path& configuration, SiteClock&, BoardThread::Opener opener);

}  // namespace flm::flmd

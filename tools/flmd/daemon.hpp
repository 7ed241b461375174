// flmd: board -> readings -> subscribers, on one loop.
#pragma once
#include <filesystem>

namespace flm::flmd {

/// Runs until SIGTERM or SIGINT; 0. SIGHUP reads nothing anew: it is noted and answered in the log. Throws
/// InputError before anything runs.
int run_daemon(const std::filesystem::path& configuration);

}  // namespace flm::flmd

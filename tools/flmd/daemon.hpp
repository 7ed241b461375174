// flmd: board -> readings -> subscribers, on one loop.
#pragma once
#include <filesystem>

namespace flm::flmd {

/// Runs until SIGTERM or SIGINT; 0. SIGHUP reads the configuration anew, its board's part. Throws InputError
/// before anything runs.
int run_daemon(const std::filesystem::path& configuration);

}  // namespace flm::flmd

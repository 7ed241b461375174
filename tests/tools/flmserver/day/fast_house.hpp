// flmd itself, with a simulated board in its process instead of behind a pipe: so a day passes in seconds.
#pragma once
#include <cstdint>
#include <filesystem>

namespace flm::day {

/// Runs flmd until SIGTERM. Its time begins at `begin` (Unix s), when the board of the configuration's `sim:`
/// port is switched on. Time passes as fast as it can up to the board's second that `until` says, a file with
/// a number, and from there on as on the wall; the file may be replaced by one with a later second.
int run_fast_house(const std::filesystem::path& configuration, std::int64_t begin,
                   const std::filesystem::path& until);

}  // namespace flm::day

// What another program that is started does not get: this one's files and sockets.
#pragma once
#include <spawn.h>
#include <unistd.h>

#include <filesystem>
#include <string>

namespace flm {

/// Only standard input, output and error are left open.
inline void close_others(posix_spawn_file_actions_t& actions) {
#ifdef __GLIBC__
  posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
#else  // musl lacks that, and does not mind when one is closed meanwhile
  for (const auto& each : std::filesystem::directory_iterator("/proc/self/fd"))
    if (const int file = std::stoi(each.path().filename()); file > STDERR_FILENO)
      posix_spawn_file_actions_addclose(&actions, file);
#endif
}

}  // namespace flm

#include "tools/web/port_holder.hpp"

#include <unistd.h>

#include <fmt/format.h>
#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

namespace flm::web {
namespace {

namespace fs = std::filesystem;

/// Inodes of the sockets that listen on the port: columns 2 (address:port, hex), 4 (state, 0A listens), 10 of
/// /proc/net/tcp.
std::set<std::string> listening(std::uint16_t port) {
  std::set<std::string> inodes;
  const std::string end = fmt::format(":{:04X}", port);
  for (const char* table : {"/proc/net/tcp", "/proc/net/tcp6"}) {
    std::ifstream in(table);
    for (std::string line; std::getline(in, line);) {
      std::istringstream words(line);
      std::string word[10];
      for (std::string& each : word) words >> each;
      if (word[1].ends_with(end) && word[3] == "0A") inodes.insert(word[9]);
    }
  }
  return inodes;
}

bool has_one_of(const fs::path& process, const std::set<std::string>& inodes) {
  std::error_code error;
  for (fs::directory_iterator file(process / "fd", error), end; !error && file != end;
       file.increment(error)) {
    std::error_code gone;
    const std::string target = fs::read_symlink(file->path(), gone).string();
    if (target.starts_with("socket:[") && inodes.contains(target.substr(8, target.size() - 9))) return true;
  }
  return false;
}

}  // namespace

std::string port_holder(std::uint16_t port) {
  const std::set<std::string> inodes = listening(port);
  if (inodes.empty()) return {};
  std::error_code error;
  for (fs::directory_iterator process("/proc", error), end; !error && process != end;
       process.increment(error)) {
    const std::string id = process->path().filename();
    if (!std::all_of(id.begin(), id.end(), [](unsigned char c) { return std::isdigit(c); })) continue;
    if (!has_one_of(process->path(), inodes)) continue;
    if (id == std::to_string(::getpid())) return "this program";
    std::string name;
    std::ifstream in(process->path() / "comm");
    std::getline(in, name);
    return fmt::format("process {} ({})", id, name);
  }
  return {};
}

}  // namespace flm::web

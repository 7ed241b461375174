#include "tests/tools/web/browser/program.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>

extern char** environ;

namespace flm::browser {
namespace {

using namespace std::chrono_literals;

sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

}  // namespace

Program::Program(const std::vector<std::string>& command, std::filesystem::path words)
    : words_(std::move(words)) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, words_.c_str(), O_WRONLY | O_CREAT | O_APPEND,
                                   0644);
  posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
  std::vector<char*> arguments;
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  const int error = posix_spawnp(&pid_, arguments[0], &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) throw std::runtime_error(command[0] + ": " + std::strerror(error));
}

Program::~Program() { end(); }

void Program::freeze(bool still) {
  if (runs()) ::kill(pid_, still ? SIGSTOP : SIGCONT);
}

bool Program::runs() {
  if (pid_ > 0 && waitpid(pid_, nullptr, WNOHANG) == pid_) pid_ = -1;
  return pid_ > 0;
}

void Program::end() {
  if (!runs()) return;
  ::kill(pid_, SIGTERM);
  for (int waited = 0; waited < 100 && runs(); ++waited) std::this_thread::sleep_for(100ms);
  kill();
}

void Program::kill() {
  if (!runs()) return;
  ::kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

std::string Program::words() const {
  std::ostringstream text;
  text << std::ifstream(words_).rdbuf();
  return text.str();
}

bool listens(int port, std::chrono::seconds within) {
  const auto end = std::chrono::steady_clock::now() + within;
  const sockaddr_in address = loopback(port);
  while (std::chrono::steady_clock::now() < end) {
    const int caller = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const bool answered = connect(caller, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    close(caller);
    if (answered) return true;
    std::this_thread::sleep_for(50ms);
  }
  return false;
}

}  // namespace flm::browser

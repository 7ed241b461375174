#include "tests/tools/fleet/running_server.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>

#include "tests/tools/free_port.hpp"

namespace flm::test {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

std::string text_of(const fs::path& file) {
  std::stringstream text;
  text << std::ifstream(file).rdbuf();
  return text.str();
}

struct Stat {
  pid_t parent = 0;
  double own = 0, ended = 0;  // s; of it, of children that have ended
};
Stat stat_of(const std::string& id) {
  const std::string text = text_of("/proc/" + id + "/stat");
  Stat stat;
  long long times[4]{};
  if (text.empty() || std::sscanf(text.c_str() + text.rfind(')') + 1,
                                  " %*c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lld %lld %lld %lld",
                                  &stat.parent, &times[0], &times[1], &times[2], &times[3]) != 5)
    return {};
  const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
  stat.own = static_cast<double>(times[0] + times[1]) / ticks;
  stat.ended = static_cast<double>(times[2] + times[3]) / ticks;
  return stat;
}

}  // namespace

RunningServer::RunningServer(fs::path program, const std::string& store)
    : program_(std::move(program)), port_(free_port()) {
  folder_.file("flmserver.toml", fmt::format("[http]\nlisten = [\"127.0.0.1:{}\"]\n[store]\nurl = \"{}\"\n"
                                             "[limits]\nrequests_per_minute = 10000000\n",
                                             port_, store));
}

RunningServer::~RunningServer() { kill(); }

void RunningServer::start() {
  const std::string file = (folder_.path() / "flmserver.toml").string(),
                    log = (folder_.path() / "log").string();
  for (int i = 0; i < 1'500; ++i) {
    if (id_ < 0) {
      id_ = ::fork();
      if (id_ == 0) {
        ::dup2(::open(log.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600), STDERR_FILENO);
        ::execl(program_.c_str(), program_.c_str(), "run", file.c_str(), nullptr);
        ::_exit(127);
      }
    }
    try {
      fleet::Connection(address()).ask("GET", "/");
      return;
    } catch (const fleet::ConnectionLost&) {
      std::this_thread::sleep_for(20ms);
    }
    if (::waitpid(id_, nullptr, WNOHANG) == id_) id_ = -1;
  }
  throw std::runtime_error("flmserver does not start: " + text_of(log));
}

void RunningServer::kill() {
  if (id_ < 0) return;
  ::kill(id_, SIGKILL);
  ::waitpid(id_, nullptr, 0);
  id_ = -1;
}

pid_t postgres_of(server::Database& database) {
  return stat_of(std::to_string(database.run("SELECT pg_backend_pid()").front().integer(0))).parent;
}

double processor_s(pid_t id) {
  const Stat stat = stat_of(std::to_string(id));
  double sum = stat.own + stat.ended;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    const std::string name = entry.path().filename();
    if (name.find_first_not_of("0123456789") != name.npos) continue;
    if (const Stat child = stat_of(name); child.parent == id) sum += child.own + child.ended;
  }
  return sum;
}

double peak_megabytes(pid_t id) {
  const std::string text = text_of("/proc/" + std::to_string(id) + "/status");
  const std::size_t at = text.find("VmHWM:");
  if (at == text.npos) throw std::runtime_error("the process has ended");
  return std::stod(text.substr(at + 6)) / 1'000;  // kB
}

}  // namespace flm::test

#include "tools/flmd/device/command.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "tools/common/system/close_others.hpp"

namespace flm::flmd {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kMostLines = 100;
constexpr std::size_t kLongestLine = 1000;                   ///< bytes; a longer one is cut in several
constexpr std::chrono::milliseconds kLook{100};              ///< between two looks at what runs
constexpr std::size_t kMostAtOnce = std::size_t{64} * 1024;  ///< bytes of output a look

std::string ending(int status) {
  if (WIFEXITED(status))
    return WEXITSTATUS(status) == 0 ? "done" : fmt::format("ended with {}", WEXITSTATUS(status));
  return fmt::format("ended by signal {}", WTERMSIG(status));
}

}  // namespace

class CommandRunner::Impl {
 public:
  Impl(boost::asio::io_context& loop, Log log, Limits limits)
      : timer_(loop), log_(std::move(log)), limits_(limits) {}
  ~Impl() {
    if (output_ >= 0) ::close(output_);
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  void run(const std::vector<std::string>& words) {
    const std::string& name = words.front();  // the others may be a password
    if (busy()) {
      log_(fmt::format("{}: is not run while {} runs", name, name_));
      return;
    }
    name_ = name;
    lines_ = 0;
    rest_.clear();
    if (const int failed = start(words); failed != 0) {
      log_(fmt::format("{}: cannot be run: {}", name_, std::strerror(failed)));
      return;
    }
    end_at_ = Clock::now() + limits_.time;
    signal_ = SIGTERM;
    look_later();
  }

  [[nodiscard]] bool busy() const { return child_ > 0; }

 private:
  /// 0, or what is wrong.
  int start(const std::vector<std::string>& words) {
    std::vector<char*> arguments;
    for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return errno;
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO);
    close_others(actions);
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    // A group of its own, so that the limit reaches all that it starts.
    posix_spawnattr_setflags(&attributes,
                             POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
    sigset_t signals;
    sigfillset(&signals);
    posix_spawnattr_setsigdefault(&attributes, &signals);
    sigemptyset(&signals);
    posix_spawnattr_setsigmask(&attributes, &signals);
    pid_t child = 0;
    const int failed =
        posix_spawnp(&child, arguments.front(), &actions, &attributes, arguments.data(), environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    ::close(ends[1]);
    if (failed != 0) {
      ::close(ends[0]);
      return failed;
    }
    child_ = child;
    output_ = ends[0];
    return 0;
  }

  void look_later() {
    timer_.expires_after(kLook);
    timer_.async_wait([this](const boost::system::error_code& error) {
      if (!error) look();
    });
  }

  void look() {
    int status = 0;
    const pid_t ended = waitpid(child_, &status, WNOHANG);
    read_output();
    if (ended == 0) {
      if (Clock::now() >= end_at_) end();
      look_later();
      return;
    }
    // What it started and left behind may hold the pipe, and write into it no more.
    ::close(output_);
    output_ = -1;
    child_ = -1;
    if (!rest_.empty()) line(rest_);
    log_(fmt::format("{}: {}", name_, ended > 0 ? ending(status) : "ended"));
  }

  void end() {
    if (signal_ == SIGTERM)
      log_(fmt::format("{}: runs for more than {:g} s, and is ended", name_,
                       std::chrono::duration<double>(limits_.time).count()));
    kill(-child_, signal_);
    signal_ = SIGKILL;
    end_at_ = Clock::now() + limits_.grace;
  }

  void read_output() {
    char bytes[4096];
    for (std::size_t total = 0; total < kMostAtOnce;) {
      const ssize_t n = ::read(output_, bytes, sizeof bytes);
      if (n <= 0) return;
      total += static_cast<std::size_t>(n);
      for (const char c : std::string_view(bytes, static_cast<std::size_t>(n))) {
        if (c != '\n') rest_ += c;
        if (c != '\n' && rest_.size() < kLongestLine) continue;
        line(rest_);
        rest_.clear();
      }
    }
  }

  void line(const std::string& text) {
    if (++lines_ <= kMostLines) log_(fmt::format("{}: {}", name_, text));
    if (lines_ == kMostLines + 1) log_(fmt::format("{}: writes more, which is not shown", name_));
  }

  boost::asio::steady_timer timer_;
  Log log_;
  const Limits limits_;
  pid_t child_ = -1;  ///< waited for nowhere else, so that the number stays its own
  int output_ = -1;
  std::string name_, rest_;
  int lines_ = 0;
  Clock::time_point end_at_;
  int signal_ = SIGTERM;
};

CommandRunner::CommandRunner(boost::asio::io_context& loop, Log log, Limits limits)
    : impl_(std::make_unique<Impl>(loop, std::move(log), limits)) {}
CommandRunner::~CommandRunner() = default;
void CommandRunner::run(const std::vector<std::string>& words) { impl_->run(words); }
bool CommandRunner::busy() const { return impl_->busy(); }

}  // namespace flm::flmd
